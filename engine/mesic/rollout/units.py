"""A number between 0 and 1 for every unit: chance that can be drawn again, from names instead of hidden state."""

import hashlib
from collections.abc import Sequence
from zlib import crc32

import numpy as np

_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = 2**64 - 1
_PLACES = 2.0**-53


def key_of(seed: int, *names: str) -> int:
    """Return 64 bits that a seed and names stand for.

    Examples
    --------
    >>> key_of(0, "a") == key_of(0, "a") != key_of(1, "a")
    True
    """
    said = "\n".join([str(seed), *names]).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little")


def number_of(unit: str, key: int) -> float:
    """Return a unit's number, from 0 and below 1, uniform over units and independent between keys.

    The unit's CRC-32 is mixed with the key by the finaliser of SplitMix64. Two of a hundred thousand units have one
    CRC, and then one number under every key.

    References
    ----------
    G. L. Steele, D. Lea and C. H. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.

    Examples
    --------
    >>> round(number_of("anna", 7), 6) == round(float(numbers_of(["anna", "bert"], 7)[0]), 6)
    True
    """
    z = (crc32(unit.encode()) * _STEP + key) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return float((z ^ (z >> 31)) >> 11) * _PLACES


def numbers_of(units: Sequence[str], key: int) -> np.ndarray:
    """Return the numbers of many units, shape (n,), each as :func:`number_of` says."""
    words = np.array([crc32(unit.encode()) for unit in units], dtype=np.uint64)
    z = words * np.uint64(_STEP) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
    numbers: np.ndarray = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * _PLACES
    return numbers
