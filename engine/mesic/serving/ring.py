"""Bytes from one process to another through memory that they share: no call of the system, nobody waits for anybody."""

import mmap
from collections.abc import Iterator

CAPACITY = 2**23
FULL_BYTES = 4_096  # with less room than this, what would be put in need not be made ready
MARKS = 16
SIZE_BYTES = 4


def ring_memory_size(slots: int, capacity: int = CAPACITY) -> int:
    """Return the bytes that so many rings take; pages that nobody has written to take none."""
    return slots * (MARKS + capacity)


class Ring:
    r"""One of several rings that lie side by side: one process puts records in, one takes them out.

    Parameters
    ----------
    memory
        What :func:`ring_memory_size` says, zeros at first; a process that follows another goes on where it was.
    slot
        Which ring, from 0.
    capacity
        Bytes that wait at most, records' sizes among them.

    Notes
    -----
    Only what was there at the look before is taken: by then it has reached every processor, also of those that write
    to memory in another order than the program's.

    Examples
    --------
    >>> memory = mmap.mmap(-1, ring_memory_size(1, 12))
    >>> giving, taking = Ring(memory, 0, 12), Ring(memory, 0, 12)
    >>> giving.put(b"three"), giving.put(b"more than there is room for")
    (True, False)
    >>> list(taking.take()), list(taking.take())
    ([], [b'three'])
    """

    def __init__(self, memory: mmap.mmap, slot: int, capacity: int = CAPACITY) -> None:
        own = memoryview(memory)[slot * (MARKS + capacity) : (slot + 1) * (MARKS + capacity)]
        self.capacity = capacity
        self._marks, self._cells = own[:MARKS].cast("Q"), own[MARKS:]
        self._written = self._seen = self._marks[0]

    def is_full(self) -> bool:
        """Return whether there is little room left."""
        return self._written - self._marks[1] > self.capacity - min(FULL_BYTES, self.capacity)

    def put(self, record: bytes) -> bool:
        """Put a record in; return False where there is no room for it."""
        end = self._written + SIZE_BYTES + len(record)
        if end - self._marks[1] > self.capacity:
            return False
        self._write(len(record).to_bytes(SIZE_BYTES, "little") + record)
        self._marks[0] = self._written = end
        return True

    def _write(self, data: bytes) -> None:
        start = self._written % self.capacity
        end = start + len(data)
        if end <= self.capacity:
            self._cells[start:end] = data
        else:
            first = self.capacity - start
            self._cells[start:], self._cells[: end - self.capacity] = data[:first], data[first:]

    def take(self) -> Iterator[bytes]:
        """Yield the records that were there at the last look; each is out before it is yielded."""
        until, self._seen = self._seen, self._marks[0]
        while (start := self._marks[1]) < until:
            size = int.from_bytes(self._read(start, SIZE_BYTES), "little")
            record = self._read(start + SIZE_BYTES, size)
            self._marks[1] = start + SIZE_BYTES + size
            yield record

    def _read(self, place: int, size: int) -> bytes:
        start = place % self.capacity
        end = start + size
        if end <= self.capacity:
            return bytes(self._cells[start:end])
        return bytes(self._cells[start:]) + bytes(self._cells[: end - self.capacity])
