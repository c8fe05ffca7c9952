"""From a run to a deployment that is refused, waived and written down; uses of the test part are counted on the way."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine

from mesic.documents.document import Number
from mesic.documents.owner import owners_page
from mesic.documents.printing import every_text
from mesic.documents.references import value_of
from mesic.runs.record import read_record


@pytest.fixture(scope="module")
def law(tmp_path_factory):
    """A command line where `first` and `second` are runs on who passed, by race among other things."""
    rng = np.random.default_rng(0)
    race, points, grades = rng.choice(["a", "b", "c"], 800), rng.normal(35, 5, 800), rng.normal(3, 0.4, 800)
    passed = 0.25 * (points - 35) + 3 * (grades - 3) + (race == "a") * 0.8 + rng.normal(0, 1, 800) > 0
    mesic = CommandLine(tmp_path_factory.mktemp("law"))
    table = pd.DataFrame({"race": race, "points": points, "grades": grades, "passed": np.where(passed, "yes", "no")})
    table.to_csv(mesic.folder / "law.csv", index=False)
    said = ["source=table", "source.path=law.csv", "source.target=passed", "tuner=single", "evaluator=[]"]
    first = mesic("run", *said, "learner=linear", "out=runs/first", "--json")
    second = mesic("run", *said, "learner=tree", "out=runs/second", "policy.min_difference=0.01")
    assert (first.status, second.status) == (0, 0), first.err + second.err
    return mesic, second


def part_of(mesic, run):
    return read_record(mesic.folder / run)["test_part"]


def test_a_second_run_on_the_same_test_rows_raises_the_counter(law):
    mesic, second = law
    one, two = part_of(mesic, "runs/first"), part_of(mesic, "runs/second")

    assert one["digest"] == two["digest"]
    assert [(part["uses"], part["answers"]) for part in (one, two)] == [(1, 1), (2, 2)]
    assert one["optimism"]["bound"] == 0 < two["optimism"]["bound"] < two["optimism"]["after_looking"]
    assert "The test part was used by 2 runs: the best of their 2 models may look better by up to" in second.out
    assert "TEST-TOO-SMALL" in second.out
    assert part_of(mesic, "runs/second")["ledger"] == "../test_uses.jsonl"


def test_a_reproduction_is_no_new_use(law):
    mesic, _ = law
    lines = (mesic.folder / "runs/test_uses.jsonl").read_text()
    done = mesic("reproduce", "run=runs/first", "out=again", "--json")

    assert done.json["verdict"] == "identical"
    assert (mesic.folder / "runs/test_uses.jsonl").read_text() == lines
    assert part_of(mesic, "again")["uses"] == 2
    assert not (mesic.folder / "test_uses.jsonl").exists()


def test_a_model_that_decides_by_race_is_refused_until_a_named_person_waives_it(law):
    mesic, _ = law
    refused = mesic("check", "bundle=runs/first/bundle", "target=the shop")
    (mesic.folder / "policy.yaml").write_text(
        "sensitive: [race]\napprover: grace\nwaivers:\n"
        "- {code: SENSITIVE-FEATURE, subject: race, who: ada, reason: a study of bias, until: 2999-12-31}\n"
    )
    allowed = mesic("check", "bundle=runs/first/bundle", "policy=policy.yaml", "--json")
    (mesic.folder / "old.yaml").write_text((mesic.folder / "policy.yaml").read_text().replace("2999", "1999"))
    expired = mesic("check", "bundle=runs/first/bundle", "policy=old.yaml")
    (mesic.folder / "unnamed.yaml").write_text((mesic.folder / "policy.yaml").read_text().replace("who: ada, ", ""))
    unnamed = mesic("check", "bundle=runs/first/bundle", "policy=unnamed.yaml")
    sheet = mesic("report", "run=runs/first", "audience=auditor", "format=md", "policy=policy.yaml")
    log = [json.loads(line) for line in (mesic.folder / "runs/first/audit.jsonl").read_text().splitlines()]

    assert (refused.status, allowed.status, expired.status, unnamed.status) == (1, 0, 1, 2)
    assert "SENSITIVE-FEATURE: the model decides by 'race'" in refused.out
    assert allowed.json["review"]["waived"][0]["waiver"]["who"] == "ada"
    assert "by ada expired on 1999-12-31" in expired.out
    assert "lacks who: a waiver needs code, who, reason and until" in unnamed.err
    assert [line["verdict"] for line in log] == ["blocked", "allowed", "blocked"]
    assert sheet.status == 0, sheet.err
    text = (mesic.folder / "runs/first/auditor.md").read_text()
    assert text.count("| SENSITIVE-FEATURE | race | ada | a study of bias | 2999-12-31 |") == 2
    assert "Approved by: grace" in text


def test_what_the_policy_calls_sensitive_is_so_in_schema_and_record_and_must_exist(law):
    mesic, _ = law
    said = ["source=table", "source.path=law.csv", "source.target=passed", "auditor=[]"]
    done = mesic("data", "check", *said, "policy.sensitive=[race]", "out=checked")
    lost = mesic("data", "check", *said, "policy.sensitive=[rase]", "out=lost")

    assert done.status == 0, done.err
    flagged = [
        column["name"] for column in read_record(mesic.folder / "checked")["data"]["columns"] if column.get("sensitive")
    ]
    assert flagged == ["race"]
    assert lost.status == 2
    assert "policy.sensitive names 'rase', which is no column of the table; did you mean 'race'?" in lost.err


def test_the_bundle_is_as_sealed_after_reviews_and_its_card_speaks_for_it(law):
    mesic, _ = law
    card = (mesic.folder / "runs/first/bundle/card.md").read_text()
    checked = mesic("check", "bundle=runs/first/bundle")

    assert "files as sealed" in checked.out
    assert "# passed\n" in card
    assert re.search(r"\| log loss \| 0\.\d+ \(0\.\d+ to 0\.\d+\) \|", card)


@pytest.mark.parametrize("form", ["html", "md", "json"])
@pytest.mark.parametrize("audience", ["engineer", "owner", "auditor"])
def test_every_reader_gets_a_page_in_every_format(law, audience, form):
    mesic, _ = law
    name = f"{audience}-page.{form}"
    done = mesic("report", "run=runs/second", f"audience={audience}", f"format={form}", f"output={name}", "--json")

    assert done.status == 0, done.err
    assert done.json["report"] == name
    assert (mesic.folder / name).stat().st_size > 1000


def test_each_number_of_the_owner_s_page_is_that_of_the_record(law):
    mesic, _ = law
    record = read_record(mesic.folder / "runs/second")
    pieces = [piece for text in every_text(owners_page(record, {})) for piece in text if isinstance(piece, Number)]

    assert len(pieces) > 15
    for piece in pieces:
        assert float(piece.shown.replace(",", "")) == pytest.approx(value_of(record, piece), abs=0.5), piece


def test_a_run_that_is_taken_up_again_is_one_use(tmp_path):
    mesic = CommandLine(tmp_path)
    said = ["run", "tuner=single", "learner=linear", "evaluator=[]", "out=r"]
    whole = mesic(*said)
    record = json.loads((tmp_path / "r/record.json").read_text())
    (tmp_path / "r/record.json").write_text(json.dumps(record | {"status": "interrupted"}))
    taken_up = mesic(*said)

    assert (whole.status, taken_up.status) == (0, 0), taken_up.err
    assert part_of(mesic, "r")["uses"] == 1
    assert len(Path(tmp_path / "test_uses.jsonl").read_text().splitlines()) == 1
