"""mesic compare: the effect of new data is laid to what changed."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine

RUN = ("run", "source=table", "source.target=y", "source.key=id", "learner=linear", "tuner=single", "auditor=[]")


def outcomes(rows, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 6))
    y = np.where(X @ [2, -2, 1, 1, 0, 0] + rng.logistic(size=rows) > 0, "yes", "no")
    return pd.DataFrame(X, columns=list("abcdef")).assign(y=y, id=[f"r{seed}-{number}" for number in range(rows)])


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """A folder with a run on 600 rows of which a third has a wrong label, and that table made right."""
    folder = tmp_path_factory.mktemp("noisy")
    right = outcomes(600)
    wrong = np.random.default_rng(1).random(600) < 0.33
    spoilt = right.assign(y=np.where(wrong, np.where(right["y"] == "yes", "no", "yes"), right["y"]))
    spoilt.to_csv(folder / "old.csv", index=False)
    right.to_csv(folder / "right.csv", index=False)
    done = CommandLine(folder)(*RUN, "source.path=old.csv", "out=r", "snapshot=kept")
    assert done.status == 0, done.err
    return CommandLine(folder), spoilt, right


def test_labels_that_were_mended_get_the_effect(noisy):
    mesic, spoilt, right = noisy
    found = mesic("compare", "a=r", "b=right.csv", "--json").json

    assert found["changed"] == {"added": 0, "removed": 0, "labels": (spoilt["y"] != right["y"]).sum(), "cells": 0}
    assert set(found["effects"]) == {"labels"}
    assert found["effects"]["labels"]["high"] < 0
    assert found["effects"]["labels"]["value"] == pytest.approx(found["total"]["value"])
    assert found["scores"]["b"][0]["value"] < found["scores"]["a"][0]["value"]


def test_rows_labels_and_cells_share_the_effect_and_it_adds_up(noisy):
    mesic, _, right = noisy
    more = pd.concat([right.assign(f=right["f"] + 1), outcomes(2000, seed=5)]).sample(frac=1, random_state=0)
    more.to_csv(mesic.folder / "more.csv", index=False)
    found = mesic("compare", "a=r", "b=more.csv", "--json").json
    said = mesic("compare", "a=r", "b=more.csv").out
    values = {name: effect["value"] for name, effect in found["effects"].items()}

    uses = [json.loads(line) for line in (mesic.folder / "test_uses.jsonl").read_text().splitlines()]
    assert {line["run"].partition(": ")[2] for line in uses} >= {"", "comparison"}
    assert set(values) == {"rows", "labels", "cells"}
    assert sum(values.values()) == pytest.approx(found["total"]["value"])
    assert values["rows"] < 0
    assert found["effects"]["rows"]["high"] < 0
    assert abs(values["cells"]) < abs(values["rows"])
    assert found["changed"]["added"] == 2000
    assert "rows added and removed" in said
    assert "600 other cells changed" in said


def test_two_runs_of_one_configuration_and_two_of_others(noisy):
    mesic, _, _ = noisy
    mesic(*RUN, "source.path=right.csv", "out=same")
    mesic(*RUN, "source.path=right.csv", "learner.penalty=l1", "out=other")
    mesic("data", "check", *RUN[1:], "source.path=right.csv", "out=checked")
    same, other = (mesic("compare", "a=r", f"b={name}", "--json") for name in ("same", "other"))
    nothing, check = mesic("compare", "a=r", "b=old.csv"), mesic("compare", "a=checked", "b=old.csv")

    assert same.json["effects"]["labels"]["high"] < 0
    assert (other.status, nothing.status, check.status) == (2, 2, 2)
    assert "differs from a=r in more than the data: learner" in other.err
    assert "hold the same rows" in nothing.err
    assert "a=checked is no finished run" in check.err


def test_labels_that_the_run_does_not_know_and_too_few_test_rows_are_refused(noisy):
    mesic, _, right = noisy
    right.assign(y=right["y"].where(right.index != 3, "maybe")).to_csv(mesic.folder / "maybe.csv", index=False)
    right[:50].to_csv(mesic.folder / "few.csv", index=False)
    maybe, few = mesic("compare", "a=r", "b=maybe.csv"), mesic("compare", "a=r", "b=few.csv")

    assert (maybe.status, few.status) == (3, 3)
    assert "labels that the older run does not know: maybe" in maybe.err
    assert "test rows are in both versions: give 20 at least" in few.err
