"""One fitted step as data: a word of the engine's vocabulary, and the numbers it needs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mesic.errors import DataError

_DESCRIPTION, _TEXT, _BLOB = "step.json", "text.txt", "blob.skops"
_KINDS = "biuf"  # NumPy's letters for booleans, whole numbers and floats


@dataclass(frozen=True, eq=False)
class PortableStep:
    """A fitted step, described so that any language can run it.

    Parameters
    ----------
    op
        A word that the interpreter knows, such as ``"linear"``; :mod:`mesic.bundle.portable` lists them.
    params
        Whatever JSON can hold.
    arrays
        Arrays of booleans, whole numbers or floats, of any shape.
    text
        A model in its library's own words.
    blob
        What skops wrote.
    members
        Pipelines that the step puts together, each of several steps.

    Raises
    ------
    ValueError
        An array holds something other than numbers, or its name could not be a file's.

    Examples
    --------
    >>> step = PortableStep("scale", {}, {"center": np.zeros(2), "scale": np.ones(2)})
    >>> step.digest() == PortableStep("scale", {}, {"center": np.zeros(2), "scale": np.ones(2)}).digest()
    True
    """

    op: str
    params: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    text: str = ""
    blob: bytes = b""
    members: tuple[tuple["PortableStep", ...], ...] = ()

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            _check_name(name)
            if array.dtype.kind not in _KINDS or not array.dtype.isnative:
                raise ValueError(f"array {name!r} of step {self.op!r} has type {array.dtype}: give numbers")

    def digest(self) -> str:
        """Return the SHA-256 of everything that the step says, in hexadecimal."""
        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
        return digest.hexdigest()

    def _pieces(self) -> Iterator[bytes]:
        yield _canonical({"op": self.op, "params": self.params})
        for name in sorted(self.arrays):
            array = self.arrays[name]
            yield _canonical([name, array.dtype.str, array.shape])
            yield array.tobytes()
        yield self.text.encode()
        yield self.blob
        for member in self.members:
            yield _canonical([step.digest() for step in member])

    def every(self) -> Iterator["PortableStep"]:
        """Yield the step and all steps of its members."""
        yield self
        for member in self.members:
            for step in member:
                yield from step.every()

    def save(self, folder: Path) -> None:
        """Write the step into a new or empty folder: JSON, an Arrow file an array, text, skops."""
        folder.mkdir(parents=True, exist_ok=True)
        shapes = {name: {"type": array.dtype.str, "shape": array.shape} for name, array in self.arrays.items()}
        sizes = [len(member) for member in self.members]
        description = {"op": self.op, "params": self.params, "arrays": shapes, "members": sizes}
        text = json.dumps(description, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (folder / _DESCRIPTION).write_bytes(text.encode())
        for name, array in self.arrays.items():
            _write_array(folder / f"{name}.arrow", array)
        if self.text:
            (folder / _TEXT).write_bytes(self.text.encode())
        if self.blob:
            (folder / _BLOB).write_bytes(self.blob)
        for number, member in enumerate(self.members):
            for place, step in enumerate(member):
                step.save(_member_folder(folder, number, place))

    @classmethod
    def load(cls, folder: Path) -> "PortableStep":
        """Read what :meth:`save` wrote; nothing in it is run.

        Raises
        ------
        DataError
            A file is missing or cannot be read.
        """
        try:
            description = json.loads((folder / _DESCRIPTION).read_bytes())
            arrays = {name: _read_array(folder, name, **kind) for name, kind in description["arrays"].items()}
            text, blob = _bytes_of(folder / _TEXT).decode(), _bytes_of(folder / _BLOB)
            members = tuple(
                tuple(cls.load(_member_folder(folder, number, place)) for place in range(size))
                for number, size in enumerate(description["members"])
            )
            return cls(description["op"], description["params"], arrays, text, blob, members)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
            raise DataError(f"{folder} holds no readable step: {error}") from error


def _member_folder(folder: Path, number: int, place: int) -> Path:
    return folder / f"member-{number:02d}" / f"{place:02d}"


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _check_name(name: str) -> None:
    """Refuse what could lead out of the folder."""
    if not name.isidentifier():
        raise ValueError(f"array {name!r} cannot be a file's name: give letters, digits and _")


def _write_array(path: Path, array: np.ndarray) -> None:
    batch = pa.record_batch([pa.array(np.ascontiguousarray(array).reshape(-1))], names=["values"])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def _read_array(folder: Path, name: str, *, type: str, shape: list[int]) -> np.ndarray:  # noqa: A002 - the key in the file
    _check_name(name)
    if np.dtype(type).kind not in _KINDS:  # others could take any memory, or hold objects
        raise ValueError(f"array {name!r} has type {type!r}: give numbers")
    content = (folder / f"{name}.arrow").read_bytes()
    table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
    table.validate(full=True)  # as Arrow asks of bytes that somebody else wrote
    flat = table.column("values").combine_chunks().to_numpy(zero_copy_only=False)
    return np.array(flat, dtype=np.dtype(type)).reshape(shape)
