"""One seed for the run, one for each stage: derived from the stage's name, never from the order of calls."""

import hashlib

import numpy as np


def stage_seed(seed: int, stage: str) -> int:
    """Return a stage's seed, 0 to 2**31 - 1.

    Examples
    --------
    >>> stage_seed(0, "partition") == stage_seed(0, "partition") != stage_seed(0, "fit")
    True
    """
    key = int.from_bytes(hashlib.blake2b(stage.encode(), digest_size=4).digest(), "little")
    return int(np.random.SeedSequence(entropy=seed, spawn_key=(key,)).generate_state(1)[0] >> 1)


def stage_rng(seed: int, stage: str) -> np.random.Generator:
    """Return a stage's own generator."""
    return np.random.default_rng(stage_seed(seed, stage))
