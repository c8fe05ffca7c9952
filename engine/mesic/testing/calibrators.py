"""What calibrators promise."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mesic.bundle.portable import ANSWERS
from mesic.bundle.step import PortableStep
from mesic.decision.settling import CALIBRATING
from mesic.evaluation.losses import example_losses
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.fitted import global_chance
from mesic.testing.subjects import Subject
from mesic.testing.tables import CLASSES

ROWS = 4_000
BOLD = 3.0  # probabilities to this power
LITTLE = 0.01  # of log loss, that chance in so many rows may cost
CLOSE = 1e-6


class CalibratorContract(ComponentContract, kind="calibrator"):
    """Promises of every calibrator: probabilities stay such, are mended where they are wrong, and kept where not."""

    def cases(self, subject: Subject) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        """Yield a calibrator, probabilities that are right, shape (n, k), and class codes; of each task."""
        for task in subject.component.tasks:
            yield subject.made(task), *drawn(CLASSES[task])

    def test_it_describes_itself_in_portable_words(self, subject: Subject) -> None:
        """What it learned goes into the bundle."""
        for made, p, y in self.cases(subject):
            step = made.fit(p, y).step_
            assert isinstance(step, PortableStep), f"{subject}: step_ is {type(step).__name__}, no mesic.PortableStep"
            assert step.op in CALIBRATING, f"{subject} says {step.op!r}; known: {', '.join(CALIBRATING)}"

    def test_probabilities_stay_probabilities(self, subject: Subject) -> None:
        """From 0 to 1, and together 1, also for what was certain."""
        for made, p, y in self.cases(subject):
            certain = np.eye(p.shape[1])[np.arange(20) % p.shape[1]]
            for what, rows in (("right ones", p), ("bold ones", sharpened(p)), ("certain ones", certain)):
                answer = answers(made.fit(p, y), rows)
                assert answer.shape == rows.shape, f"{subject}: {what} of shape {rows.shape} become {answer.shape}"
                assert np.isfinite(answer).all(), f"{subject}: {what} become no numbers"
                assert ((answer >= 0) & (answer <= 1)).all(), f"{subject}: {what} leave 0 to 1"
                assert np.allclose(answer.sum(axis=1), 1), f"{subject}: {what} do not sum to 1"

    def test_what_is_too_bold_is_mended(self, subject: Subject) -> None:
        """On rows that it did not see the log loss falls."""
        for made, p, y in self.cases(subject):
            before, after = losses(made, sharpened(p), y)
            assert after < before, f"{subject}: bold probabilities lose {before:.4f} before and {after:.4f} after"

    def test_what_is_right_stays_about_right(self, subject: Subject) -> None:
        """On rows that it did not see."""
        for made, p, y in self.cases(subject):
            before, after = losses(made, p, y)
            assert after < before + LITTLE, (
                f"{subject}: right probabilities lose {before:.4f} before, {after:.4f} after"
            )

    def test_a_higher_probability_of_two_classes_never_becomes_lower(self, subject: Subject) -> None:
        """Whoever ranks rows by it ranks them as before."""
        made, p, y = next(self.cases(subject))
        upward = np.linspace(0, 1, 500)
        for known in (p, sharpened(p)):
            second = answers(made.fit(known, y), np.column_stack([1 - upward, upward]))[:, 1]
            assert (np.diff(second) >= -1e-12).all(), f"{subject}: a higher probability becomes a lower one"

    def test_a_weight_of_two_is_a_row_that_stands_there_twice(self, subject: Subject) -> None:
        """For what claims ``weights``."""
        if "weights" not in subject.component.traits:
            return
        for made, p, y in self.cases(subject):
            times = np.random.default_rng(2).integers(1, 4, len(y))
            weighted = answers(made.fit(p, y, sample_weight=times.astype(float)), p)
            rows = np.repeat(np.arange(len(y)), times)
            repeated = answers(made.fit(p[rows], y[rows]), p)
            unheard = answers(made.fit(p, y), p)
            gap, whole = np.abs(weighted - repeated).max(), np.abs(unheard - repeated).max()
            assert gap <= max(CLOSE, 0.25 * whole), (
                f"{subject}: weights count otherwise than repeated rows, by {gap:.2g}"
            )

    def test_only_the_shares_of_weights_count(self, subject: Subject) -> None:
        """Three times the weights are the same weights."""
        if "weights" not in subject.component.traits:
            return
        for made, p, y in self.cases(subject):
            weight = 1.0 + np.arange(len(y)) % 3
            once, thrice = (answers(made.fit(p, y, sample_weight=times * weight), p) for times in (1, 3))
            assert np.abs(once - thrice).max() <= CLOSE, f"{subject}: weights times three say something else"

    def test_the_order_of_rows_does_not_count(self, subject: Subject) -> None:
        """Nor what was fitted before."""
        for made, p, y in self.cases(subject):
            order = np.random.default_rng(1).permutation(len(y))
            first = answers(made.fit(p, y), p)
            again = answers(made.fit(p[order], y[order]), p)
            assert np.abs(first - again).max() <= CLOSE, f"{subject} learns something else from another order of rows"

    def test_a_fit_forgets_the_one_before(self, subject: Subject) -> None:
        """Folds are calibrated one after the other."""
        for made, p, y in self.cases(subject):
            made.fit(sharpened(p)[: ROWS // 2], y[: ROWS // 2])
            again = made.fit(p, y).step_.digest()
            task = next(task for task, classes in CLASSES.items() if classes == p.shape[1])
            assert subject.made(task).fit(p, y).step_.digest() == again, f"{subject} remembers an earlier fit"

    def test_the_same_rows_give_the_same_bytes(self, subject: Subject) -> None:
        """Whatever the state of the global generators."""
        for made, p, y in self.cases(subject):
            found = []
            for state in (1, 2):
                with global_chance(state, subject):
                    found.append(made.fit(p, y).step_.digest())
            assert found[0] == found[1], f"{subject} learns by chance"

    def test_fitting_changes_no_input(self, subject: Subject) -> None:
        """Probabilities, classes and weights stay as they were."""
        for made, p, y in self.cases(subject):
            given = sharpened(p), y.copy(), np.ones(len(y))
            kept = [array.copy() for array in given]
            made.fit(given[0], given[1], sample_weight=given[2])
            for name, before, after in zip(("p", "y", "sample_weight"), kept, given, strict=True):
                np.testing.assert_array_equal(after, before, err_msg=f"{subject}: {name}")

    def test_few_rows_and_one_class_are_learned_from_or_refused(self, subject: Subject) -> None:
        """One row, two rows, a class that never came, probabilities that are all the same."""
        for made, p, y in self.cases(subject):
            alike = y == y[0]
            even = np.full((50, p.shape[1]), 1 / p.shape[1])
            few = {"one row": (p[:1], y[:1]), "two rows": (p[:2], y[:2]), "one class": (p[alike], y[alike])}
            for what, (some, target) in (few | {"one probability": (even, y[:50])}).items():
                with or_refusal(f"{subject}: {what}"):
                    answer = answers(made.fit(some, target), p)
                    assert np.isfinite(answer).all(), f"{subject}: {what}: answers are no numbers"


def drawn(classes: int, rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities, shape (n, k), and class codes that are drawn by them."""
    rng = np.random.default_rng(classes)
    p = rng.dirichlet(np.full(classes, 1.5), rows)
    y = (rng.random(rows)[:, np.newaxis] > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return p, y


def sharpened(p: np.ndarray, power: float = BOLD) -> np.ndarray:
    """Return probabilities that are too bold."""
    bold = p**power
    return np.asarray(bold / bold.sum(axis=1, keepdims=True))


def answers(fitted: Any, p: np.ndarray) -> np.ndarray:
    """Return probabilities as the bundle would make them."""
    return ANSWERS[fitted.step_.op](fitted.step_)(p)


def losses(made: Any, p: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the log loss of one half before and after, the other half being learned from."""
    half = len(y) // 2
    after = answers(made.fit(p[:half], y[:half]), p[half:])
    found = [example_losses("multiclass", y[half:], rows) for rows in (p[half:], after)]
    return float(found[0].mean()), float(found[1].mean())
