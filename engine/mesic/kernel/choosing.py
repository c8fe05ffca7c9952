"""Which of two answers for trees: the kernel, if it gives the same bits, and gives them sooner; else what else can."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mesic.bundle import estimators
from mesic.bundle.boosting import boosted_trees
from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep
from mesic.bundle.trees import trees
from mesic.errors import UsageError
from mesic.kernel.arrays import kernel_arrays
from mesic.kernel.compiling import NoLibrary, library_path
from mesic.kernel.forest import Unsuited
from mesic.kernel.forest_rows import forest_rows
from mesic.kernel.native import ForestKernel, Kernel
from mesic.kernel.questions import forest_arrays
from mesic.kernel.rows import telling_rows

Answers = Callable[[Any], np.ndarray]
LOOKS = 3
KERNEL, LIGHTGBM, INTERPRETER = "kernel", "lightgbm", "interpreter"


@dataclass(frozen=True)
class Choice:
    """What answers for a model, and why.

    Parameters
    ----------
    answers
        ``kernel``, or who else does: ``lightgbm``, or for a forest the bundle's ``interpreter``.
    why
        In words.
    rows_compared
        On how many rows both were asked; 0 where there was no kernel to ask.
    times_as_fast
        How many times the kernel was as fast as the other there, both on one thread; None where it was not timed.
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
    """Estimators of trees, chosen as they are loaded; `choices` says what answers, in the order of loading."""

    choices: list[Choice] = field(default_factory=list)
    library: Path | str = field(default_factory=library_path)

    def lightgbm(self, step: PortableStep, threads: int) -> estimators.Estimator:
        """Return the estimator of a LightGBM step: the kernel where it wins, else LightGBM."""
        ordinary = estimators.lightgbm(step, threads)
        kernel, choice = chosen(step, self.library)
        self.choices.append(choice)
        return ordinary if kernel is None else _estimator(kernel, step.params["classes"], ordinary)

    def trees(self, step: PortableStep, threads: int) -> estimators.Estimator:
        """Return the estimator of a forest: the kernel where it wins, else the interpreter."""
        ordinary = trees(step, threads)
        kernel, choice = chosen_forest(step, self.library)
        self.choices.append(choice)
        return ordinary if kernel is None else forest_estimator(kernel, step.params["classes"], ordinary)

    @property
    def estimators(self) -> dict[str, Callable[[PortableStep, int], estimators.Estimator]]:
        """What :func:`mesic.bundle.portable.compile_pipeline` takes."""
        return {"lightgbm": self.lightgbm, "trees": self.trees}


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
    choice = compared(kernel, lightgbm or _answers_of(step), telling_rows(model))
    return (kernel if choice.answers == KERNEL else None), choice


def chosen_forest(step: PortableStep, library: Path | str) -> tuple[ForestKernel | None, Choice]:
    """Return the kernel of a ``trees`` step where it is to answer, and why, or why not; as :func:`chosen`."""
    if not isinstance(library, Path):
        return None, Choice(INTERPRETER, library)
    try:
        kernel = ForestKernel(library, forest_arrays(step))
    except (Unsuited, NoLibrary) as why:
        return None, Choice(INTERPRETER, str(why))
    ordinary, rows = trees(step, 1), forest_rows(step)
    names = tuple(map(str, range(rows.shape[1])))
    choice = compared(
        forest_estimator(kernel, step.params["classes"], ordinary), ordinary, Matrix(rows, names), INTERPRETER
    )
    return (kernel if choice.answers == KERNEL else None), choice


def _answers_of(step: PortableStep) -> Answers:
    booster = estimators.booster_of(step)
    return lambda rows: np.asarray(booster.predict(rows, num_threads=1))


def compared(kernel: Answers, other: Answers, rows: Any, name: str = LIGHTGBM) -> Choice:
    """Return who answers: both are asked about telling rows, on one thread, some times."""
    own, own_s = _timed(lambda: kernel(rows))
    wanted, wanted_s = _timed(lambda: other(rows))
    if not np.array_equal(own.view(np.uint64), wanted.view(np.uint64)):
        differing = int((own != wanted).reshape(len(rows), -1).any(axis=1).sum())
        return Choice(name, f"the kernel answers {differing:,} of {len(rows):,} rows otherwise", len(rows))
    ratio = round(wanted_s / own_s, 2)
    if ratio <= 1:
        return Choice(name, "the kernel is not faster", len(rows), ratio)
    return Choice(KERNEL, f"the same bits on {len(rows):,} rows, {ratio:.1f} times as fast", len(rows), ratio)


def _timed(answer: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return an answer and the least seconds that it took, of this thread's own: other work decides nothing."""
    least, found = np.inf, np.empty(0)
    for _ in range(LOOKS):
        start = time.thread_time()
        found = answer()
        least = min(least, time.thread_time() - start)
    return found, least


def _estimator(kernel: Kernel, classes: int, ordinary: estimators.Estimator) -> estimators.Estimator:
    def run(matrix: Matrix) -> np.ndarray:
        if matrix.values.shape[1] != kernel.width:
            return ordinary(matrix)  # LightGBM says what is wrong
        answer = kernel(matrix.values)
        return np.stack([1 - answer, answer], axis=1) if classes == 2 else answer

    return run


def forest_estimator(kernel: ForestKernel, classes: int, ordinary: estimators.Estimator) -> estimators.Estimator:
    """Return an estimator that the kernel answers; rows that lack a column are the interpreter's to refuse."""

    def run(matrix: Matrix) -> np.ndarray:
        if matrix.values.shape[1] < kernel.width:
            return ordinary(matrix)
        answer = kernel(matrix.values)
        return answer if classes else answer[:, 0]

    return run
