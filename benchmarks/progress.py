"""Whether the stated chance that going on improves a search comes true.

    python benchmarks/progress.py [SEARCHES]

SEARCHES (400) drawn landscapes of one to six options with a noise of their own, half of them searched at random, half
by TPE, 120 trials each. After 15, 20, 30 and 60 trials: the chance that up to three times as many bring a loss that
beats the best by more than the noise, beside how often they did. The peer says what holds for independent trials,
more / (so far + more), whatever the noise. Some minutes on one core.
"""

import sys
import warnings
from collections.abc import Iterator

import numpy as np
import optuna
from measure import show

from mesic.training.progress import chance_of_improvement

TRIALS, STARTS = 120, (15, 20, 30, 60)
NOISES = (0.5, 1.0, 1.5)  # by how many standard deviations of the noise the best is to be beaten
BINS = np.array([0.2, 0.4, 0.6, 0.8])


def main(searches: int) -> None:
    """Print calibration and score of the stated chances."""
    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for tuner in ("random", "tpe"):
        told = [one for seed in range(searches // 2) for one in questions(*searched(tuner, seed))]
        chance, peer, came = (np.array(column) for column in zip(*told, strict=True))
        for name, stated in (("ours", chance), ("peer: independent trials", peer)):
            show({"figure": "chance of an improvement", "tuner": tuner, "rule": name} | calibration(stated, came))


def calibration(stated: np.ndarray, came: np.ndarray) -> dict[str, object]:
    """Return stated chances and how often they came true, by fifths, and the Brier score."""
    place = np.digitize(stated, BINS)
    fifths = [_fifth(stated[place == n], came[place == n]) for n in range(BINS.size + 1) if (place == n).any()]
    return {"worst": max(abs(one["stated"] - one["came"]) for one in fifths if one["n"] >= 100)} | {
        "brier": float(((stated - came) ** 2).mean()),
        "brier of the mean": float(came.mean() * (1 - came.mean())),
        "fifths": fifths,
    }


def _fifth(stated: np.ndarray, came: np.ndarray) -> dict[str, float]:
    return {"stated": float(stated.mean()), "came": float(came.mean()), "n": came.size}


def questions(losses: np.ndarray, noise: float) -> Iterator[tuple[float, float, bool]]:
    """Yield the stated chance, the peer's, and whether an improvement came, for each start and number more."""
    for start in STARTS:
        for more in (start, 2 * start, 3 * start):
            if start + more > TRIALS:
                continue
            for share in NOISES:
                best = np.minimum.accumulate(losses[:start])
                improved = np.flatnonzero(losses[1:start] < best[:-1] - share * noise) + 1
                chance = chance_of_improvement(improved.tolist(), start, more)
                came = losses[start : start + more].min() < best[-1] - share * noise
                yield chance, more / (start + more), bool(came)


def searched(tuner: str, seed: int) -> tuple[np.ndarray, float]:
    """Return the losses of a search in the order of trying, and the standard deviation of their noise."""
    rng = np.random.default_rng([seed, tuner == "tpe"])
    options = int(rng.integers(1, 7))
    best, slope, power = rng.uniform(0.1, 0.9, options), rng.exponential(size=options), rng.choice([1.0, 2.0, 4.0])
    noise = 0.2 * 10 ** rng.uniform(-3, -0.5)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed)) if tuner == "tpe" else None
    losses = []
    for _ in range(TRIALS):
        trial = study.ask() if study else None
        x = np.array([trial.suggest_float(f"x{n}", 0, 1) if trial else rng.random() for n in range(options)])
        losses.append(float((slope * np.abs(x - best) ** power).sum() / slope.sum() + noise * rng.normal()))
        if study:
            study.tell(trial, losses[-1])
    return np.array(losses), noise


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
