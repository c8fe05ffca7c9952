"""Records of a growing file, answers appended to another."""

from mesic_plugins.streams.file.stream import File

__all__ = ["File"]
