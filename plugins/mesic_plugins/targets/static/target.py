"""A bundle as files that become a part of another program."""

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mesic import Built, ProcessDoor, SettingError
from mesic_plugins.targets.program import lowered, refuse_unreadable
from mesic_plugins.targets.static import c_form, compiling, python_form

FORMS = ("c", "python")
WITHIN = 1e-12  # the mathematics library of another machine may round the last digits otherwise
C_KEYWORDS = frozenset(
    (
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
    )
)


@dataclass(frozen=True)
class Stamp:
    """What stands in every file: names, version, bundle, last day."""

    name: str
    version: str
    bundle: str
    expires: str | None
    last_day: int | None


class Static:
    """One file of C99 with its header, and one of Python: preprocessing, model, decision, version and last day.

    Parameters
    ----------
    forms : list of str
        ``c``, ``python``.
    executable : bool
        Whether a program is made, too, that reads CSV or JSON lines.
    prefix : str
        What files and names begin with.
    compiler : str
        The C compiler.

    Raises
    ------
    SettingError
        A form is unknown, a name cannot be one in C, or there is no compiler where one is needed.
    """

    def __init__(self, forms=FORMS, executable=False, prefix="model", compiler="cc"):
        self.forms, self.executable, self.prefix, self.compiler = tuple(forms), executable, prefix, compiler
        if not self.forms or set(self.forms) - set(FORMS):
            raise SettingError("forms", list(self.forms), "some of [c, python]")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", prefix) or prefix in C_KEYWORDS:
            raise SettingError("prefix", prefix, "a name such as income: a-z, 0-9 and _, no word of C")
        if ("c" in self.forms or executable) and not compiling.is_there(compiler):
            raise SettingError(
                "compiler", compiler, "a C compiler that is installed, or forms=[python]: what cannot run is not proven"
            )

    def build(self, bundle, folder, release):
        """Write the files."""
        refuse_unreadable(bundle, "static")
        program, decision = lowered(bundle, "static")
        last = release.expires and release.expires.isoformat()
        stamp = Stamp(self.prefix, release.version, release.bundle, last, release.last_day)
        told = stamp, program, decision, bundle.classes, bundle.inputs
        if "python" in self.forms:
            (folder / f"{self.prefix}.py").write_text(python_form.source(*told), encoding="utf-8")
        if "c" in self.forms or self.executable:
            self._write_c(folder, told)
        if self.executable:
            compiling.compiled(self.compiler, self._c_files(folder), folder / self.prefix)
        return self._told(program, bundle)

    def _write_c(self, folder, told):
        stamp, *_, classes, columns = told
        files = {
            f"{self.prefix}.h": c_form.header(stamp, classes, columns),
            f"{self.prefix}.c": c_form.source(*told),
            f"{self.prefix}_main.c": c_form.main(columns),
        }
        for name, content in files.items():
            (folder / name).write_text(c_form.named(content, self.prefix), encoding="utf-8")

    def _told(self, program, bundle):
        requirements, cannot = [], ["tell why or how sure it is, or abstain", "log what it answers"]
        if "python" in self.forms:
            requirements.append(f"{self.prefix}.py: Python 3.8 or later, its standard library")
        if "c" in self.forms:
            stack = c_form.stack_bytes(program, len(bundle.inputs))
            requirements.append(f"{self.prefix}.c: C99, math.h, string.h, no heap, some {stack:,} bytes of stack")
        if self.executable:
            requirements.append(f"{self.prefix}: {sys.platform}, and the C library that it was linked with")
        if any(one.reading == "time" for one in bundle.inputs):
            cannot.append("read moments that are not written as 2026-01-31T12:00:00Z or its parts: it refuses them")
        return Built(requirements, cannot)

    def doors(self, folder):
        """Return the door of each form."""
        found: dict[str, object] = {}
        if "python" in self.forms:
            found["python"] = ProcessDoor(
                [sys.executable, "-I", "-S", str((folder / f"{self.prefix}.py").resolve())], WITHIN
            )
        if "c" in self.forms:
            found["c"] = CompiledDoor(self.compiler, self._c_files(folder))
        if self.executable:
            found["executable"] = ProcessDoor([str((folder / self.prefix).resolve())], WITHIN)
        return found

    def _c_files(self, folder):
        return [folder / f"{self.prefix}.c", folder / f"{self.prefix}_main.c"]


class CompiledDoor:
    """C that is compiled anew each time it is asked, as strictly as can be: a warning is an error."""

    tolerance = WITHIN

    def __init__(self, compiler, files):
        self.compiler, self.files = compiler, files

    def ask(self, rows):
        """Return an answer a row."""
        with tempfile.TemporaryDirectory() as name:
            program = Path(name) / "program"
            compiling.compiled(self.compiler, self.files, program)
            return ProcessDoor([str(program)], self.tolerance).ask(rows)
