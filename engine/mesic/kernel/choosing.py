"""Which of two answers for a LightGBM model: the kernel, if it gives the same bits, and gives them sooner."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mesic.bundle import estimators
from mesic.bundle.boosting import BoostedTrees, boosted_trees
from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep
from mesic.errors import UsageError
from mesic.kernel.arrays import kernel_arrays
from mesic.kernel.compiling import NoLibrary, library_path
from mesic.kernel.forest import Unsuited
from mesic.kernel.native import Kernel
from mesic.kernel.rows import telling_rows

Answers = Callable[[np.ndarray], np.ndarray]
LOOKS = 3
KERNEL, LIGHTGBM = "kernel", "lightgbm"


@dataclass(frozen=True)
class Choice:
    """What answers for a model, and why.

    Parameters
    ----------
    answers
        ``kernel`` or ``lightgbm``.
    why
        In words.
    rows_compared
        On how many rows both were asked; 0 where there was no kernel to ask.
    times_as_fast
        How many times the kernel was as fast as LightGBM there, both on one thread; None where it was not timed.
    """

    answers: str
    why: str
    rows_compared: int = 0
    times_as_fast: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the choice as ``--json`` tells it."""
        return asdict(self)


@dataclass
class Chooser:
    """Estimators of LightGBM steps, chosen as they are loaded; `choices` says what answers, in the order of loading."""

    choices: list[Choice] = field(default_factory=list)
    library: Path | str = field(default_factory=library_path)

    def lightgbm(self, step: PortableStep, threads: int) -> estimators.Estimator:
        """Return the estimator of a LightGBM step: the kernel where it wins, else LightGBM."""
        ordinary = estimators.lightgbm(step, threads)
        kernel, choice = chosen(step, self.library)
        self.choices.append(choice)
        return ordinary if kernel is None else _estimator(kernel, step.params["classes"], ordinary)

    @property
    def estimators(self) -> dict[str, Callable[[PortableStep, int], estimators.Estimator]]:
        """What :func:`mesic.bundle.portable.compile_pipeline` takes."""
        return {"lightgbm": self.lightgbm}


def chosen(step: PortableStep, library: Path | str, lightgbm: Answers | None = None) -> tuple[Kernel | None, Choice]:
    """Return the kernel of a LightGBM step where it is to answer, and why, or why not.

    Parameters
    ----------
    step
        The model.
    library
        The compiled kernel, or why there is none.
    lightgbm
        Answers rows as LightGBM does, on one thread; None: its Python package is asked.
    """
    if not isinstance(library, Path):
        return None, Choice(LIGHTGBM, library)
    try:
        model = boosted_trees(step.text)
        kernel = Kernel(library, kernel_arrays(model))
    except (Unsuited, UsageError, NoLibrary) as why:
        return None, Choice(LIGHTGBM, str(why))
    choice = compared(kernel, model, lightgbm or _answers_of(step))
    return (kernel if choice.answers == KERNEL else None), choice


def _answers_of(step: PortableStep) -> Answers:
    booster = estimators.booster_of(step)
    return lambda rows: np.asarray(booster.predict(rows, num_threads=1))


def compared(kernel: Answers, model: BoostedTrees, lightgbm: Answers) -> Choice:
    """Return who answers: both are asked about the telling rows of a model, on one thread, some times."""
    rows = telling_rows(model)
    own, own_s = _timed(lambda: kernel(rows))
    wanted, wanted_s = _timed(lambda: lightgbm(rows))
    if not np.array_equal(own.view(np.uint64), wanted.view(np.uint64)):
        differing = int((own != wanted).reshape(len(rows), -1).any(axis=1).sum())
        return Choice(LIGHTGBM, f"the kernel answers {differing:,} of {len(rows):,} rows otherwise", len(rows))
    ratio = round(wanted_s / own_s, 2)
    if ratio <= 1:
        return Choice(LIGHTGBM, "the kernel is not faster", len(rows), ratio)
    return Choice(KERNEL, f"the same bits on {len(rows):,} rows, {ratio:.1f} times as fast", len(rows), ratio)


def _timed(answer: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return an answer and the least seconds that it took."""
    least, found = np.inf, np.empty(0)
    for _ in range(LOOKS):
        start = time.perf_counter()
        found = answer()
        least = min(least, time.perf_counter() - start)
    return found, least


def _estimator(kernel: Kernel, classes: int, ordinary: estimators.Estimator) -> estimators.Estimator:
    def run(matrix: Matrix) -> np.ndarray:
        if matrix.values.shape[1] != kernel.width:
            return ordinary(matrix)  # LightGBM says what is wrong
        answer = kernel(matrix.values)
        return np.stack([1 - answer, answer], axis=1) if classes == 2 else answer

    return run
