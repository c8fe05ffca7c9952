"""mesic plan: when to use machine learning and when not, with evidence; nothing is run and nothing written."""

import json

import numpy as np
import pandas as pd
import pytest

SAID = ("plan", "source=table", "source.path=t.csv", "source.target=y", "learner=linear", "auditor=[twins]")


@pytest.fixture
def asked(mesic):
    """Ask `mesic plan` of a table; return its answers by name, and everything else."""

    def asked(frame, *more):
        frame.to_csv(mesic.folder / "t.csv", index=False)
        done = mesic(*SAID, *more, "--json")
        assert done.status == 0, done.err
        return {answer["name"]: answer for answer in done.json["answers"]}, done.json

    return asked


def outcomes(rows=1500, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, 5)), columns=list("abcde"))
    return X.assign(y=np.where(X @ [2, -2, 1, 1, 0.5] + noise * rng.logistic(size=rows) > 0, "yes", "no"))


def test_a_table_that_is_a_lookup_is_answered_by_looking_up(asked):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": ["S", "M", "L"] * 4, "colour": np.repeat(["red", "blue", "green", "grey"], 3)})
    prices = table.assign(y=rng.permutation(["dear", "cheap"] * 6))
    found, _ = asked(prices.sample(2000, replace=True, random_state=1))

    assert found["lookup"]["answer"] == "yes"
    assert found["lookup"]["evidence"]["distinct"] == 12
    assert found["lookup"]["evidence"]["error"]["value"] == 0 < found["lookup"]["evidence"]["learner_error"]["value"]


def test_rules_suffice_where_they_made_the_target_and_not_where_many_columns_did(asked):
    rng = np.random.default_rng(0)
    ruled = outcomes().assign(y=lambda t: np.where((t["a"] > 0) & (t["b"] > 0.3), "yes", "no"))
    noisy = ruled.assign(y=np.where(rng.random(1500) < 0.1, "no", ruled["y"]))

    assert asked(noisy)[0]["rules"]["answer"] == "yes"
    found = asked(outcomes())[0]["rules"]
    assert found["answer"] == "no"
    assert found["evidence"]["saved"]["low"] > 0
    assert found["evidence"]["losses"]["learner"]["value"] < found["evidence"]["losses"]["rules"]["value"]


def test_an_error_bound_says_how_many_rows_show_it_and_whether_it_can_be_kept(asked):
    strict, _ = asked(outcomes(), "policy.max_error=0.001")
    loose, _ = asked(outcomes(), "policy.max_error=0.5")

    assert strict["errors"]["answer"] == "no"
    assert strict["errors"]["evidence"]["rows_to_show"] == 2996
    assert "at least 2,996 error-free test rows" in strict["errors"]["why"]
    assert loose["errors"]["answer"] == "yes"
    assert "errors" not in asked(outcomes())[0]


def test_what_things_cost_gives_the_skill_that_pays(asked):
    costs = ("costs.error=10", "costs.answers=1000", "costs.label=1")
    cheap, _ = asked(outcomes(), *costs, "costs.deploy=0", "costs.label=0.1")
    dear, _ = asked(outcomes(), *costs, "costs.deploy=100000")
    worth = cheap["worth"]["evidence"]
    zero_rule = (outcomes()["y"] == "yes").mean()

    assert (cheap["worth"]["answer"], dear["worth"]["answer"]) == ("yes", "no")
    assert worth["spent"] == pytest.approx(150)
    assert worth["errors_now"] == pytest.approx(10_000 * min(zero_rule, 1 - zero_rule), rel=0.2)
    assert worth["break_even_skill"] == pytest.approx(150 / worth["errors_now"])
    assert dear["worth"]["evidence"]["break_even_skill"] > 1
    assert asked(outcomes())[0]["worth"]["answer"] == "cannot tell"


def test_change_with_time_is_seen_where_there_is_any(asked):
    days = pd.date_range("2024-01-01", periods=1500, freq="h").astype(str)
    still = outcomes().assign(day=days)
    turned = still.assign(y=np.where((still["a"] > 0) == (np.arange(1500) < 700), "yes", "no"))

    assert asked(still)[0]["changing"]["answer"] == "cannot tell"
    assert asked(still, "source.time=day")[0]["changing"]["answer"] == "no"
    assert asked(turned, "source.time=day")[0]["changing"]["answer"] == "yes"


def test_more_rows_help_while_the_curve_falls(asked):
    few, _ = asked(outcomes(120))
    many, _ = asked(outcomes(3000), "costs.label=2")

    assert few["more_data"]["evidence"]["saved"]["value"] > many["more_data"]["evidence"]["saved"]["value"]
    assert "as many again as all would cost 6,000" in many["more_data"]["why"]


def test_it_writes_nothing_and_estimates_from_the_newest_run_of_its_like(mesic):
    outcomes().to_csv(mesic.folder / "t.csv", index=False)
    blind = mesic(*SAID)
    before = sorted(path.name for path in mesic.folder.iterdir())
    run = mesic("run", *SAID[1:], "tuner.trials=4", "out=runs/first")
    found = mesic(*SAID, "tuner.trials=8", "costs.hour=36", "--json").json["estimate"]
    stages = json.loads(mesic("log", "run=runs/first", "--json").out)["activities"]
    took = {line["stage"]: line["wall_s"] for line in stages}

    assert before == ["t.csv"]
    assert "by a pilot" in blind.out
    assert "Do 4 rules suffice?" in blind.out
    assert run.status == 0
    assert found["based_on"] == "the timeline of runs/first"
    assert found["stages"]["search"] == pytest.approx(2 * took["search"])
    assert found["stages"]["audit"] == pytest.approx(took["audit"])
    assert found["cost"] == pytest.approx(found["seconds"] / 100)


def test_leaks_are_found_and_wrong_words_refused(mesic):
    frame = outcomes()
    frame.assign(status=np.where(frame["y"] == "yes", "paid", "due")).to_csv(mesic.folder / "t.csv", index=False)
    leak = mesic(*SAID[:-1], "auditor=[target_function]")
    wrong = mesic(*SAID, "costs.eror=3", "policy.max_error=0")
    sweep = mesic(*SAID, "-m", "seed=1,2")

    assert leak.status == 0
    assert "LEAK-FUNCTION" in leak.out
    assert (wrong.status, sweep.status) == (2, 2)
    assert "did you mean 'costs.error'" in wrong.err
    assert "policy.max_error=0.0 cannot work: give a number above 0" in wrong.err
    assert "leave out -m" in sweep.err


def test_a_run_says_where_its_error_passes_the_bound(mesic):
    outcomes().to_csv(mesic.folder / "t.csv", index=False)
    run = ("run", *SAID[1:], "tuner=single")
    strict = mesic(*run, "policy.max_error=0.01", "out=a", "--json").json["findings"]
    loose = mesic(*run, "policy.max_error=0.5", "out=b", "--json").json["findings"]
    (found,) = [finding for finding in strict if finding["code"] == "ERROR-ABOVE-LIMIT"]

    assert found["severity"] == "block"
    assert "at least 300 test rows without an error to show" in found["message"]
    assert "ERROR-ABOVE-LIMIT" not in [finding["code"] for finding in loose]
