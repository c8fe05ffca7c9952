"""Answers without a decision: the same in a file and on demand, and how often, measured on rows that nobody saw."""

import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy.stats import binomtest
from tests.engine.bundles_to_serve import ROW, make_bundle

pytest.importorskip("msgspec", reason="the extra serve is not installed")

from mesic.bundle.abstaining import BETWEEN, SEVERAL, UNSURE, WIDE, Abstention, measured, share
from mesic.bundle.bundle import load_bundle, write_bundle
from mesic.bundle.coverage import sets_of
from mesic.errors import SettingError, UsageError
from mesic.predicting.scoring import Asked, score_file
from mesic.serving.release import Release
from mesic.serving.settings import ServeSettings
from mesic_plugins.sources.table import Table

SETS = {"kind": "set", "score": "lac", "threshold": 0.7, "promised": 0.9}
WIDTHS = {"kind": "interval", "low": -1.0, "high": 1.0, "knots": [-5.0, 5.0], "scales": [0.1, 2.0], "promised": 0.9}
KEYS = {"by_set": "abstain_set", "width": "abstain_width", "between": "abstain_between", "below": "abstain_below"}


def rows(count=300, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {**ROW, "age": float(age), "income": float(income), "town": str(town)}
        for age, income, town in zip(
            rng.uniform(0, 120, count), rng.uniform(0, 100, count), rng.choice(["Ulm", "Bonn"], count), strict=True
        )
    ]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Bundles with a confidence set of 300 rows, a third of whose labels are wrong."""
    folder, made = tmp_path_factory.mktemp("abstaining"), {}
    for pipeline, answer in (("boosted", SETS), ("value", WIDTHS)):
        bundle = make_bundle(folder / pipeline, pipeline, coverage=answer)
        table = pa.Table.from_pylist(rows())
        given = bundle.predict(table).prediction
        truth = given + 1 if pipeline == "value" else given.where(np.arange(300) % 3 > 0, "yes")
        end_to_end = parquet.read_table(bundle.folder / "end_to_end.parquet")
        assets = {"end_to_end.parquet": end_to_end, "coverage.json": dict(answer)}
        assets["confidence.parquet"] = table.append_column("bought", pa.array(truth))
        facts = {key: bundle.manifest[key] for key in ("task", "classes", "target", "metric")}
        write_bundle(bundle.folder, bundle.fitted, bundle.schema, facts, assets)
        made[pipeline] = load_bundle(bundle.folder)
    return made


CASES = [
    ("boosted", {"by_set": True}, SEVERAL),
    ("boosted", {"between": [0.3, 0.7]}, BETWEEN),
    ("value", {"width": 2.1}, WIDE),
    ("boosted", {"below": 0.8}, UNSURE),
]


@pytest.mark.parametrize(("pipeline", "said", "why"), CASES)
def test_a_file_and_a_server_abstain_on_the_same_rows(bundles, tmp_path, pipeline, said, why):
    bundle = bundles[pipeline]
    settings = ServeSettings(bundle="b", **{KEYS[key]: value for key, value in said.items()})
    release = Release(bundle, settings)
    parquet.write_table(pa.Table.from_pylist(rows(seed=1)), tmp_path / "in.parquet")

    many, one = release.answers(rows(seed=1)), [release.answer(row) for row in rows(seed=1)]
    asked = Asked(64, abstention=Abstention(**said))
    score_file(bundle, Table(tmp_path / "in.parquet"), tmp_path / "out.parquet", asked)
    written = parquet.read_table(tmp_path / "out.parquet").to_pylist()

    assert one == many
    assert [row["prediction"] for row in written] == [answer["prediction"] for answer in many]
    assert [row["abstained"] for row in written] == [answer.get("abstained") for answer in many]
    assert {answer.get("abstained") for answer in many} == {None, why}


def test_who_abstains_by_sets_does_so_where_the_set_has_several_classes(bundles):
    bundle, table = bundles["boosted"], pa.Table.from_pylist(rows(seed=2))
    scores = bundle.predict(table)[["p_no", "p_yes"]].to_numpy()

    reasons = Abstention(by_set=True).reasons(bundle, scores)

    assert [why is None for why in reasons] == (sets_of(SETS, scores).sum(axis=1) == 1).tolist()


def test_who_abstains_below_a_probability_looks_at_the_class_that_is_answered(bundles):
    bundle = bundles["boosted"]
    scores = np.array([[0.7, 0.3], [0.45, 0.55], [0.2, 0.8]])

    assert Abstention(below=0.7).reasons(bundle, scores) == [None, UNSURE, None]


@pytest.mark.parametrize(("pipeline", "said"), [case[:2] for case in CASES[:2]])
def test_what_is_told_of_abstention_is_counted_on_the_confidence_set(bundles, pipeline, said):
    bundle, abstention = bundles[pipeline], Abstention(**said)
    table = parquet.read_table(bundle.folder / "confidence.parquet")
    answers = bundle.predict(table)
    decided = np.array([why is None for why in abstention.reasons(bundle, answers[["p_no", "p_yes"]].to_numpy())])
    wrong = answers.prediction.to_numpy() != np.array(table["bought"].to_pylist())

    found = measured(bundle, abstention)

    assert found["rows"] == 300
    assert found["answered"]["value"] == decided.mean()
    assert found["error_share"]["value"] == wrong[decided].mean()
    ends = binomtest(int(wrong[decided].sum()), int(decided.sum())).proportion_ci(0.95, method="wilson")
    assert (found["error_share"]["low"], found["error_share"]["high"]) == pytest.approx((ends.low, ends.high))
    assert found["error_of_all"]["value"] == wrong.mean()


def test_of_numbers_the_absolute_error_of_the_answered_is_told(bundles):
    found = measured(bundles["value"], Abstention(width=2.1))

    assert found["absolute_error"]["value"] == pytest.approx(1)
    assert 0 < found["answered"]["value"] < 1


def test_of_no_rows_nothing_is_known():
    assert share(0, 0, 0.95) == {"value": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("pipeline", "said", "error"),
    [
        ("boosted", {"width": 1.0}, UsageError),
        ("value", {"by_set": True}, UsageError),
        ("value", {"between": [0.1, 0.2]}, SettingError),
        ("boosted", {"between": [0.7, 0.3]}, SettingError),
        ("boosted", {"between": [0.7]}, SettingError),
        ("boosted", {"between": [0.2, 1.3]}, SettingError),
        ("value", {"below": 0.7}, SettingError),
    ],
    ids=str,
)
def test_what_a_bundle_cannot_tell_it_cannot_abstain_by(bundles, pipeline, said, error):
    with pytest.raises(error):
        Abstention(**said).refuse_unfit(bundles[pipeline])


def test_a_bundle_without_coverage_says_so_at_once(tmp_path):
    bundle = make_bundle(tmp_path / "plain")

    with pytest.raises(UsageError, match="promises no coverage"):
        Release(bundle, ServeSettings(bundle="b", abstain_set=True))


def test_reasons_of_an_answer_without_a_decision_are_about_the_likeliest_class(bundles):
    release = Release(bundles["boosted"], ServeSettings(bundle="b", abstain_between=[0.0, 1.0]))
    answer = release.answer(ROW)

    assert (answer["prediction"], answer["abstained"]) == (None, BETWEEN)
    assert release.reasons(ROW, answer)["about"] == max(("p_no", "p_yes"), key=answer.get)
    assert json.dumps(release.facts()["abstention"])
