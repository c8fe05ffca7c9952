"""The Python reader as a program: it answers lines, takes updates, tells what a file is."""

import json
import sys
from pathlib import Path

from mesic_plugins.targets.device.reader import Broken, opened
from mesic_plugins.targets.device.updating import load, update
from mesic_plugins.targets.static.answering import Expired, Refused
from mesic_plugins.targets.static.door import answer_lines, day_of

USAGE = """\
mesic_device.py answer WHERE   rows on stdin, CSV or JSON lines; WHERE is a file or a folder that update has made
mesic_device.py update FOLDER FILE [--force]
mesic_device.py show WHERE
  --key=KEY          a public key that is trusted, in base 64; give it once or more
  --today=DAY        stands for the clock
  --summary=FILE     behind answer: counts, and no value of any row
"""


def main(arguments):
    """Return 0; 1 where a file is refused or has expired, 2 for a wrong command, 3 where rows were refused."""
    words = [word for word in arguments if not word.startswith("--")]
    options = [word.partition("=")[::2] for word in arguments if word.startswith("--")]
    given = dict(options)
    today = day_of(given["--today"]) if "--today" in given else None
    known = {"--key", "--today", "--summary", "--force"}
    sizes = {"answer": 2, "update": 3, "show": 2}
    is_clear = words and len(words) == sizes.get(words[0]) and given.keys() <= known
    if not is_clear or ("--today" in given and today is None):
        sys.stderr.write(USAGE)
        return 2
    keys = [value for name, value in options if name == "--key"]
    try:
        return {"answer": answered, "update": updated, "show": shown}[words[0]](words[1:], keys, today, given)
    except (Broken, Refused, OSError) as error:
        sys.stderr.write(f"mesic_device: {error}\n")
        return 3 if isinstance(error, Refused) and not isinstance(error, Expired) else 1


def model_of(where, keys):
    """Return the model of a file or folder, and say on stderr where an older one stands in for it."""
    model = load(where, keys) if Path(where).is_dir() else opened(Path(where).read_bytes(), keys)
    if model.note:
        sys.stderr.write(f"mesic_device: {model.note}\n")
    return model


def answered(words, keys, today, given):
    """Answer rows."""
    model = model_of(words[0], keys)
    refused = answer_lines(model, today)
    if "--summary" in given:
        Path(given["--summary"]).write_text(json.dumps(model.summary(), indent=1) + "\n", encoding="utf-8")
    return 3 if refused else 0


def updated(words, keys, today, given):
    """Take an update."""
    folder, file = words
    model = update(folder, Path(file).read_bytes(), keys, "--force" in given, today)
    sys.stdout.write(json.dumps(model.facts) + "\n")
    return 0


def shown(words, keys, today, given):  # noqa: ARG001 - as every command
    """Tell what a file is."""
    sys.stdout.write(json.dumps(model_of(words[0], keys).facts) + "\n")
    return 0
