"""What calls intervals in doubt is a finding; what does not, is none."""

import numpy as np
import pytest

from mesic.evaluation.cautions import cautions_of

SOUND = {"metric": "accuracy", "value": 0.9, "undefined": 0.0}


def codes(scores=(), y=None, losses=None, classes=("no", "yes"), groups=None):
    y = np.repeat([0, 1], 100) if y is None else y
    losses = np.linspace(0, 1, len(y)) if losses is None else losses
    found = cautions_of(scores, y, losses, classes=classes, groups=groups)
    return {finding.code: finding for finding in found}


def test_a_sound_test_part_is_not_accused():
    assert codes([SOUND], groups=np.arange(200) // 4) == {}


@pytest.mark.parametrize(("few", "is_said"), [(0, True), (9, True), (29, True), (30, False)])
def test_few_rows_of_a_class_are_said(few, is_said):
    found = codes(y=np.repeat([0, 1], [200, few]))

    assert ("FEW-OF-A-CLASS" in found) == is_said
    if is_said:
        assert f"{few} of 'yes'" in found["FEW-OF-A-CLASS"].message
        assert found["FEW-OF-A-CLASS"].evidence["rows"] == {"yes": few}


def test_of_numbers_no_class_is_missing():
    assert codes(classes=()) == {}


def test_few_groups_are_said():
    assert "12 groups" in codes(groups=np.arange(200) % 12)["FEW-TEST-GROUPS"].message


def test_scores_without_a_value_and_resamples_without_one_are_said():
    found = codes([SOUND, {"metric": "roc_auc", "value": None}, {"metric": "mape", "value": 1.0, "undefined": 0.125}])

    assert (
        "roc_auc is not defined on the test rows; mape is not defined on 12.5% of" in found["SCORE-UNDEFINED"].message
    )
    assert found["SCORE-UNDEFINED"].severity == "warning"


def test_a_heavy_tail_is_said_and_a_light_one_is_not():
    light = np.random.default_rng(0).normal(size=200) ** 2
    heavy = np.r_[light[:-2], 90.0, 120.0]
    found = codes(losses=heavy, classes=())["HEAVY-TAIL"]

    share = 210 / heavy.sum()
    assert f"2 of 200 test rows make {share:.0%} of the loss" in found.message
    assert (found.severity, found.evidence["share"]) == ("info", pytest.approx(share))
    assert codes(losses=light, classes=()) == {}
    assert codes(losses=np.full(200, np.nan), classes=()) == codes(losses=np.zeros(200), classes=()) == {}
