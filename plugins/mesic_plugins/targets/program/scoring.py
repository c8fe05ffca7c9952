"""Operators that predict, and those that take their answers, as calls of kernels."""

import numpy as np

from mesic import PortableStep, TreeNodes
from mesic_plugins.targets.program.boosting import boosted
from mesic_plugins.targets.program.forests import forest
from mesic_plugins.targets.program.program import Call


def constant(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``constant`` step."""
    value = step.arrays["value"]
    return [Call("constant", value.size, {"value": value})]


def draw(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``draw`` step."""
    return [Call("draw", 1, {"seed": step.params["seed"], "value": step.arrays["value"]})]


def linear(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``linear`` step; columns without a coefficient are left out, as the interpreter leaves them out."""
    coef, intercept = step.arrays["coef"], step.arrays["intercept"]
    places = np.flatnonzero(coef.any(axis=0))
    values = {
        "places": places,
        "outputs": len(coef),
        "coef": coef[:, places].T.reshape(-1),
        "intercept": intercept,
    }
    sums = Call("linear", len(coef), values)
    return [sums, *{"identity": [], "sigmoid": [_sigmoid(1.0)], "softmax": [_softmax(len(coef))]}[step.params["link"]]]


def trees(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``trees`` step: thresholds are moved so that a comparison of float64 answers as one of float32."""
    arrays = step.arrays
    value, root, feature = arrays["value"], arrays["root"].astype(np.int64), arrays["feature"].astype(np.int64)
    is_leaf = feature < 0
    child_of = np.where(is_leaf, ~arrays["right"].astype(np.int64), np.arange(feature.size))
    asks, place = np.flatnonzero(~is_leaf), np.cumsum(~is_leaf) - 1
    left, right = (_moved(child_of[arrays[side].astype(np.int64)[asks]], place) for side in ("left", "right"))
    nodes = TreeNodes(
        feature=feature[asks],
        threshold=np.array([as_float64(float(t)) for t in arrays["threshold"][asks]]),
        blank_left=arrays["missing_left"][asks].astype(bool),
        zero_is_blank=np.zeros(asks.size, dtype=bool),
        left=left,
        right=right,
        levels=((),) * asks.size,
    )
    outputs = value.shape[1]
    sums = forest(nodes, _moved(child_of[root], place), value.reshape(-1), outputs=outputs, each=outputs)
    return [sums, Call("divide", outputs, {"by": float(root.size)})]


def _moved(child: np.ndarray, place: np.ndarray) -> np.ndarray:
    moved: np.ndarray = np.where(child < 0, child, place[np.maximum(child, 0)])
    return moved


def as_float64(threshold: float) -> float:
    """Return the largest float64 that is at most `threshold` once it is rounded to float32.

    Examples
    --------
    >>> limit = as_float64(0.1)
    >>> float(np.float32(limit)) <= 0.1, float(np.float32(np.nextafter(limit, 1))) <= 0.1
    (True, False)
    """
    with np.errstate(over="ignore"):
        below = np.float32(threshold)
        if float(below) > threshold:
            below = np.nextafter(below, np.float32(-np.inf))
        above = np.nextafter(below, np.float32(np.inf))
    if below == np.inf:
        return float(below)
    bottom = float(below) if np.isfinite(below) else -(2.0**128)
    top = float(above) if np.isfinite(above) else 2.0**128
    middle = (bottom + top) / 2
    rounds_down = below.view(np.uint32) & 1 == 0  # ties go to the even one
    return middle if rounds_down else float(np.nextafter(middle, -np.inf))


def lightgbm(step: PortableStep, width: int) -> list[Call]:
    """Lower a ``lightgbm`` step: its own text, read as LightGBM reads it."""
    model = boosted(step.text)
    sums = forest(model.nodes, model.root, model.value, outputs=model.outputs, each=1)
    calls = [Call("flush", width, {"least": float(np.float32(1e-35))}), sums]
    if model.link == "sigmoid":
        calls.append(_sigmoid(model.slope))
    return [*calls, _softmax(model.outputs)] if model.link == "softmax" else calls


def naive_bayes(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``naive_bayes`` step."""
    theta, variance, log_prior = (step.arrays[name] for name in ("theta", "var", "log_prior"))
    offset = log_prior - 0.5 * np.sum(np.log(2.0 * np.pi * variance), axis=1)
    values = {"offset": offset, "theta": theta.reshape(-1), "variance": variance.reshape(-1)}
    return [Call("naive_bayes", len(theta), values), _softmax(len(theta))]


def log_odds(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``log_odds`` step."""
    coef, intercept = step.arrays["coef"], step.arrays["intercept"]
    values = {"first": coef[:, 0], "second": coef[:, 1], "intercept": intercept}
    return [Call("log_odds", intercept.size, values), _closed(intercept.size)]


def isotonic(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower an ``isotonic`` step."""
    start, x, y = (step.arrays[name] for name in ("start", "x", "y"))
    return [Call("isotonic", start.size - 1, {"start": start, "x": x, "y": y}), _closed(start.size - 1)]


def temperature(step: PortableStep, width: int) -> list[Call]:
    """Lower a ``temperature`` step."""
    power = 1 / float(step.arrays["temperature"][0])
    return [Call("temperature", width, {"power": power}), _softmax(width)]


def decide(step: PortableStep, width: int) -> list[Call]:  # noqa: ARG001 - as every operator
    """Lower a ``decide`` step: scores stay, and the program's decision says the rest."""
    return []


def _sigmoid(slope: float) -> Call:
    return Call("sigmoid", 2, {"slope": slope})


def _softmax(width: int) -> Call:
    return Call("softmax", width, {})


def _closed(size: int) -> Call:
    return Call("of_two", 2, {}) if size == 1 else Call("shares", size, {})
