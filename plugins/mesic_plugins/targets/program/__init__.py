"""What a bundle computes, as calls of a few small kernels that every language has under the same names."""

from mesic_plugins.targets.program.lowering import lowered
from mesic_plugins.targets.program.program import KERNELS, Call, Decision, Program
from mesic_plugins.targets.program.reading import refuse_unreadable

__all__ = ["KERNELS", "Call", "Decision", "Program", "lowered", "refuse_unreadable"]
