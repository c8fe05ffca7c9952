"""The target ``device``."""

from mesic_plugins.targets.device.target import Device

__all__ = ["Device"]
