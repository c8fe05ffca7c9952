"""docs/life-cycle.md is compared with a run: stages, files, columns, keys, findings, exit statuses."""

import json
import re

import pyarrow.parquet as pq
from tests.docs.pages import DOCS, ROOT, sections, tables

from mesic import errors
from mesic.runs.reproduction import STAGES
from mesic.runs.timeline import read_timeline

PAGE = DOCS / "life-cycle.md"


def table_under(heading, level=2):
    return tables(sections(PAGE, level)[heading])[0][1:]


def named(cell):
    """Return the pieces of code in a cell."""
    return re.findall(r"`([^`]+)`", cell) or [cell]


def test_the_stages_stand_in_the_order_of_the_timeline(finished_run):
    rows = tables(PAGE.read_text())[0][1:]
    done = [activity["stage"] for activity in read_timeline(finished_run)]

    assert [row[2] if row[0] == "order" else row[1] for row in rows] == done
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(done) + 1)]


def test_every_stage_has_a_section():
    headings = set(sections(PAGE, 3))
    assert {row[1] for row in tables(PAGE.read_text())[0][1:]} - {"run"} <= headings


def test_every_file_of_a_run_is_on_the_page_and_no_other(finished_run):
    found = {path.relative_to(finished_run).as_posix() for path in finished_run.rglob("*") if path.is_file()}
    found = {re.sub(r"(bundle/steps)/.*", r"\1/NN-op/", name) for name in found}
    said = {name for row in table_under("The run's folder") for name in named(row[0])}

    sometimes = {"run.log", "audit.jsonl"}
    assert found - sometimes == said - {*sometimes, "source.parquet", "sample.parquet"}


def test_the_columns_of_tables_are_on_the_page(finished_run):
    said = {name: row[1] for row in table_under("The run's folder") for name in named(row[0])}
    labels = re.compile(r"p_(no|yes)")
    for file in ("partition.parquet", "oof.parquet"):
        columns = {labels.sub("p_<label>", name) for name in pq.read_schema(finished_run / file).names}
        assert set(named(said[file])) == columns
    test_columns = set(pq.read_schema(finished_run / "test_predictions.parquet").names)
    assert test_columns == set(pq.read_schema(finished_run / "oof.parquet").names) - {"fold"}
    trial = json.loads((finished_run / "trials.jsonl").read_text().splitlines()[0])
    assert set(named(said["trials.jsonl"])) == set(trial)


def test_the_keys_of_the_record_are_on_the_page_and_no_other(finished_run):
    record = json.loads((finished_run / "record.json").read_text())
    said = [key for row in table_under("record.json", 3) for key in named(row[0])]

    assert sorted(said) == sorted(record)


def test_the_keys_of_zone_score_and_timeline_are_on_the_page(finished_run):
    text = {level: sections(PAGE, level) for level in (2, 3)}
    zone = json.loads((finished_run / "zone.json").read_text())
    record = json.loads((finished_run / "record.json").read_text())
    lines = [json.loads(line) for line in (finished_run / "timeline.jsonl").read_text().splitlines()]
    keys = {
        "The zone of solutions": {*zone, *zone["trials"][0]},
        "record.json": {*record["scores"]["test"][0], *record["run"]},
        "timeline.jsonl": {key for line in lines for key in line},
    }

    for heading, wanted in keys.items():
        assert wanted - set(named(text[3][heading])) == set(), heading
    assert set(STAGES) <= set(named(text[2]["reproduce"]))


def test_every_law_of_a_partition_is_on_the_page(finished_run):
    record = json.loads((finished_run / "record.json").read_text())
    assert set(record["partition"]["proof"]) <= set(named(sections(PAGE, 3)["partition"]))


def test_every_finding_is_on_the_page_and_no_other():
    code = "\n".join(path.read_text() for root in ("engine", "plugins") for path in (ROOT / root).rglob("*.py"))
    code = code.replace('code="', '"')
    made = set(re.findall(r"Finding\(\s*\"([A-Z-]+)\"", code)) | {
        f"{kind}-COLUMN" for kind in ("ID", "CONSTANT", "TEXT")
    }
    said = {name for row in table_under("Findings", 3) for name in named(row[0])}

    assert said == made


def test_every_exit_status_is_on_the_page():
    raised = {thing.exit_status for thing in vars(errors).values() if hasattr(thing, "exit_status")}
    assert {int(row[0]) for row in table_under("Exit statuses")} == raised | {0, 130}
