"""Papers for people: each number is the record's, what is missing is said to be, and nothing hostile becomes markup."""

import copy
import json
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from mesic.documents.audit_sheet import auditors_paper
from mesic.documents.document import Name, Number
from mesic.documents.model_card import card_facts, model_card
from mesic.documents.owner import owners_page
from mesic.documents.printing import as_html, as_json, as_markdown, every_text
from mesic.documents.references import HOWS, resolve, value_of
from mesic.evaluation.held_out import optimism_bound
from mesic.reviewing.policies import policy_in_force

samples = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("report_samples.py"))))
HOSTILE = """<script>alert("x")</script>'&|[^1] – 表"""
JARGON = (
    "auc", "log loss", "p-value", "interval", "bootstrap", "hyperparameter", "learner", "fold", "metric", "baseline",
    "skill", "classif", "regress", "lightgbm", "overfit", "confiden", "significan", "precision", "recall", "variance",
)  # fmt: skip
CONSTANT = re.compile(r"\b1,000\b")
POLICY = policy_in_force(
    {
        "author": "ada", "approver": "grace", "grounds": "a trial", "licence": "CC BY 4.0", "purpose": "billing",
        "allowed_uses": ["letters"], "forbidden_uses": ["prices"], "retention": "two years", "expires": "2027-12-31",
        "sensitive": ["Contract"], "require": ["licence", "security_reviewer"],
        "waivers": [{"code": "LEAK-TIME", "who": "ada", "reason": "an old order", "until": "2027-01-01"}],
    },
    {},
)  # fmt: skip


def slice_row(name, wrong, elsewhere, *, found=True):
    ends = {"level": 0.95}
    return {
        "slice": name,
        "found": found,
        "wrong": {"value": wrong, "low": wrong * 0.9, "high": wrong * 1.1, **ends},
        "wrong_outside": {"value": elsewhere, "low": elsewhere * 0.9, "high": elsewhere * 1.1, **ends},
    }


def unequal(column, low=0.1):
    groups = [{"group": group, "wrong": slice_row("", wrong, 1)["wrong"]} for group, wrong in (("a", 0.1), ("b", 0.3))]
    errors = {"name": "equal errors", "difference": {"value": 0.2, "low": low, "high": 0.3, "between": ["b", "a"]}}
    return {"column": column, "groups": groups, "measures": [errors]}


def with_all(record):
    """Return a record that holds everything that a page may speak of."""
    score = record["scores"]["test"][0]
    enough = {
        "difference": 0.1, "power": 0.91, "detectable": 0.083, "needed": 600, "units": 1409, "unit": "rows",
        "against": "simple", "loss": "log loss",
    }  # fmt: skip
    part = {"digest": "d" * 64, "rows": 1409, "uses": 4, "answers": 3, "optimism": optimism_bound(score, 3)}
    wrong = 0.31 if record["data"]["classes"] else 5210.5
    slices = {"declared": [slice_row("age >= 65", wrong, wrong / 2)], "searched": [slice_row("x", 1, 2, found=False)]}
    more = [samples.score("recall", 0.534, 0.05), samples.score("precision", 0.7, 0.05)]
    more = more if record["data"]["classes"] else [samples.score("mae", 31_000.5, 900.0, greater=False)]
    record["scores"]["test"] = [one for one in record["scores"]["test"] if one["metric"] != "precision"] + more
    record["baselines"][0]["test"].append(
        samples.score("accuracy", 0.735, 0.02) if record["data"]["classes"] else samples.score("mae", 90_000.0, 900.0)
    )
    record["evaluations"] |= {"slices": slices, "fairness": {"columns": [unequal("race"), unequal("town", low=-0.1)]}}
    record["model"]["columns"] = ["tenure", "Contract"]
    return record | {"test_part": part | {"adequacy": enough}, "config_digest": "c" * 64, "code": {"mesic": "e" * 64}}


@pytest.fixture(params=["binary", "multiclass", "regression"])
def record(request):
    return with_all(getattr(samples, request.param)())


def test_the_owner_is_told_what_answers_cost():
    money = {
        "per": 1000, "unit": "EUR", "model": {"value": 812.4, "low": 700.2, "high": 930.9, "level": 0.95},
        "against": "simple", "baselines": {"simple": {"value": 1500.0, "low": 1400.0, "high": 1600.0, "level": 0.95}},
    }  # fmt: skip
    record = samples.binary() | {"decision": {"money": money}}
    text = as_markdown(owners_page(record, POLICY))

    assert (
        "1,000 answers cost 812** EUR** (700 to 931); by the best simple rule 1,500** EUR** (1,400 to 1,600)." in text
    )
    assert value_of(record, Number("812", "decision.money.model.value")) == 812.4


def papers(record, policy=POLICY):
    log = [
        {
            "time": "2026-11-26T10:00:00", "who": "ada", "verdict": "allowed", "blocking": [], "bundle": "b" * 64,
            "waived": [{"code": "LEAK-TIME", "waiver": POLICY["waivers"][0]}],
        }
    ]  # fmt: skip
    return {
        "owner": owners_page(record, policy),
        "engineer": model_card(record, policy),
        "auditor": auditors_paper(record, policy, log, samples.timeline()),
    }


def numbers(paper):
    return [piece for text in every_text(paper) for piece in text if isinstance(piece, Number)]


def shown_value(number):
    text = number.shown.replace(",", "").replace("−", "-")
    scale = {"M": 1e6, "B": 1e9}.get(text[-1], 1.0)
    digits = text.rstrip("MB")
    return float(digits) * scale, 0.5 * 10.0 ** -len(digits.partition(".")[2]) * scale


@pytest.mark.parametrize("audience", ["owner", "engineer", "auditor"])
def test_every_number_is_the_one_that_its_reference_leads_to(record, audience):
    found = numbers(papers(record)[audience])

    assert len(found) > 15
    for number in found:
        value, half_a_digit = shown_value(number)
        said = value_of(record, number)
        assert value == pytest.approx(said, abs=half_a_digit * 1.001, rel=5e-3 if audience != "owner" else 1e-9), number


def test_a_reference_that_leads_elsewhere_would_be_noticed(record):
    for number in numbers(papers(record)["owner"]):
        value, half = shown_value(number)
        changed = copy.deepcopy(record)
        holder, _, key = number.path.rpartition(".")
        parent = resolve(changed, holder) if holder else changed
        if number.how == "how many" or key.endswith("]"):
            continue
        parent[key] = parent[key] * 1.5 + 3
        assert abs(value_of(changed, number) - value) > half


def test_the_owner_reads_no_number_without_a_reference_and_no_jargon(record):
    paper = papers(record)["owner"]
    bare = ["".join(p for p in text if not isinstance(p, Number | Name)) for text in every_text(paper)]
    words = " ".join(bare).lower() + " ".join(section.title for section in paper.sections).lower()

    assert [text for text in bare if re.search(r"\d", CONSTANT.sub("", text))] == []
    assert [word for word in JARGON if word in words] == []


def test_the_owner_is_told_counts_of_a_thousand_with_their_range():
    text = as_markdown(papers(with_all(samples.binary()))["owner"])

    assert "Of 1,000 answers, wrong are 196 (between 175 and 217)." in text
    assert "Always giving the most common answer, wrong would be 265 (between 245 and 285)" in text
    assert "Of 1,000 that really are **Yes**, it finds 534 (between 484 and 584)." in text
    assert "Where **age >= 65**: of 1,000 answers, wrong are 310 (between 279 and 341); elsewhere 155" in text
    assert "By **race**, for **b**: of 1,000 answers, wrong are 300 (between 270 and 330); for **a** 100 (" in text
    assert "Stop and look when in use more than 217 of 1,000 answers are wrong." in text
    assert "have judged 3 models until then" in text
    assert "It decides by **Contract**, which must not decide." in text
    assert "**ada** answers for an objection until **2027-01-01**: **an old order**." in text


def test_the_owner_of_a_model_of_amounts_is_told_how_far_it_is_off():
    text = as_markdown(papers(with_all(samples.regression()))["owner"])

    assert "On average it is off by 31,000 (30,100 to 31,900). Always giving the average answer, that would be" in text
    assert "Stop and look when in use it is off by more than 31,9" in text


@pytest.mark.parametrize("audience", ["owner", "engineer", "auditor"])
def test_what_was_not_measured_or_said_is_said_to_be_so(audience):
    paper = papers({"status": "failed", "format": 1}, policy_in_force({}, {}))[audience]
    text = as_markdown(paper)

    assert text.lower().count("not measured") > 2
    assert "nobody has said" in text if audience == "owner" else "not said" in text
    assert numbers(paper) == []
    assert as_html(paper)
    assert json.loads(as_json(paper))["sections"]


@pytest.mark.parametrize("audience", ["owner", "engineer", "auditor"])
def test_a_page_survives_each_part_that_its_record_lacks(record, audience):
    for lost in record:
        kept = {key: value for key, value in record.items() if key != lost}
        for paper in (papers(kept)[audience],):
            assert len(as_html(paper)) > 1000, lost
            assert all(number.path.split(".")[0].split("[")[0] != lost for number in numbers(paper))


def test_a_model_that_should_not_be_used_is_not_praised():
    record = with_all(samples.binary())
    record["skill"] |= {"value": -0.02, "low": -0.08, "high": 0.04}
    record["findings"].append({"code": "NO-BETTER-THAN-BASELINE", "severity": "block", "message": "x"})
    text = as_markdown(papers(record)["owner"])

    assert text.count("It is not clearly better than the simplest way of answering.") == 2
    assert "It should not be used today, unless a person answers for it by name" in text


def test_the_auditor_is_told_who_waived_what_until_when_and_what_is_missing(record):
    text = as_markdown(papers(record)["auditor"])

    assert "| LEAK-TIME |  | ada | an old order | 2027-01-01 |" in text
    assert "| 2026-11-26 10:00:00 | ada | allowed | nothing | LEAK-TIME | bbbbbbbbbbbb |" in text
    assert "| security_reviewer | MISSING |" in text
    assert "| licence | said |" in text
    for said in ("Approved by: grace", "On the grounds: a trial", "Licence: CC BY 4.0", "Collected for: billing",
                 "Rows and model are kept: two years", "Sensitive columns that it reads: Contract",
                 f"Digest of the configuration: {'c' * 64}", "labelled 300 rows"):  # fmt: skip
        assert said in text, said


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("audience", ["owner", "engineer", "auditor"])
def test_hostile_names_stay_text_and_nothing_is_fetched(record, audience):
    def hostile(value):
        if isinstance(value, dict):
            return {key: hostile(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [hostile(inner) for inner in value]
        return HOSTILE if isinstance(value, str) else value

    kept = {"severity": "block", "code": "X", "message": HOSTILE, "accepted": HOSTILE}
    changed = hostile(record) | {"findings": [kept], "format": 1}
    policy = hostile({**POLICY, "require": []}) | {"require": ["licence"]}
    paper = papers(changed, policy)[audience]
    page = Tags(as_html(paper))

    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert not [facts for _, facts in page.tags if {"href", "src", "onload"} & facts.keys()]
    assert "<script" not in as_markdown(paper, with_references=True)


def test_html_carries_each_reference_and_markdown_a_footnote_for_each(record):
    paper = papers(record)["owner"]
    data = [facts for tag, facts in Tags(as_html(paper)).tags if tag == "data"]
    notes = as_markdown(paper, with_references=True)

    assert [(one["data-path"], one["value"]) for one in data] == [(one.path, one.shown) for one in numbers(paper)]
    assert all(one["title"].startswith(f"record.json: {one['data-path']}") for one in data)
    for number in numbers(paper):
        where = f"`{number.path}`" + ("" if number.how == "as it is" else f", {number.how}")
        assert re.search(rf"^\[\^\d+\]: record.json: {re.escape(where)}$", notes, re.MULTILINE)


def test_json_tells_text_and_numbers_of_every_block(record):
    body = json.loads(as_json(papers(record)["owner"]))
    told = [number for section in body["sections"] for block in section["blocks"] for number in _numbers(block)]

    assert {number["path"] for number in told} <= {number.path for number in numbers(papers(record)["owner"])}
    assert len(told) > 10
    assert all(number["how"] in HOWS for number in told)


def _numbers(block):
    if isinstance(block, dict):
        own = block.get("numbers", [])
        return own + [number for key, value in block.items() if key != "numbers" for number in _numbers(value)]
    return [number for item in block for number in _numbers(item)] if isinstance(block, list) else []


def test_the_card_of_a_bundle_is_drawn_from_its_own_facts(record):
    own = card_facts(record | {"costs": {"us": 1.23}})

    assert "costs" not in own
    assert "uses" not in own["test_part"]
    assert "`mesic check bundle=` says it" in as_markdown(model_card(own, POLICY))
    assert {number.path for number in numbers(model_card(own, POLICY))} > {
        "partition.rows.train",
        "scores.test[0].value",
    }
