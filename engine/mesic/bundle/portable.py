"""The portable pipeline: from described steps to answers, without any fitted object.

The training run, the bundle and every other target read this one description, so what was evaluated is what
is deployed.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from mesic.bundle import answers, estimators, level_operators, number_operators, operators, text_operators
from mesic.bundle.foreign import skops
from mesic.bundle.matrix import Matrix
from mesic.bundle.operators import Rows, code_columns
from mesic.bundle.step import PortableStep
from mesic.bundle.trees import trees
from mesic.errors import ComponentError

__all__ = ["ANSWERS", "ESTIMATORS", "OPERATORS", "Matrix", "PortableStep", "code_columns", "compile_pipeline"]

OPERATORS: Mapping[str, Callable[[PortableStep], operators.Operator]] = {
    "codes": operators.codes,
    "impute": operators.impute,
    "take": operators.take,
    "scale": number_operators.scale,
    "interpolate": number_operators.interpolate,
    "bins": number_operators.bins,
    "dates": number_operators.dates,
    "products": number_operators.products,
    "one_hot": level_operators.one_hot,
    "ordinal": level_operators.ordinal,
    "lookup": level_operators.lookup,
    "crosses": level_operators.crosses,
    "hashed": text_operators.hashed,
    "words": text_operators.words,
}
Estimators = Mapping[str, Callable[[PortableStep, int], estimators.Estimator]]
NO_OTHERS: Estimators = MappingProxyType({})
ESTIMATORS: Estimators = {
    "constant": estimators.constant,
    "draw": estimators.draw,
    "linear": estimators.linear,
    "trees": trees,
    "lightgbm": estimators.lightgbm,
    "naive_bayes": estimators.naive_bayes,
    "neighbors": estimators.neighbors,
}
ANSWERS: Mapping[str, Callable[[PortableStep], answers.Answer]] = {
    "log_odds": answers.log_odds,
    "temperature": answers.temperature,
    "isotonic": answers.isotonic,
    "decide": answers.decide,
}


def compile_pipeline(
    steps: Sequence[PortableStep],
    *,
    threads: int = 1,
    trusted: frozenset[str] = frozenset(),
    others: Estimators = NO_OTHERS,
) -> Callable[[Rows], np.ndarray]:
    """Load everything heavy once and return what answers for rows.

    Parameters
    ----------
    steps
        In order. The first may be ``codes``; the result then also takes arrays by name.
    threads
        Threads of libraries that have their own.
    trusted
        Types that a ``skops`` step may be made of.
    others
        Estimators by operator that take the place of the interpreter's own; their answers must be the same.

    Returns
    -------
    callable
        From a matrix of n rows to values (n,) or probabilities (n, k); to the values (n, p) of the last
        matrix if no step predicts.

    Raises
    ------
    ComponentError
        A step has an operator that this version does not know.
    CheckFailed
        A ``skops`` step asks for a type that is not trusted.

    Examples
    --------
    >>> step = PortableStep("linear", {"link": "identity", "classes": 0},
    ...                     {"coef": np.array([[2.0]]), "intercept": np.array([1.0])})
    >>> compile_pipeline([step])(Matrix(np.array([[3.0]]), ("x",))).tolist()
    [7.0]
    """
    parts = compiled_parts(steps, threads=threads, trusted=trusted, others=others)

    def run(rows: Rows) -> np.ndarray:
        result: Any = rows
        for part in parts:
            result = part(result)
        return result.values if isinstance(result, Matrix) else result

    return run


def mean(
    step: PortableStep, threads: int, trusted: frozenset[str], others: Estimators = NO_OTHERS
) -> estimators.Estimator:
    """Return the weighted mean of what the members answer.

    ``weight`` (m,) is that of each member; ``params["present"]`` lists the class codes that each answers for, of
    ``params["classes"]``, 0 for regression.
    """
    weight, classes = step.arrays["weight"] / step.arrays["weight"].sum(), step.params["classes"]
    runs = [compile_pipeline(member, threads=threads, trusted=trusted, others=others) for member in step.members]

    def run(matrix: Matrix) -> np.ndarray:
        total = np.zeros((len(matrix), classes) if classes else len(matrix))
        for own, answer, present in zip(weight, runs, step.params["present"], strict=True):
            if classes:
                total[:, present] += own * answer(matrix)
            else:
                total += own * answer(matrix)
        return total

    return run


def compiled_parts(
    steps: Sequence[PortableStep],
    *,
    threads: int,
    trusted: frozenset[str],
    predicts: bool = True,
    others: Estimators = NO_OTHERS,
) -> list[Callable[[Any], Any]]:
    """Return what runs each step of :func:`compile_pipeline`; `predicts` says whether a last foreign one may."""
    last = place_of_estimator(steps) if predicts else -1
    return [_compiled(step, threads, trusted, others, is_last=place == last) for place, step in enumerate(steps)]


def place_of_estimator(steps: Sequence[PortableStep]) -> int:
    """Return the place of the step that predicts; what comes after it takes its answers."""
    return max((place for place, step in enumerate(steps) if step.op not in ANSWERS), default=-1)


def applied(step: PortableStep, matrix: Matrix) -> Matrix:
    """Return what a step that was fitted here makes of some rows; it is no estimator."""
    result: Matrix = _compiled(step, 1, frozenset(step.params.get("types", ())), NO_OTHERS, is_last=False)(matrix)
    return result


def _compiled(
    step: PortableStep, threads: int, trusted: frozenset[str], others: Estimators, *, is_last: bool
) -> Callable[[Any], Any]:
    if step.op in others:
        return others[step.op](step, threads)
    if step.op in OPERATORS:
        return OPERATORS[step.op](step)
    if step.op in ESTIMATORS:
        return ESTIMATORS[step.op](step, threads)
    if step.op in ANSWERS:
        return ANSWERS[step.op](step)
    if step.op == "mean":
        return mean(step, threads, trusted, others)
    if step.op == "skops":
        return skops(step, trusted, is_last=is_last)
    known = ", ".join(sorted({*OPERATORS, *ESTIMATORS, *ANSWERS, "mean", "skops"}))
    raise ComponentError(f"the pipeline has a step {step.op!r} that this mesic does not know; it knows {known}")
