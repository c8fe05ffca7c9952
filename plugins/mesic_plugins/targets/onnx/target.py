"""A bundle as one file of ONNX, preprocessing included, and the Python file that reads cells for it."""

import re
import sys
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

from mesic import Built, ComponentError, ProcessDoor, SettingError, UsageError
from mesic_plugins.targets.program import lowered

WITHIN = 1e-12  # sums of many terms, and exponentials, are rounded otherwise in the last digits
NEEDED = ("onnx", "onnxruntime")


@dataclass(frozen=True)
class Stamp:
    """What stands in every file: names, version, bundle, last day."""

    name: str
    version: str
    bundle: str
    last_day: int | None


class Onnx:
    """One model of ONNX, float64 throughout, and a Python file that asks it.

    Parameters
    ----------
    prefix : str
        What the files begin with.

    Raises
    ------
    SettingError
        A name cannot be one.
    ComponentError
        The extra ``onnx`` is not installed.
    """

    def __init__(self, prefix="model"):
        self.prefix = prefix
        if not re.fullmatch(r"[a-z][a-z0-9_]*", prefix):
            raise SettingError("prefix", prefix, "a name such as income: a-z, 0-9 and _")
        if lost := [name for name in NEEDED if find_spec(name) is None]:
            raise ComponentError(f"target=onnx needs {' and '.join(lost)}: pip install 'mesic[onnx]'")

    def build(self, bundle, folder, release):
        """Write the files."""
        from mesic_plugins.targets.onnx import answer_form
        from mesic_plugins.targets.onnx.model import model_of

        _refuse(bundle)
        program, decision = lowered(bundle, "onnx")
        stamp = Stamp(self.prefix, release.version, release.bundle, release.last_day)
        last = release.expires.isoformat() if release.expires else ""
        facts = {"version": release.version, "bundle": release.bundle, "expires": last}
        made = model_of(program, decision, bundle.classes, bundle.inputs, facts)
        (folder / f"{self.prefix}.onnx").write_bytes(made.SerializeToString(deterministic=True))
        source = answer_form.source(stamp, bundle.classes, bundle.inputs)
        (folder / f"{self.prefix}.py").write_text(source, encoding="utf-8")
        return self._told(bundle)

    def _told(self, bundle):
        name = self.prefix
        opsets = "opset 21 and ai.onnx.ml 5"
        needs = [
            f"{name}.onnx: a runtime for {opsets}, such as onnxruntime {version('onnxruntime')}",
            f"{name}.py: Python 3.8 or later, onnxruntime, numpy",
        ]
        cannot = [
            f"{name}.onnx by itself: read text as numbers, refuse rows, or expire; {name}.py does that before",
            "tell why or how sure it is, or abstain",
            "log what it answers",
        ]
        if any(one.reading == "time" for one in bundle.inputs):
            cannot.append(f"{name}.onnx by itself: read moments; they come as days since 1970, UTC")
        return Built(needs, cannot)

    def doors(self, folder):
        """Return the door: onnxruntime in a process of its own."""
        return {"onnxruntime": ProcessDoor([sys.executable, str((folder / f"{self.prefix}.py").resolve())], WITHIN)}


def _refuse(bundle):
    """Raise UsageError where cells would be read otherwise than in the bundle."""
    if bundle.moments:
        raise UsageError(
            "target=onnx answers at once and cannot hide cells that are known later, which "
            f"{', '.join(bundle.moments)} decide: answer with target=server, or mesic predict"
        )
    if strange := [one.name for one in bundle.inputs if one.cells == "time"]:
        raise UsageError(f"target=onnx has no spelling of moments as levels: {', '.join(strange)}")
