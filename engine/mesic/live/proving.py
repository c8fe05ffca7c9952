"""``python -m mesic.live.proving BUNDLE``: answer the end-to-end rows through the server's door; status 1 if not."""

import asyncio
import mmap
import sys

from mesic.errors import MesicError, message_of
from mesic.serving.counters import Counters, shared_memory_size
from mesic.serving.door import check_through_door
from mesic.serving.release import load_release
from mesic.serving.service import Service
from mesic.serving.settings import ServeSettings


def main(folder: str) -> int:
    """Prove a bundle; return the exit status."""
    settings = ServeSettings(bundle=folder)
    try:
        release = load_release(folder, settings)
        service = Service(settings, Counters(mmap.mmap(-1, shared_memory_size(1)), 0))
        service.use(release)
        asyncio.run(check_through_door(service, release))
    except MesicError as error:
        sys.stderr.write(f"{message_of(error)}\n")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
