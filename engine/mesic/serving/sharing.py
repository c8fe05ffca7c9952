"""Memory that processes share: one makes it, those that it starts map it."""

import os
import tempfile


def shared_memory(size: int) -> int:
    """Return a file descriptor of so many bytes of memory, zeros; nothing of it stays when its processes have gone."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("mesic")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
