"""Every built-in metric: equal to scikit-learn where it has the metric, nan where nothing can be said."""

import math
import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

import mesic_plugins.metrics
from mesic import SettingError

COMPONENTS = {component.name: component for component in mesic_plugins.metrics.register_metrics()}
NEVER = 1e-12


def make(name, **options):
    module, _, thing = COMPONENTS[name].target.partition(":")
    return getattr(import_module(module), thing)(**options)


def table(seed, classes=2, n=None, weighted=None):
    """Return codes, answers, probabilities and weights; few rows now and then leave classes out."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 80)) if n is None else n
    logits = rng.normal(0, 1.5, (n, classes)) + np.linspace(1.5, 0, classes)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = np.round(p, 1) + 0.01 if seed % 2 else p
    p = p / p.sum(axis=1, keepdims=True)
    y = np.array([rng.choice(classes, p=row / row.sum()) for row in p])
    weight = rng.exponential(size=n) if (seed % 3 == 0 if weighted is None else weighted) else None
    return y, p.argmax(axis=1), p, weight


def numbers(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 80))
    y = np.round(rng.gamma(2, 10, n)) + 1
    return y, np.abs(y + rng.normal(0, 5, n)) + 0.1, rng.exponential(size=n) if seed % 3 == 0 else None


def quietly(function, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(function(*args, **options))


def same(ours, theirs):
    assert math.isnan(ours) == math.isnan(theirs), (ours, theirs)
    assert math.isnan(ours) or abs(ours - theirs) <= NEVER * max(1, abs(theirs)), (ours, theirs)


@pytest.mark.parametrize("average", ["positive", "macro", "weighted", "micro"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_precision_recall_and_f_beta_equal_scikit_learn_in_a_thousand_cases(classes, average):
    for seed in range(84):
        y, answers, _, weight = table(seed, classes)
        answers = np.zeros_like(answers) if seed % 7 == 0 else answers
        theirs = {"labels": [1], "average": "macro"} if average == "positive" else {"average": average}
        theirs |= {"sample_weight": weight, "zero_division": np.nan}

        same(
            make("precision", average=average).score(y, answers, weight),
            quietly(sk.precision_score, y, answers, **theirs),
        )
        same(
            make("recall", average=average).score(y, answers, weight),
            quietly(sk.recall_score, y, answers, **theirs),
        )
        same(make("f1", average=average).score(y, answers, weight), quietly(sk.f1_score, y, answers, **theirs))
        for beta in (0.5, 2, 3.7):
            expected = quietly(sk.fbeta_score, y, answers, beta=beta, **theirs)
            same(make("f_beta", beta=beta, average=average).score(y, answers, weight), expected)


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("seed", range(40))
def test_metrics_of_answers_equal_scikit_learn(seed, classes):
    y, answers, _, weight = table(seed, classes)
    codes = np.arange(max(y.max(), answers.max(), 1) + 1)

    same(make("accuracy").score(y, answers, weight), sk.accuracy_score(y, answers, sample_weight=weight))
    expected = quietly(sk.balanced_accuracy_score, y, answers, sample_weight=weight)
    same(make("balanced_accuracy").score(y, answers, weight), expected)
    for ours, theirs in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = quietly(sk.cohen_kappa_score, y, answers, labels=codes, weights=theirs, sample_weight=weight)
        if len({*y, *answers}) > 1:
            same(make("kappa", weights=ours).score(y, answers, weight), expected)
    if len(set(y)) > 1 and len(set(answers)) > 1:
        same(make("mcc").score(y, answers, weight), sk.matthews_corrcoef(y, answers, sample_weight=weight))
    each = sk.recall_score(y, answers, labels=np.unique(y), average=None, sample_weight=weight)
    same(make("worst_class_recall").score(y, answers, weight), each.min())


@pytest.mark.parametrize("seed", range(60))
def test_metrics_of_two_probabilities_equal_scikit_learn(seed):
    y, _, p, weight = table(seed, n=30 + seed)
    options = {"sample_weight": weight}

    same(make("log_loss").score(y, p, weight), sk.log_loss(y, p, labels=[0, 1], **options))
    same(make("brier").score(y, p, weight), sk.brier_score_loss(y, p[:, 1], pos_label=1, **options))
    same(make("roc_auc").score(y, p, weight), quietly(sk.roc_auc_score, y, p[:, 1], **options))
    same(
        make("average_precision").score(y, p, weight),
        quietly(sk.average_precision_score, y, p[:, 1], **options),
    )
    same(make("ndcg").score(y, p), sk.ndcg_score([y], [p[:, 1]]))
    same(make("ndcg", k=5).score(y, p), sk.ndcg_score([y], [p[:, 1]], k=5))


@pytest.mark.parametrize("seed", range(30))
def test_metrics_of_many_probabilities_equal_scikit_learn(seed):
    y, _, p, weight = table(seed, classes=4, n=80)
    codes, options = np.arange(4), {"sample_weight": weight}

    same(make("log_loss").score(y, p, weight), sk.log_loss(y, p, labels=codes, **options))
    brier = np.average(((np.eye(4)[y] - p) ** 2).sum(axis=1), weights=weight)
    same(make("brier", task="multiclass").score(y, p, weight), brier)
    expected = sk.roc_auc_score(y, p, multi_class="ovr", labels=codes, **options)
    same(make("roc_auc").score(y, p, weight), expected)
    same(make("average_precision").score(y, p, weight), sk.average_precision_score(np.eye(4)[y], p, **options))


@pytest.mark.parametrize("seed", range(60))
def test_metrics_of_numbers_equal_scikit_learn(seed):
    y, answers, weight = numbers(seed)
    pairs = {
        "mse": sk.mean_squared_error,
        "rmse": sk.root_mean_squared_error,
        "mae": sk.mean_absolute_error,
        "median_ae": sk.median_absolute_error,
        "mape": sk.mean_absolute_percentage_error,
        "poisson_deviance": sk.mean_poisson_deviance,
    }

    for name, function in pairs.items():
        same(make(name).score(y, answers, weight), function(y, answers, sample_weight=weight))
    if np.ptp(y) > 0:
        same(make("r2").score(y, answers, weight), sk.r2_score(y, answers, sample_weight=weight))
    expected = sk.mean_pinball_loss(y, answers, alpha=0.8, sample_weight=weight)
    same(make("quantile_loss", alpha=0.8).score(y, answers, weight), expected)
    same(make("max_error").score(y, answers), sk.max_error(y, answers))


def test_the_median_of_repeated_weights_is_that_of_repeated_rows():
    y, answers, times = np.zeros(6), np.array([5.0, 1.0, 3.0, 9.0, 2.0, 2.0]), np.array([1, 3, 0, 2, 1, 1])

    assert make("median_ae").score(y, answers, times.astype(float)) == np.median(np.repeat(answers, times))


@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
@settings(max_examples=50, deadline=None)
def test_f_beta_goes_to_precision_and_recall_at_its_limits(seed, classes):
    y, answers, _, weight = table(seed, classes)
    least, most = make("f_beta", beta=1e-200), make("f_beta", beta=1e200)
    both = np.array([0, 1] + [2] * (classes - 2))
    y, answers = np.concatenate([y, both]), np.concatenate([answers, both])
    weight = None if weight is None else np.concatenate([weight, np.ones(classes)])

    assert least.score(y, answers, weight) == pytest.approx(make("precision").score(y, answers, weight), abs=1e-12)
    assert most.score(y, answers, weight) == pytest.approx(make("recall").score(y, answers, weight), abs=1e-12)


LABELS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 3), min_size=n, max_size=n) for _ in range(2)))
)


@given(LABELS, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_every_metric_of_answers_stays_in_bounds_and_ignores_order_and_scale_of_weights(pair, seed):
    y, answers = map(np.array, pair)
    rng = np.random.default_rng(seed)
    weight, order = rng.exponential(size=y.size) + 0.1, rng.permutation(y.size)

    for name in (
        "accuracy",
        "balanced_accuracy",
        "worst_class_recall",
        "precision",
        "recall",
        "f1",
        "kappa",
        "mcc",
    ):
        metric = make(name)
        score = metric.score(y, answers, weight)
        assert math.isnan(score) or metric.bounds[0] - 1e-12 <= score <= metric.bounds[1] + 1e-12
        assert metric.score(y[order], answers[order], 3 * weight[order]) == pytest.approx(score, abs=1e-12, nan_ok=True)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_whole_weights_do_what_repeated_rows_do(seed):
    y, answers, p, _ = table(seed, classes=2 + seed % 2)
    times = np.random.default_rng(seed).integers(0, 4, y.size)
    rows = np.repeat(np.arange(y.size), times)
    answer_of = {"label": answers, "probability": p}
    if not rows.size:
        return

    for name in (
        "accuracy",
        "balanced_accuracy",
        "f1",
        "kappa",
        "mcc",
        "log_loss",
        "brier",
        "roc_auc",
        "average_precision",
    ):
        metric = make(name, **({"average": "macro"} if name == "f1" else {}))
        prediction = answer_of[metric.needs]
        repeated = metric.score(y[rows], prediction[rows])
        assert metric.score(y, prediction, times.astype(float)) == pytest.approx(repeated, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "y", "prediction"),
    [
        ("precision", [0, 1, 1], [0, 0, 0]),
        ("recall", [0, 0, 0], [0, 1, 0]),
        ("f1", [0, 0], [0, 0]),
        ("mcc", [0, 1, 0], [1, 1, 1]),
        ("mcc", [1, 1, 1], [1, 0, 1]),
        ("kappa", [1, 1], [1, 1]),
        ("roc_auc", [1, 1], [[0.5, 0.5], [0.1, 0.9]]),
        ("roc_auc", [0, 0], [[0.5, 0.5], [0.1, 0.9]]),
        ("average_precision", [0, 0], [[0.5, 0.5], [0.1, 0.9]]),
        ("map", [0, 0], [[0.5, 0.5], [0.1, 0.9]]),
        ("ndcg", [0, 0], [[0.5, 0.5], [0.1, 0.9]]),
        ("r2", [0.1, 0.1, 0.1], [0.1, 0.2, 0.3]),
        ("r2", [1.0], [1.0]),
        ("mape", [0.0, 1.0], [1.0, 1.0]),
        ("poisson_deviance", [1.0, 2.0], [0.0, 1.0]),
        ("poisson_deviance", [-1.0, 2.0], [1.0, 1.0]),
    ],
)
def test_what_is_not_defined_is_nan(name, y, prediction):
    assert math.isnan(make(name).score(np.array(y), np.array(prediction)))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("f_beta", {"beta": 0}),
        ("f_beta", {"beta": -1}),
        ("f_beta", {"beta": math.nan}),
        ("precision", {"average": "samples"}),
        ("kappa", {"weights": "cubic"}),
        ("precision_at_k", {"k": 0}),
        ("ndcg", {"k": 0}),
        ("calibration_error", {"bins": 0}),
        ("acper", {"percent": 0}),
        ("quantile_loss", {"alpha": 1}),
        ("expected_cost", {"false_positive": -1}),
        ("expected_cost", {"costs": [[0, 1]]}),
        ("expected_cost", {"costs": [[0, 1], [1]]}),
        ("expected_cost", {"costs": "free"}),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(name, options):
    with pytest.raises(SettingError, match=next(iter(options))):
        make(name, **options)


def test_costs_for_fewer_classes_than_there_are_are_refused():
    with pytest.raises(SettingError, match="3 classes"):
        make("expected_cost").score(np.array([0, 1, 2]), np.array([0, 1, 2]))


def test_the_expected_cost_is_the_mean_of_the_costs_of_rows():
    costs = [[0, 1, 2], [5, 0, 1], [9, 4, 0]]
    y, answers, _, weight = table(3, classes=3, n=50, weighted=True)

    expected = np.average(np.array(costs)[y, answers], weights=weight)
    assert make("expected_cost", costs=costs).score(y, answers, weight) == pytest.approx(expected, abs=1e-12)


def test_map_and_ndcg_are_means_over_queries():
    y, _, p, _ = table(1, n=60)
    groups = np.repeat(np.arange(6), 10)
    parts = [(y[groups == g], p[groups == g]) for g in range(6)]

    for name, function in (
        ("map", sk.average_precision_score),
        ("ndcg", lambda t, s: sk.ndcg_score([t], [s])),
    ):
        each = [function(truth, stated[:, 1]) for truth, stated in parts if truth.any()]
        assert make(name).score(y, p, groups=groups) == pytest.approx(np.mean(each), abs=1e-12)


def test_ties_for_the_last_of_k_places_share_it():
    p = np.array([0.9, 0.5, 0.5, 0.5])
    score = make("precision_at_k", k=2).score(np.array([1, 1, 0, 0]), np.column_stack([1 - p, p]))

    assert score == pytest.approx((1 + 1 / 3) / 2)


def test_a_constant_probability_has_one_calibration_bin():
    p = np.full(100, 0.3)
    y = np.repeat([0, 1], [70, 30])

    assert make("calibration_error").score(y, np.column_stack([1 - p, p])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ["f1", "precision", "recall", "f_beta"])
def test_the_task_decides_the_average_even_where_a_class_is_missing(name):
    y, answers = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])

    assert make(name, task="multiclass").score(y, answers) == make(name, average="macro").score(y, answers)
    assert make(name, task="binary").score(y, answers) == make(name, average="positive").score(y, answers)
    assert make(name).score(y, answers) == make(name, average="positive").score(y, answers)
