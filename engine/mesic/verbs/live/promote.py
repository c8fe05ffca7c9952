"""``mesic deploy promote``: let the version that is tried answer everyone."""

from dataclasses import dataclass
from pathlib import Path

from mesic.config.plain import has_own_conf, plainly
from mesic.host.components import option


@dataclass
class PromoteSettings:
    """The keys of ``mesic deploy promote``."""

    deployment: str = option("???", "folder of the deployment")
    why: str | None = option(None, "the reason, for the history")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Promote the candidate; return the exit status."""
    settings = (None if has_own_conf() else plainly(arguments, PromoteSettings)) or _configured(arguments)
    if settings is None:
        return 0
    from mesic.live.acting import promote
    from mesic.verbs.live.telling import tell_change

    folder = Path(settings.deployment)
    tell_change(folder, promote(folder, why=settings.why), as_json=as_json)
    return 0


def _configured(arguments: list[str]) -> PromoteSettings | None:
    from mesic.config.verb import configured

    settings: PromoteSettings | None = configured("deploy promote", arguments, PromoteSettings)
    return settings
