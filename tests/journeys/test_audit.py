"""The audit in a run: leaks are said with their price, and stop it where that is asked for."""

import json

import numpy as np
import pandas as pd
import pytest

SAID = (
    "run",
    "source=table",
    "source.path=flights.csv",
    "source.target=delay",
    "learner=tree",
    "tuner=single",
    "out=r",
)


@pytest.fixture
def flights(mesic):
    """Write flights of which some never arrived, with what is known when they arrive."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"distance": rng.integers(100, 3000, 900), "hour": rng.integers(5, 23, 900)})
    delay = 4.0 * (table["hour"] - 10) + rng.normal(0, 20, 900)
    table["landed"] = (60 * table["hour"] + delay).round()
    table["delay"] = delay.round()
    table.loc[rng.random(900) < 0.1, ["landed", "delay"]] = np.nan
    table.to_csv(mesic.folder / "flights.csv", index=False)


def record_of(mesic):
    return json.loads((mesic.folder / "r" / "record.json").read_text())


def test_a_suspected_leak_is_said_with_its_price_and_a_command_that_mends_it(mesic, flights):
    done = mesic(*SAID)
    record = record_of(mesic)
    (leak,) = [finding for finding in record["findings"] if finding["code"] == "LEAK-POST-EVENT"]

    assert done.status == 0, done.err
    assert leak["evidence"]["leaking"] == ["landed"]
    assert leak["evidence"]["with"]["low"] > leak["evidence"]["without"]["high"]
    assert leak["fix"] == "source.ignore=[landed]"
    assert {name for name, facts in record["audits"].items() if facts["found"]} >= {"post_event"}
    assert record["audits"]["hidden_group"]["found"] == []
    assert "LEAK-POST-EVENT" in done.out + done.err
    assert "LEAK-POST-EVENT" in (mesic.folder / "r" / "report.html").read_text()


def test_a_strict_policy_stops_the_run_before_anything_is_learned_until_the_leak_is_mended_or_accepted(mesic, flights):
    refused = mesic(*SAID, "policy.leak=strict")
    record = record_of(mesic)
    mended = mesic(*SAID[:-1], "out=r2", "policy.leak=strict", "source.ignore=[landed]")
    accepted = mesic(*SAID[:-1], "out=r3", "policy.leak=strict", "+policy.accept.LEAK-POST-EVENT=landed is a forecast")

    assert (refused.status, record["exit_status"], "trials" in record) == (1, 1, False)
    assert "LEAK-POST-EVENT: columns are missing where the target is" in refused.err
    assert "to mend it: source.ignore=[landed]" in refused.err
    assert (mended.status, accepted.status) == (0, 0), mended.err + accepted.err


def test_auditors_are_chosen_like_everything_else(mesic, flights):
    done = mesic(*SAID, "auditor=[twins]", "policy.leak=strict")

    assert done.status == 0, done.err
    assert list(record_of(mesic)["audits"]) == ["twins"]
