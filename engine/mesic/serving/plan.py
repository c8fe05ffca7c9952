"""From a portable description to what answers rows on demand: each step read once, nothing searched for later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from mesic.bundle.operators import layout_of_codes
from mesic.bundle.portable import Matrix, PortableStep, compile_pipeline, compiled_parts
from mesic.kernel.choosing import Choice, Chooser, chosen
from mesic.kernel.compiling import library_path
from mesic.serving.native import NativeBooster

Layout = tuple[tuple[str, ...], dict[str, tuple[str, ...]], frozenset[str]]
FAST = ("lightgbm", "trees", "mean")
MANY_ROWS = 16


class Answering(Protocol):
    """What ends a pipeline: answers of many rows, or of one."""

    @property
    def choices(self) -> Sequence[Choice]:
        """What answers for each model of trees where many rows are asked about."""

    def rows(self, matrix: Matrix) -> np.ndarray:
        """Return values (n,) or probabilities (n, k)."""

    def row(self, matrix: Matrix) -> list[float]:
        """Return the one value, or the k probabilities, of the only row."""


@dataclass(frozen=True)
class Portable:
    """Steps as the bundle's interpreter runs them."""

    run: Callable[[Matrix], np.ndarray]
    choices: Sequence[Choice] = ()

    def rows(self, matrix: Matrix) -> np.ndarray:
        """Return what the interpreter answers."""
        return self.run(matrix)

    def row(self, matrix: Matrix) -> list[float]:
        """Return what the interpreter answers for one row."""
        return _listed(self.run(matrix))


class Boosted:
    """A LightGBM step; many rows are answered by the kernel where that gives the same bits sooner."""

    def __init__(self, step: PortableStep, shared: np.ndarray | None) -> None:
        self.is_binary, self.booster = step.params["classes"] == 2, NativeBooster(step.text, shared)
        self.kernel, choice = chosen(step, library_path(), self.booster.answer)
        self.choices = [choice]

    def rows(self, matrix: Matrix) -> np.ndarray:
        """Return probabilities or values, as the step's estimator does."""
        is_many = self.kernel is not None and len(matrix) >= MANY_ROWS
        answer = self.kernel(matrix.values) if self.kernel and is_many else self.booster.answer(matrix.values)
        return np.stack([1 - answer, answer], axis=1) if self.is_binary else answer

    def row(self, matrix: Matrix) -> list[float]:
        """Return the answer of one row."""
        answer = self.booster.answer_row(matrix.values)
        return [1 - answer[0], answer[0]] if self.is_binary else answer


def forest(step: PortableStep) -> Portable:
    """Return what answers for a ``trees`` step, one row or many: the kernel where it wins, else the interpreter."""
    chooser = Chooser()
    return Portable(chooser.trees(step, 1), chooser.choices)


class Mean:
    """The weighted mean of members, added in the order in which the interpreter adds them."""

    def __init__(self, step: PortableStep, members: Sequence["Pipeline"]) -> None:
        weight = (step.arrays["weight"] / step.arrays["weight"].sum()).tolist()
        self.classes = step.params["classes"]
        present = [codes if self.classes else [0] for codes in step.params["present"]]
        self.members = list(zip(weight, members, present, strict=True))
        self.choices = [choice for member in members for choice in member.answering.choices]

    def rows(self, matrix: Matrix) -> np.ndarray:
        """Return the mean of what the members answer."""
        total = np.zeros((len(matrix), self.classes or 1))
        for own, member, present in self.members:
            total[:, present] += own * member.rows(matrix).reshape(len(matrix), -1)
        return total if self.classes else total[:, 0]

    def row(self, matrix: Matrix) -> list[float]:
        """Return the mean of what the members answer of one row."""
        total = [0.0] * (self.classes or 1)
        for own, member, present in self.members:
            for code, answer in zip(present, member.row(matrix), strict=True):
                total[code] += own * answer
        return total


class Pipeline:
    """Steps, one after the other, and what answers at their end.

    Parameters
    ----------
    steps
        As the bundle describes them.
    layout
        Columns that come in, where their levels never change; else None.
    shared
        The array of one row that will be asked about again and again, or None.
    trusted
        Types that a ``skops`` step may be made of.
    """

    def __init__(
        self,
        steps: Sequence[PortableStep],
        *,
        layout: Layout | None,
        shared: np.ndarray | None,
        trusted: frozenset[str],
    ) -> None:
        if layout is not None and steps[0].op == "codes" and layout_of_codes(steps[0]) == layout:
            steps = steps[1:]  # the columns are already as the step would put them
        places = [place for place, step in enumerate(steps) if step.op in FAST]
        if not places:
            self.before, self.after = [], []
            self.answering: Answering = Portable(compile_pipeline(steps, threads=1, trusted=trusted))
            return
        place = places[-1]
        parts = partial(compiled_parts, threads=1, trusted=trusted, predicts=False)
        self.before, self.after = parts(steps[:place]), parts(steps[place + 1 :])
        if place:
            layout = shared = None
        if steps[place].op == "mean":
            members = [Pipeline(m, layout=layout, shared=shared, trusted=trusted) for m in steps[place].members]
            self.answering = Mean(steps[place], members)
        elif steps[place].op == "trees":
            self.answering = forest(steps[place])
        else:
            self.answering = Boosted(steps[place], shared)

    def rows(self, matrix: Matrix) -> np.ndarray:
        """Return values (n,) or probabilities (n, k)."""
        for part in self.before:
            matrix = part(matrix)
        answer = self.answering.rows(matrix)
        for part in self.after:
            answer = part(answer)
        return answer

    def row(self, matrix: Matrix) -> list[float]:
        """Return the one value, or the k probabilities, of the only row."""
        for part in self.before:
            matrix = part(matrix)
        answer = self.answering.row(matrix)
        if not self.after:
            return answer
        several = np.array([answer])
        for part in self.after:
            several = part(several)
        return _listed(several)


def _listed(answers: np.ndarray) -> list[float]:
    """Return the numbers of the only row."""
    numbers: list[float] = np.atleast_1d(answers[0]).tolist()
    return numbers
