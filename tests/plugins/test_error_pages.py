"""The page shows what the evaluators of errors found, each number with its interval, whatever is missing."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from tests.plugins.predicted import of_two, people, view_of

from mesic.report.page import render
from mesic.runs.files import finite
from mesic_plugins.evaluators.calibration import Calibration
from mesic_plugins.evaluators.conformal import Conformal
from mesic_plugins.evaluators.fairness import Fairness
from mesic_plugins.evaluators.robustness import Robustness
from mesic_plugins.evaluators.selective import Selective
from mesic_plugins.evaluators.slices import Slices

SECTIONS = ("abstaining", "slices", "fairness", "coverage", "noise")


@pytest.fixture(scope="module")
def evaluations():
    """Return what each evaluator answers of two classes and of a number, as the record holds it."""
    X, rng = people(1_500)
    told = {"town": {"kind": "category", "sensitive": True}}
    p = 1 / (1 + np.exp(-2 * X["x0"].to_numpy()))
    y = np.where(X["town"] == "Rome", rng.random(1_500) < 0.3, rng.random(1_500) < p).astype(int)
    said = X["x0"].to_numpy()
    views = {
        "two classes": view_of(
            X,
            y,
            of_two(p),
            inside=900,
            columns=told,
            predict=lambda X: of_two(1 / (1 + np.exp(-2 * X["x0"].to_numpy()))),
        ),
        "a number": view_of(
            X, said + rng.normal(size=1_500), said, inside=900, columns=told, predict=lambda X: X["x0"].to_numpy()
        ),
    }
    asked = {
        "slices": Slices(columns=["town", "rooms < 3", "x1 >= 99%"]),
        "fairness": Fairness(),
        "conformal": Conformal(),
        "robustness": Robustness(rows=300),
        "calibration": Calibration(),
        "selective": Selective(),
    }
    return {
        task: {name: json.loads(json.dumps(finite(dict(one.evaluate(view).data)))) for name, one in asked.items()}
        for task, view in views.items()
    }


@pytest.fixture(params=["two classes", "a number"])
def answered(request, evaluations):
    return evaluations[request.param]


def page(answered):
    return render({"status": "finished", "evaluations": answered}, [])


def section(text, name):
    return re.search(rf'<section id="{name}">.*?</section>', text, flags=re.DOTALL).group()


def test_every_section_is_there_and_every_drawing_is_well_formed(answered):
    text = page(answered)

    for name in SECTIONS:
        drawn = re.findall(r"<svg.*?</svg>", section(text, name), flags=re.DOTALL)
        assert drawn or name == "fairness"
        for svg in drawn:
            ElementTree.fromstring(svg)
            assert not re.search(r'="[^"]*\b(nan|inf)\b', svg)
    assert "Within groups" in section(text, "calibration")


def test_every_score_on_these_sections_has_its_interval(answered):
    text = page(answered)
    for name in SECTIONS:
        scores = re.findall(r'<span class="score">(.*?)</span>', section(text, name))
        assert scores or name == "noise"
        assert [one for one in scores if " to " not in one and "on these rows" not in one] == []


def test_what_was_not_asked_has_no_section():
    text = page({})
    assert not any(f'id="{name}"' in text for name in SECTIONS)


def spoilt(value, spoil):
    if isinstance(value, dict):
        return {key: spoilt(inner, spoil) for key, inner in value.items()}
    if isinstance(value, list):
        return [spoilt(inner, spoil) for inner in value]
    return spoil(value)


def test_any_number_may_be_missing_and_any_name_hostile(answered):
    blank = page(spoilt(answered, lambda value: None if isinstance(value, float) else value))
    hostile = page(spoilt(answered, lambda value: "<script>x</script>" if isinstance(value, str) else value))

    assert all(f'id="{name}"' in blank for name in SECTIONS)
    assert "<script>x" not in hostile
    assert hostile.count("<script") == blank.count("<script") == 1


def test_any_part_of_an_answer_may_be_missing(answered):
    for name, answer in answered.items():
        for key in answer:
            page(answered | {name: {inner: value for inner, value in answer.items() if inner != key}})
            page(answered | {name: answer | {key: None}})


def test_a_slice_is_told_with_its_share_of_all_loss(evaluations):
    found = evaluations["two classes"]["slices"]["searched"][0]
    text = section(page(evaluations["two classes"]), "slices")

    assert found["slice"].startswith("town = Rome")
    assert found["explains"]["value"] > found["share"]
    assert found["slice"] in text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    assert "<small>surprising</small>" in text


def test_a_level_that_reads_like_grammar_comes_back_as_it_was():
    X = pd.DataFrame({"dept": pd.Categorical(np.resize(['Food & "Drink"', "missing", "b"], 300))})
    view = view_of(X, np.zeros(300, dtype=int), of_two(np.full(300, 0.5)))
    names = [row["slice"] for row in Slices(columns=["dept"], most=0).evaluate(view).data["declared"]]

    assert 'dept = "missing"' in names
