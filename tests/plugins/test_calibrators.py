"""Calibrators learn what references learn."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from mesic.bundle.portable import ANSWERS
from mesic_plugins.calibrators.beta import Beta
from mesic_plugins.calibrators.fitting import logistic
from mesic_plugins.calibrators.isotonic import Isotonic
from mesic_plugins.calibrators.platt import Platt
from mesic_plugins.calibrators.temperature import Temperature


def of_two(second):
    return np.column_stack([1 - second, second])


def drawn(rows=3_000, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.beta(1.2, 2.0, rows)
    return p, (rng.random(rows) < p).astype(int)


def answered(made, p):
    return ANSWERS[made.step_.op](made.step_)(p)


def test_the_logistic_curve_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 2)) * [1.0, 40.0]
    y = (rng.random(500) < 1 / (1 + np.exp(-(X @ [1.0, 0.02] - 0.5)))).astype(int)
    weight = rng.uniform(0.5, 2, 500)
    coef, intercept = logistic(X, y.astype(float), weight)
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(X, y, sample_weight=weight)

    np.testing.assert_allclose(coef, reference.coef_[0], rtol=1e-4)
    assert intercept == pytest.approx(reference.intercept_[0], rel=1e-4)


def test_platt_minimises_the_loss_of_softened_targets():
    p, y = drawn()
    step = Platt().fit(of_two(p**2), y).step_
    odds = np.log(p**2) - np.log1p(-(p**2))
    soft = np.where(y == 1, (y.sum() + 1) / (y.sum() + 2), 1 / ((y == 0).sum() + 2))

    def loss(ab):
        score = ab[0] * odds + ab[1]
        return float(np.mean(np.logaddexp(0, score) - soft * score))

    best = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}).x
    assert step.arrays["coef"][0, 0] == pytest.approx(best[0], abs=1e-4)
    assert step.arrays["intercept"][0] == pytest.approx(best[1], abs=1e-4)


def test_beta_leaves_right_probabilities_and_undoes_a_square():
    p, y = drawn(40_000)
    kept = answered(Beta().fit(of_two(p), y), of_two(p))[:, 1]
    undone = answered(Beta().fit(of_two(p**2), y), of_two(p**2))[:, 1]

    assert np.abs(kept - p).max() < 0.03
    assert np.abs(undone - p).mean() < 0.03


def test_beta_never_falls_where_high_probabilities_are_wrong():
    p, y = drawn()
    upward = np.linspace(0, 1, 200)
    against = answered(Beta().fit(of_two(p), 1 - y), of_two(upward))[:, 1]

    assert (np.diff(against) >= 0).all()


def test_isotonic_is_that_of_scikit_learn_with_one_made_up_row_at_either_end():
    p, y = drawn(800)
    made = Isotonic().fit(of_two(p), y)
    x = np.r_[p.min(), p, p.max()]
    target, weight = np.r_[1.0, y, 0.0], np.ones(802)
    reference = IsotonicRegression(out_of_bounds="clip").fit(x, target, weight)

    np.testing.assert_allclose(answered(made, of_two(p))[:, 1], reference.predict(p), atol=1e-12)
    assert answered(made, of_two(np.array([0.0, 1.0])))[0, 1] > 0
    assert answered(made, of_two(np.array([0.0, 1.0])))[1, 1] < 1


def test_temperature_has_the_least_loss_of_all_temperatures():
    rng = np.random.default_rng(5)
    p = rng.dirichlet([1, 1, 1, 1], 2_000)
    y = (rng.random(2_000)[:, np.newaxis] > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
    bold = p**2.5 / (p**2.5).sum(axis=1, keepdims=True)
    found = float(Temperature().fit(bold, y).step_.arrays["temperature"][0])

    def loss(temperature):
        odds = bold ** (1 / temperature)
        return -np.log((odds / odds.sum(axis=1, keepdims=True))[np.arange(2_000), y]).mean()

    assert loss(found) <= min(loss(temperature) for temperature in np.linspace(1, 4, 61))
    assert found == pytest.approx(2.5, abs=0.2)


@pytest.mark.parametrize(("made", "fewest"), [(Platt, 20), (Beta, 50), (Isotonic, 300), (Temperature, 10)])
def test_too_few_rows_of_a_class_are_said(made, fewest):
    p = of_two(np.linspace(0.1, 0.9, 1_000))
    few, enough = (np.r_[np.zeros(1_000 - rows, int), np.ones(rows, int)] for rows in (fewest - 1, fewest))

    (finding,) = made().fit(p, few).findings_
    assert finding.code == "CALIBRATED-ON-FEW-ROWS"
    assert f"{fewest - 1:,} rows of its rarest class" in finding.message
    assert made().fit(p, enough).findings_ == ()
