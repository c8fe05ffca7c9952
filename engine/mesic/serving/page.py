"""The page where a person tries a row and sees why: one file, nothing fetched but from this server."""

from functools import cache
from pathlib import Path


@cache
def page() -> str:
    """Return the page. It says nothing of the bundle: its script asks the server, with the token if there is one."""
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")
