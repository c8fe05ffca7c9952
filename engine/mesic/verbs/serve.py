"""``mesic serve``: answer on demand with a bundle, over HTTP."""

from importlib.util import find_spec

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.errors import ComponentError, UsageError
from mesic.serving.settings import ServeSettings

NEEDED = ("httptools", "msgspec")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Serve until told to stop, or answer a log again; return the exit status."""
    settings = configured("serve", with_replay(arguments), ServeSettings)
    if settings is None:
        return 0
    if lost := [name for name in NEEDED if find_spec(name) is None]:
        raise ComponentError(f"mesic serve needs {' and '.join(lost)}: pip install 'mesic[serve]'")
    if settings.replay:
        return _replay(settings, as_json=as_json)
    settings.log.check(settings.workers)
    import sys

    from mesic.serving.release import expiry
    from mesic.serving.supervisor import serve

    expiry(settings.expires)

    def is_ready(address: str) -> None:
        facts = {"address": address, "workers": settings.workers, "bundle": settings.bundle}
        if as_json:
            print_json(facts)
        else:
            print_text(f"serving {settings.bundle} at {address} ({address}/docs); Ctrl-C ends")
        sys.stdout.flush()

    serve(settings, is_ready)
    return 0


def with_replay(arguments: list[str]) -> list[str]:
    """Return arguments with ``--replay LOG ...`` and ``replay=LOG`` as the list that the key is.

    Examples
    --------
    >>> with_replay(["bundle=b", "--replay", "log/a.arrow", "log/b.arrow"])
    ['bundle=b', "replay=['log/a.arrow','log/b.arrow']"]
    """
    found, rest, is_path = [], [], False
    for text in arguments:
        name, given, value = text.partition("=")
        if name in ("--replay", "replay") and given and not value.startswith(("[", "${")):
            found.append(value)
        elif text == "--replay":
            is_path = True
            found.append("")
        elif is_path and not text.startswith("-") and (found[-1] == "" or "=" not in text):
            found[-1:] = [text] if found[-1] == "" else [found[-1], text]
        else:
            is_path = False
            rest.append(text)
    if "" in found:
        raise UsageError("--replay needs a log: give files or folders, such as --replay log")
    if not found:
        return rest
    quoted = ["'" + path.replace("\\", r"\\").replace("'", r"\'") + "'" for path in found]
    return [*rest, f"replay=[{','.join(quoted)}]"]


def _replay(settings: ServeSettings, *, as_json: bool) -> int:
    from mesic.console import progress
    from mesic.predictions.replaying import replay

    with progress("mesic serve --replay"):
        found = replay(settings)
    if as_json:
        print_json(found.as_dict())
    else:
        print_text("\n".join(found.lines()))
    return 0 if found.is_equal else 1
