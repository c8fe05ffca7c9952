"""Bugs that calibrators really have are seeded into healthy ones: the suite finds and names them."""

from dataclasses import replace

import numpy as np
import pytest

from mesic import Component, PortableStep
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import Subject, broken_promises
from mesic_plugins.calibrators.isotonic import Isotonic
from mesic_plugins.calibrators.platt import Platt
from mesic_plugins.calibrators.temperature import Temperature


class IgnoresWeights(Platt):
    def fit(self, p, y, sample_weight=None):
        return super().fit(p, y)


class ClipsInPlace(Platt):
    def fit(self, p, y, sample_weight=None):
        np.clip(p, 0.01, 0.99, out=p)
        return super().fit(p, y, sample_weight)


class TakesTheFirstClassForTheSecond(Platt):
    def fit(self, p, y, sample_weight=None):
        return super().fit(p, p.shape[1] - 1 - y, sample_weight)


class RemembersTheFirstFit(Platt):
    def fit(self, p, y, sample_weight=None):
        return self if hasattr(self, "step_") else super().fit(p, y, sample_weight)


class LearnsFromTheFirstRows(Isotonic):
    def fit(self, p, y, sample_weight=None):
        return super().fit(p[:300], y[:300])


class DrawsFromTheGlobalGenerator(Temperature):
    def fit(self, p, y, sample_weight=None):
        rows = np.random.permutation(len(y))[: len(y) // 2]
        return super().fit(p[rows], y[rows])


class IsNotPortable(Platt):
    def fit(self, p, y, sample_weight=None):
        super().fit(p, y, sample_weight)
        self.step_ = PortableStep("scale", {}, {})
        return self


class LeavesBoldOnesBold(Temperature):
    def fit(self, p, y, sample_weight=None):
        super().fit(p, y, sample_weight)
        self.step_ = replace(self.step_, arrays={"temperature": np.ones(1)})
        return self


class Falls(Platt):
    def fit(self, p, y, sample_weight=None):
        super().fit(p, y, sample_weight)
        arrays = {**self.step_.arrays, "coef": -self.step_.arrays["coef"]}
        self.step_ = replace(self.step_, arrays=arrays)
        return self


class DividesByTheRowsOfAClass(Platt):
    def fit(self, p, y, sample_weight=None):
        if (np.bincount(y, minlength=p.shape[1]) == 0).any():
            raise ZeroDivisionError("a class has no rows")
        return super().fit(p, y, sample_weight)


class GivesNoNumbersForCertainty(Platt):
    def fit(self, p, y, sample_weight=None):
        super().fit(p, y, sample_weight)
        self.step_ = replace(
            self.step_, arrays={**self.step_.arrays, "intercept": self.step_.arrays["intercept"] * np.nan}
        )
        return self


SEEDED = {
    IgnoresWeights: "a_weight_of_two_is_a_row_that_stands_there_twice",
    ClipsInPlace: "fitting_changes_no_input",
    TakesTheFirstClassForTheSecond: "what_is_right_stays_about_right",
    RemembersTheFirstFit: "a_fit_forgets_the_one_before",
    LearnsFromTheFirstRows: "the_order_of_rows_does_not_count",
    DrawsFromTheGlobalGenerator: "the_same_rows_give_the_same_bytes",
    IsNotPortable: "it_describes_itself_in_portable_words",
    LeavesBoldOnesBold: "what_is_too_bold_is_mended",
    Falls: "a_higher_probability_of_two_classes_never_becomes_lower",
    DividesByTheRowsOfAClass: "few_rows_and_one_class_are_learned_from_or_refused",
    GivesNoNumbersForCertainty: "probabilities_stay_probabilities",
}


def subject(thing):
    target, traits = f"{thing.__module__}:{thing.__name__}", ("weights",)
    component = Component("acme", target, "made for a test", tasks=("binary", "multiclass"), traits=traits)
    return Subject(Offer(KINDS["calibrator"], component, Provider("acme", "json", "acme-ml", "1.0")))


@pytest.mark.parametrize("bug", SEEDED, ids=lambda bug: bug.__name__)
def test_a_seeded_bug_is_found_by_the_promise_that_names_it(bug):
    assert SEEDED[bug] in {promise.promise for promise in broken_promises(subject(bug))}


@pytest.mark.parametrize("healthy", [Platt, Isotonic, Temperature], ids=lambda thing: thing.__name__)
def test_no_healthy_calibrator_is_accused(healthy):
    assert broken_promises(subject(healthy)) == []
