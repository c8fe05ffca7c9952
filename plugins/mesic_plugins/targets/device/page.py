"""A page on which a person tries a row: one file, which opens from a disk and asks no network."""

import base64
from pathlib import Path

from mesic_plugins.targets.device import javascript_reader

HOME = Path(__file__).parent


def page(content):
    """Return the text of a page that holds reader and parameter file."""
    frame = (HOME / "page.html").read_text(encoding="utf-8")
    told = base64.b64encode(content).decode()
    return frame.replace("/* file */", told).replace("/* reader */", javascript_reader.script())
