"""``mesic deploy rollback``: go back, at once."""

from dataclasses import dataclass
from pathlib import Path

from mesic.config.plain import has_own_conf, plainly
from mesic.host.components import option


@dataclass
class RollbackSettings:
    """The keys of ``mesic deploy rollback``."""

    deployment: str = option("???", "folder of the deployment")
    version: str | None = option(None, "a version that is kept, to return to; null: the one before")
    why: str | None = option(None, "the reason, for the history")


def main(arguments: list[str], *, as_json: bool) -> int:
    """End the roll-out, or return to the version before; return the exit status."""
    settings = (None if has_own_conf() else plainly(arguments, RollbackSettings)) or _configured(arguments)
    if settings is None:
        return 0
    from mesic.live.acting import rollback
    from mesic.verbs.live.telling import tell_change

    folder = Path(settings.deployment)
    tell_change(folder, rollback(folder, version=settings.version, why=settings.why), as_json=as_json)
    return 0


def _configured(arguments: list[str]) -> RollbackSettings | None:
    from mesic.config.verb import configured

    settings: RollbackSettings | None = configured("deploy rollback", arguments, RollbackSettings)
    return settings
