"""The built-in gates object to what they look for, and to nothing else."""

from datetime import date
from types import SimpleNamespace

import pytest

from mesic import Evidence
from mesic.data.schema import Column, Schema
from mesic.evaluation.held_out import uses_allowed
from mesic.reviewing.policies import REQUIRABLE
from mesic_plugins.gates import review_deployment
from mesic_plugins.gates.sensitive import is_telling

TODAY = date(2026, 6, 1)
CARD = {
    "skill": {"against": "simple", "value": 0.3, "low": 0.2, "high": 0.4},
    "findings": [],
    "scores": {"test": [{"metric": "log_loss", "level": 0.95}]},
}


def objections(card=None, *, columns=("age",), declared=(), answers=1, **policy):
    schema = Schema(tuple(Column(name, "number", sensitive=name in declared) for name in columns))
    uses = {"runs": answers, "answers": answers, "why": ""}
    evidence = Evidence(CARD | (card or {}), None, policy, uses, TODAY)
    found = review_deployment(SimpleNamespace(schema=schema, needed=list(columns)), evidence)
    return [(one.code, one.severity) for one in found]


def test_a_sound_bundle_is_not_objected_to():
    assert objections() == []


@pytest.mark.parametrize(
    "skill", [{}, None, {"against": "simple", "value": 0.1, "low": 0.0, "high": 0.2}, {"value": 1, "low": None}]
)
def test_a_model_that_is_not_clearly_better_than_a_baseline_is_refused(skill):
    assert objections({"skill": skill}) == [("NO-BETTER-THAN-BASELINE", "block")]


def test_findings_that_block_are_refused_though_the_run_accepted_them_and_said_once():
    leak = {"code": "LEAK-TIME", "severity": "block", "message": "late", "accepted": "old"}
    doubt = {"code": "LEAK-GOLDEN", "severity": "warning", "message": "one column", "accepted": ""}
    accepted = doubt | {"accepted": "it is known"}
    noise = {"code": "OUTLIERS", "severity": "info", "message": "far"}
    baseline = {"code": "NO-BETTER-THAN-BASELINE", "severity": "block", "message": "no better"}

    assert objections({"findings": [leak, doubt, accepted, noise, baseline]}) == [
        ("LEAK-TIME", "block"),
        ("LEAK-GOLDEN", "warning"),
    ]


def test_a_bundle_without_a_card_is_refused():
    found = review_deployment(
        SimpleNamespace(schema=Schema(()), needed=[]), Evidence({}, None, {}, {"answers": 1}, TODAY)
    )
    assert {one.code for one in found} == {"CARD-MISSING", "NO-BETTER-THAN-BASELINE"}


def test_sensitive_columns_must_not_decide():
    assert objections(columns=("age", "code"), declared=("code",)) == [("SENSITIVE-FEATURE", "block")]
    assert objections(columns=("age", "town"), sensitive=["town"]) == [("SENSITIVE-FEATURE", "block")]


def test_a_telling_name_is_refused_until_somebody_says_what_it_is():
    assert objections(columns=("race",)) == [("SENSITIVE-FEATURE", "block")]
    assert objections(columns=("race",), sensitive=[]) == []


@pytest.mark.parametrize(
    "name", ["race", "Sex", "GENDER", "parent_religion", "ethnicGroup", "is-disabled", "SexOfOwner"]
)
def test_names_that_tell(name):
    assert is_telling(name)


@pytest.mark.parametrize("name", ["racetrack", "essex", "age", "agenda", "sexagesimal", "", "trace"])
def test_names_that_only_look_like_it(name):
    assert not is_telling(name)


@pytest.mark.parametrize("name", REQUIRABLE)
def test_what_the_policy_requires_must_be_said(name):
    code = f"{name.upper().replace('_', '-')}-MISSING"

    assert objections(require=[name]) == [(code, "block")]
    assert objections(require=[name], **{name: "2026-12-31" if name == "expires" else ["x"]}) == []


def test_a_test_part_that_judged_too_many_models_is_refused():
    most = uses_allowed(0.95)

    assert objections(answers=most) == []
    assert objections(answers=most + 1) == [("TEST-REUSED", "block")]
    assert objections(answers=most + 1, test_uses=most + 1) == []
    assert objections(answers=3, test_uses=2) == [("TEST-REUSED", "block")]
    assert objections(answers=None) == [("TEST-USES-UNKNOWN", "warning")]


def test_a_card_holds_through_its_last_day():
    assert objections(expires="2026-06-01") == []
    assert objections(expires="2026-05-31") == [("CARD-EXPIRED", "block")]
