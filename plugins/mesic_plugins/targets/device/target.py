"""A bundle as a parameter file that is read by a small reader, in a browser or in Python, and replaced as a whole."""

import hashlib
import json
import re
import sys

import numpy as np
import pyarrow.parquet as pq

from mesic import Built, CheckFailed, ProcessDoor, SettingError, invented_rows, with_envelope
from mesic_plugins.targets.device import engines, file_form, javascript_reader, page, python_reader
from mesic_plugins.targets.device.browser_door import BrowserDoor
from mesic_plugins.targets.device.signing import signer
from mesic_plugins.targets.program import lowered, refuse_unreadable

FORMS = ("js", "python")
WITHIN = 1e-12  # the mathematics library of another machine may round the last digits otherwise
PUBLIC, KEY = "public", "signed_by.txt"
PARTS_OF_HEAD = {"columns": "columns and their levels", "self_test": "its own test", "program": "calls of kernels"}
PACKAGE = {"type": "module", "exports": "./mesic_device.js", "private": True}


class Device:
    """A versioned, digested, signed parameter file, and readers of it in JavaScript and Python.

    Parameters
    ----------
    forms : list of str
        Readers: ``js``, ``python``.
    prefix : str
        What the file is called.
    serial : int
        Number of the release: no device takes one that is below the one it has.
    key : str, optional
        A file with an Ed25519 private key, which signs.
    max_kib : float, optional
        How large the parameter file may be.
    engine : str
        What proves JavaScript: ``node``, ``browser``, ``both``, or ``auto``, whichever is there.

    Raises
    ------
    SettingError
        A form is unknown, or the prefix cannot be one of a file.
    """

    def __init__(self, forms=FORMS, prefix="model", serial=0, key=None, max_kib=None, engine="auto"):
        self.forms, self.prefix, self.serial = tuple(forms), prefix, serial
        self.key, self.max_kib, self.engine = key, max_kib, engine
        if not self.forms or set(self.forms) - set(FORMS):
            raise SettingError("forms", list(self.forms), "some of [js, python]")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", prefix):
            raise SettingError("prefix", prefix, "a name such as income: letters, digits, _, . and -")

    def build(self, bundle, folder, release):
        """Write file and readers."""
        refuse_unreadable(bundle, "device")
        if "js" in self.forms:
            engines.chosen(self.engine)
        program, decision = lowered(bundle, "device")
        key, sign = signer(self.key) if self.key else (None, None)
        arrays = file_form.Arrays()
        head = self._head(bundle, release) | file_form.answering_form(program, decision, arrays)
        content = file_form.sealed(head, arrays.body, sign)
        sizes = _sizes(head, arrays, len(content))
        self._refuse_large(len(content), sizes)
        files = {f"{self.prefix}.mesic": content, **self._readers(content)}
        (folder / PUBLIC).mkdir()
        for name, written in files.items():
            (folder / PUBLIC / name).write_bytes(written if isinstance(written, bytes) else written.encode())
        if key:
            (folder / KEY).write_text(key + "\n", encoding="utf-8")
        facts = {"serial": self.serial, "signed_by": key, "file_bytes": len(content), "sizes": sizes}
        digest = hashlib.sha256(content[:-32]).hexdigest()
        return Built(self._requirements(), self._lacks(bundle, program), facts | {"file_digest": digest})

    def _head(self, bundle, release):
        rows, answers = invented_rows(bundle)
        return {
            "name": self.prefix,
            "predicts": bundle.manifest["target"],
            "version": release.version,
            "serial": self.serial,
            "bundle": release.bundle,
            "expires": release.expires and release.expires.isoformat(),
            "last_day": release.last_day,
            "classes": list(bundle.classes),
            "blanks": list(bundle.inputs[0].blanks),
            "truths": dict(bundle.inputs[0].truths),
            "columns": [file_form.column_form(column) for column in bundle.inputs],
            "score_edges": _score_edges(bundle),
            "self_test": {
                "rows": [[row[column.name] for column in bundle.inputs] for row in rows],
                "answers": [list(answer.values()) for answer in answers],
            },
        }

    def _readers(self, content):
        found = {}
        if "js" in self.forms:
            found["mesic_device.js"] = javascript_reader.module()
            found["mesic_device.cjs"] = javascript_reader.script()
            found["mesic_device_cli.js"] = javascript_reader.program()
            found["package.json"] = json.dumps(PACKAGE, indent=1) + "\n"
            found["index.html"] = page.page(content)
        if "python" in self.forms:
            found["mesic_device.py"] = python_reader.source()
        return found

    def _refuse_large(self, size, sizes):
        if self.max_kib is not None and size > self.max_kib * 1024:
            parts = ", ".join(f"{part} {of / 1024:.1f}" for part, of in sorted(sizes.items(), key=lambda one: -one[1]))
            raise CheckFailed(
                f"{self.prefix}.mesic takes {size / 1024:.1f} KiB, and target.max_kib={self.max_kib:g} allows no more: "
                f"{parts}; give a smaller model (fewer trees, zone.prefer=simplest), or a larger target.max_kib"
            )

    def _requirements(self):
        found = []
        if "js" in self.forms:
            found.append("mesic_device.js: a browser of 2023 or later, or Node.js 20; no dependency")
        if "python" in self.forms:
            found.append("mesic_device.py: Python 3.8 or later, its standard library")
        return found

    def _lacks(self, bundle, program):
        found = [f"be given away whole: only {PUBLIC}/ may; proof/ holds rows of your data"]
        found += ["tell why or how sure it is, or abstain", "log what it answers; it counts"]
        if not self.key:
            found.append("prove who made it: its digest finds damage, not intent; give target.key")
        elif "js" in self.forms:
            found.append("verify its signature in a browser without Ed25519 or a page without https: it is refused")
        if not self.serial:
            found.append("keep a device from going back to an older file; give target.serial")
        if any(one.reading == "time" for one in bundle.inputs):
            found.append("read moments that are not written as 2026-01-31T12:00:00Z or its parts: it refuses them")
        if "words" in program.kernels:
            found.append("part words alike where a browser or Python knows letters of a newer Unicode")
        return found

    def doors(self, folder):
        """Return the door of each reader."""
        home = (folder / PUBLIC).resolve()
        found: dict[str, object] = {}
        file, key = home / f"{self.prefix}.mesic", folder / KEY
        keys = [key.read_text(encoding="utf-8").strip()] if key.is_file() else []
        words = ["answer", str(file), *(f"--key={one}" for one in keys)]
        if "python" in self.forms:
            reader = [sys.executable, "-I", "-S", str(home / "mesic_device.py")]
            found["python"] = ProcessDoor([*reader, *words], WITHIN)
        programs = engines.chosen(self.engine) if "js" in self.forms else {}
        if "node" in programs:
            found["node"] = ProcessDoor([programs["node"], str(home / "mesic_device_cli.js"), *words], WITHIN)
        if "browser" in programs:
            found["browser"] = BrowserDoor(
                programs["browser"], home / "mesic_device.js", file, keys=keys, tolerance=WITHIN
            )
        return found


def _score_edges(bundle):
    """Return where the histogram of scores is cut: at twentieths, of values at their rounded quantiles."""
    shares = np.arange(1, 20) / 20
    if bundle.classes:
        return shares.tolist()
    answers = with_envelope(bundle, "open").predict(pq.ParquetFile(bundle.folder / "confidence.parquet").read())[
        "prediction"
    ]
    known = answers[np.isfinite(answers)]
    return sorted({float(f"{edge:.3g}") for edge in np.quantile(known, shares)}) if len(known) else []


def _sizes(head, arrays, size):
    """Return how many bytes each part of a file takes."""
    parts = {
        told: len(json.dumps(head[name], ensure_ascii=False, separators=(",", ":")).encode())
        for name, told in PARTS_OF_HEAD.items()
    }
    parts |= dict(arrays.sizes)
    return parts | {"all else": size - sum(parts.values())}
