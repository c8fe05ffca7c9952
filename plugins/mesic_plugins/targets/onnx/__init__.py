"""The target ``onnx``."""

from mesic_plugins.targets.onnx.target import Onnx

__all__ = ["Onnx"]
