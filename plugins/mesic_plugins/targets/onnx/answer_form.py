"""The Python file that reads cells as the bundle does, and asks the model of ONNX beside it."""

from pathlib import Path

from mesic_plugins.targets.static.parts import parts_of

STATIC, HERE = Path(__file__).parent.parent / "static", Path(__file__).parent


def source(stamp, classes, columns):
    """Return the file."""
    kernels = parts_of(STATIC / "kernels.py")
    answering, door, asking = (
        parts_of(STATIC / "answering.py"),
        parts_of(STATIC / "door.py"),
        parts_of(HERE / "asking.py"),
    )
    imports = {*answering.imports, *door.imports, *asking.imports, "from pathlib import Path", "import sys"}
    lines = [
        f'"""{stamp.name} {stamp.version}: predict(row) asks {stamp.name}.onnx; written by mesic, not by hand."""',
        "\n".join(sorted(imports - {"from typing import Any"}, key=lambda line: line.split()[1])),
        "\n".join(('BLANK = float("nan")', *answering.constants)),
        f"NAME, VERSION, BUNDLE = {stamp.name!r}, {stamp.version!r}, {stamp.bundle!r}",
        kernels.named["is_missing"],
        *(text for name, text in answering.named.items() if name != "decided"),
        *asking.named.values(),
        *door.named.values(),
        f"CLASSES = {tuple(classes)!r}",
        f"INPUTS = [\n{''.join(f'    {_input(column)},{chr(10)}' for column in columns)}]",
        f"BLANKS = frozenset({columns[0].blanks!r})",
        f"TRUTHS = {dict(columns[0].truths)!r}",
        f"LAST_DAY = {stamp.last_day!r}",
        f'MODEL = OnnxModel(\n    Path(__file__).with_name("{stamp.name}.onnx").read_bytes(), INPUTS, CLASSES, '
        "blanks=BLANKS, truths=TRUTHS, last_day=LAST_DAY\n)\npredict = MODEL.predict",
        'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))',
    ]
    return "\n\n\n".join(lines) + "\n"


def _input(column):
    allowed = None if column.allowed is None else f"frozenset({sorted(column.allowed)!r})"
    flags = f"{column.refuses_misfits}, {column.refuses_missing}"
    limits = ", ".join(
        f'float("{end}")' if end in (float("inf"), -float("inf")) else repr(end) for end in _ends(column)
    )
    return f"Column({column.name!r}, {column.reading!r}, {column.cells!r}, {flags}, {limits}, {allowed}, Spelling())"


def _ends(column):
    return float(column.low), float(column.high)
