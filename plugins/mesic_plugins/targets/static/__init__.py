"""The target ``static``."""

from mesic_plugins.targets.static.target import Static

__all__ = ["Static"]
