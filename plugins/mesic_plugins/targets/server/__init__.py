"""The target ``server``."""

from mesic_plugins.targets.server.target import Server

__all__ = ["Server"]
