"""``about.yaml``: what only people know of a data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from mesic.data.yaml_text import read_yaml
from mesic.errors import UsageError
from mesic.host.names import did_you_mean
from mesic.runs.files import write_text

FILE = "about.yaml"
FORMAT = 1
OPEN = "TODO(owner)"
HEADER = f"""\
# What only people know of the data: answer in place of {OPEN}; `mesic data card` then draws the card again.
#   meaning     what a row is, and what the data mean
#   collected   who or what collected them, when, where and how
#   created     by which methods values and labels were made
#   owner, licence, url   who answers for them, on what terms they may be used, where they are at home
#   excluded    what was left out before the table was made: a list of {{what: ..., why: ...}}, or []
#   sensitive   columns that say something of a person that must not decide: a list, or []
#   left_out    why the run leaves a column out; columns   what a column means
#   agreement   agreement.json of `mesic data label`, or null
"""


@dataclass(frozen=True)
class About:
    """What the owner says; None and absent names are open questions.

    Parameters
    ----------
    name, meaning, collected, created, owner, licence, url
        Texts.
    excluded
        What was left out before the table was made, each with ``what`` and ``why``; empty: nothing was.
    sensitive
        Columns that must not decide; empty: none is.
    left_out
        Why a run leaves a column out, by column.
    columns
        What a column means, by column.
    agreement
        Path of the agreement of labelers.
    """

    name: str | None = None
    meaning: str | None = None
    collected: str | None = None
    created: str | None = None
    owner: str | None = None
    licence: str | None = None
    url: str | None = None
    excluded: Sequence[Mapping[str, str]] | None = None
    sensitive: Sequence[str] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    agreement: str | None = None


TEXTS = ("name", "meaning", "collected", "created", "owner", "licence", "url", "agreement")
OPTIONAL = ("name", "url", "agreement")


def load_about(path: Path) -> About:
    """Read an ``about.yaml``; what still says ``TODO(owner)`` is an open question.

    Raises
    ------
    UsageError
        It cannot be read, is of a newer format, or says what cannot be.
    """
    try:
        body = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"about={path} cannot be read: {error}") from error
    if not isinstance(body, dict):
        raise UsageError(f"about={path} says nothing: give 'format: {FORMAT}' and answers")
    if body.pop("format", None) != FORMAT:
        raise UsageError(f"about={path} is of another format; this mesic reads 'format: {FORMAT}'")
    problems = list(_problems(body))
    if problems:
        raise UsageError(f"about={path} cannot work:\n  " + "\n  ".join(problems))
    return About(**{key: _answered(value) for key, value in body.items() if _answered(value) is not None})


def _problems(body: Mapping[Any, Any]) -> Any:
    names = [known.name for known in fields(About)]
    for key, value in body.items():
        answer = _answered(value)
        if key not in names:
            yield f"no question {key!r}{did_you_mean(str(key), names)}"
        elif answer is None:
            continue
        elif key in TEXTS and not isinstance(answer, str):
            yield f"{key}: {value!r} is no text: put it in quotes"
        elif key in ("left_out", "columns") and not _is_texts(answer):
            yield f"{key}: give a text a column"
        elif key == "excluded" and not _are_exclusions(answer):
            yield "excluded: give a list of {what: ..., why: ...}, each with a reason, or []"
        elif key == "sensitive" and not (isinstance(answer, list) and all(isinstance(one, str) for one in answer)):
            yield "sensitive: give a list of columns, or []"


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str | type(None)) for text in value.values())


def _are_exclusions(value: Any) -> bool:
    is_list = isinstance(value, list) and all(isinstance(one, dict) and set(one) == {"what", "why"} for one in value)
    return is_list and all(_answered(text) is not None for one in value for text in one.values())


def _answered(value: Any) -> Any:
    """Return an answer without what still says that it is open; None where nothing is left."""
    if isinstance(value, dict):
        return {key: text for key, text in value.items() if _answered(text) is not None}
    is_open = value is None or (isinstance(value, str) and (not value.strip() or value.strip().startswith("TODO")))
    return None if is_open else value.strip() if isinstance(value, str) else value


def write_template(path: Path, columns: Sequence[str], left_out: Sequence[str]) -> None:
    """Write an ``about.yaml`` to fill in: every question, and those of columns that nothing is known of."""
    body: dict[str, Any] = {"format": FORMAT}
    for known in fields(About):
        if known.name in ("left_out", "columns"):
            names = left_out if known.name == "left_out" else columns
            body[known.name] = dict.fromkeys(names, OPEN)
        else:
            body[known.name] = None if known.name in OPTIONAL else OPEN
    write_text(path, HEADER + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=110))
