"""``mesic serve``: answer on demand with a bundle, over HTTP."""

from importlib.util import find_spec

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.errors import ComponentError
from mesic.serving.settings import ServeSettings

NEEDED = ("httptools", "msgspec")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Serve until told to stop; return the exit status."""
    settings = configured("serve", arguments, ServeSettings)
    if settings is None:
        return 0
    if lost := [name for name in NEEDED if find_spec(name) is None]:
        raise ComponentError(f"mesic serve needs {' and '.join(lost)}: pip install 'mesic[serve]'")
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
