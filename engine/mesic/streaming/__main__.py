"""``python -m mesic.streaming FOLDER [REGISTRATION]``: a registered stream without Hydra, as its proof asks it.

FOLDER is an artefact of ``target=stream``; REGISTRATION is JSON, ``{"stream": NAME, "options": {...}}``, in place of
what was registered. ``mesic serve artefact=FOLDER`` does the same after verifying every digest.
"""

import json
import sys
from pathlib import Path

from mesic.errors import MesicError, message_of


def main(folder: str, instead: str = "") -> int:
    """Let it flow; return the exit status."""
    from mesic.streaming.registration import Registration, registered
    from mesic.streaming.starting import let_flow

    try:
        let_flow(*registered(Path(folder), Registration.of(**json.loads(instead)) if instead else None))
    except MesicError as error:
        sys.stderr.write(f"mesic: {message_of(error)}\n")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
