"""What a bundle computes, as calls of a few small kernels that every language has under the same names."""

from mesic_plugins.targets.program.lowering import lowered
from mesic_plugins.targets.program.program import KERNELS, Call, Decision, Program

__all__ = ["KERNELS", "Call", "Decision", "Program", "lowered"]
