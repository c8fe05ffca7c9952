"""mesic advise data: are more rows worth it."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine

RUN = ("run", "source=table", "source.target=y", "auditor=[]", "evaluator=[]", "learner=linear")


def table(rows, columns=25, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    y = np.where(X @ rng.normal(0, 0.4, columns) + rng.logistic(size=rows) > 0, "yes", "no")
    names = [f"x{number}" for number in range(columns)]
    return pd.DataFrame(X, columns=names).assign(y=y, site=rng.integers(0, 40, rows), day=np.arange(rows))


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A folder with a run that more rows would help."""
    mesic = CommandLine(tmp_path_factory.mktemp("learned"))
    table(800).to_csv(mesic.folder / "old.csv", index=False)
    done = mesic(*RUN, "source.path=old.csv", "source.ignore=[site,day]", "tuner.trials=2", "out=r")
    assert done.status == 0, done.err
    return mesic


def test_more_rows_are_worth_their_price_where_a_unit_is_dear(learned):
    found = learned("advise", "data", "run=r", "rows=400", "price=1", "value=1e6", "draws=2", "--json").json
    (offer,) = found["offers"]
    sizes = [point["rows"] for point in found["curve"]]

    assert found["refused"] == ""
    assert sizes == sorted(sizes)
    assert sizes[-1] == 512
    assert found["now"] == 640
    assert found["reach"] == 8 * 512
    assert offer["gain"]["low"] > 0
    assert offer["cost"] == 400
    assert offer["verdict"] == "worth it"
    assert {one["slice"] for one in found["slices"]} == {"no", "yes"}
    assert found["curve"][-1]["value"] < found["curve"][0]["value"]


def test_it_is_said_on_the_terminal_and_on_a_page_and_twice_the_same(learned):
    arguments = ("advise", "data", "run=r", "draws=1", "by=x1", "price=0.5")
    said, again = learned(*arguments, "out=advice.html"), learned(*arguments)
    page = (learned.folder / "advice.html").read_text()

    assert said.out == again.out
    assert "more rows would improve log loss by" in said.out
    assert "worth it if a unit of log loss is worth more than" in said.out
    assert "by x1" in said.out
    assert "Are more rows worth it?" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_more_rows_really_bring_about_what_was_said(learned):
    """The same recipe on the rows that were asked about: the gain lies in its interval, on rows enough to see it."""
    offer = learned("advise", "data", "run=r", "rows=2400", "--json").json["offers"][0]
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    more = table(40_000)
    names = [name for name in more if name.startswith("x")]
    fits = {
        n: [
            LogisticRegression().fit(more[names][at : at + n], more["y"][at : at + n]) for at in range(0, 12_000, 3_100)
        ]
        for n in (640, 3_040)
    }
    losses = {
        n: np.mean([log_loss(more["y"][20_000:], fit.predict_proba(more[names][20_000:])) for fit in own])
        for n, own in fits.items()
    }

    assert offer["gain"]["low"] <= losses[640] - losses[3_040] <= offer["gain"]["high"]


def test_groups_and_times_are_kept(learned):
    table(600, columns=8).to_csv(learned.folder / "grouped.csv", index=False)
    for out, more in {
        "by_site": ("source.group=site", "source.ignore=[day]"),
        "by_day": ("source.time=day", "source.ignore=[site]"),
    }.items():
        assert learned(*RUN, "source.path=grouped.csv", "tuner=single", *more, f"out={out}").status == 0
        found = learned("advise", "data", f"run={out}", "--json").json
        assert len(found["curve"]) >= 3
        assert found["curve"][-1]["low"] < found["curve"][-1]["value"] < found["curve"][-1]["high"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run=r", "rows=100000"), 2, "rows=100000 cannot work: give at most 3,456"),
        (("run=r", "by=x99"), 2, "by='x99' is no column that the run learned from"),
        (("run=nowhere",), 2, "run=nowhere is no run"),
        ((), 2, "run has no value"),
    ],
)
def test_what_cannot_be_answered_is_refused(learned, arguments, status, message):
    done = learned("advise", "data", *arguments)

    assert done.status == status
    assert message in done.err


def test_other_rows_than_the_run_saw_are_refused_and_verbs_are_suggested(learned):
    table(300, columns=5).to_csv(learned.folder / "shifting.csv", index=False)
    learned(*RUN, "source.path=shifting.csv", "tuner=single", "out=shifted")
    table(301, columns=5).to_csv(learned.folder / "shifting.csv", index=False)
    done, verb, help_text = learned("advise", "data", "run=shifted"), learned("advise", "date"), learned("advise")

    assert done.status == 3
    assert "gives other rows now" in done.err
    assert verb.status == 2
    assert "did you mean 'data'" in verb.err
    assert "are more rows worth it" in help_text.out
