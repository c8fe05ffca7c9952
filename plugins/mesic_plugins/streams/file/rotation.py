"""Which file on disk is the one that was read: by its number, and by what stands where it was read."""

import hashlib
import os
import re

MARK = 256


def mark_of(file, offset):
    """Return digests of the first bytes of an open file, and of those before `offset`."""
    length = min(MARK, offset)
    pieces = os.pread(file, length, 0), os.pread(file, length, offset - length)
    return [hashlib.sha256(piece).hexdigest()[:32] for piece in pieces]


def is_read_until(path, offset, mark):
    """Return whether a file holds what was read until `offset`."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.fstat(file).st_size >= offset and mark_of(file, offset) == mark
    finally:
        os.close(file)


def number_of(path):
    """Return the number of a file on its disk, None where there is no file."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def rotated(path):
    """Return the files that were rotated away from `path`, such as ``in.jsonl.1``, the oldest first."""
    name = re.compile(re.escape(path.name) + r"[.-]\d[\d.-]*")
    found = []
    for one in path.parent.iterdir():
        if name.fullmatch(one.name) and one.is_file():
            status = one.stat()
            found.append(((status.st_mtime_ns, one.name), one))
    return [one for _, one in sorted(found)]


def follower(path, number, changed_ns):
    """Return the file to read after one, known by its number and last change: one that turned later, or `path`."""
    for one in rotated(path):
        status = one.stat()
        if status.st_mtime_ns > changed_ns and status.st_ino != number:
            return one
    return path
