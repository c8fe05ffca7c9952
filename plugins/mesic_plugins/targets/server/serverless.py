"""The zip that a platform without servers runs, and what pip must install beside it."""

import zipfile

from mesic_plugins.targets.server.requirements import pinned_only

NAME, REQUIREMENTS = "serverless.zip", "requirements-serverless.txt"
NEEDED = (
    *("lightgbm", "mesic", "msgspec", "numpy", "pandas", "pluggy", "pyarrow"),
    *("python-dateutil", "pyyaml", "six", "typing-extensions", "tzdata"),
)
LONG_AGO = (1980, 1, 1, 0, 0, 0)
HANDLER = '''\
"""handler(event, context) answers events of a gateway; handler.predict(row) answers a row of this program."""

from pathlib import Path

from mesic.serving.serverless import Handler

handler = Handler(Path(__file__).parent)
'''


def write_zip(folder):
    """Write the zip of a server's folder: the handler, the settings, the bundle; the same bytes for the same files."""
    files = {path.relative_to(folder).as_posix(): path for path in (folder / "bundle").rglob("*") if path.is_file()}
    texts = {"handler.py": HANDLER.encode(), "serve.yaml": (folder / "serve.yaml").read_bytes()}
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        for name in sorted({*files, *texts}):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.external_attr = 0o644 << 16
            data = texts[name] if name in texts else files[name].read_bytes()
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def requirements(every, distributions):
    """Return the lines for pip: the few packages that answering takes, or all where a step is an object of one."""
    return every if distributions else pinned_only(NEEDED)
