"""``mesic deploy``: build an artefact of a bundle, and prove it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesic.config.verb import configured
from mesic.console import print_json, print_text, progress
from mesic.errors import UsageError
from mesic.host.components import option
from mesic.live.label_options import LabelOptions

if TYPE_CHECKING:
    from mesic.bundle.bundle import Bundle
    from mesic.deployment.artefact import Artefact


@dataclass
class DeploySettings:
    """The keys of ``mesic deploy``."""

    run: str | None = option(None, "the run's folder")
    bundle: str | None = option(None, "the bundle, where it lies elsewhere; null: that of the run")
    artefact: str | None = option(None, "an artefact of target=server, for a deployment; null: none")
    target: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "what is built: target=NAME target.OPTION=...; see `mesic list target`"}
    )
    rollout: dict[str, Any] | None = field(
        default=None,
        metadata={"help": "how a version comes into use: rollout=NAME rollout.OPTION=...; see `mesic list rollout`"},
    )
    out: str | None = option(None, "folder of the artefact; one that lies there is replaced once the new one is proven")
    deployment: str | None = option(None, "folder of a deployment that answers, to which a version is added")
    policy: str | None = option(None, "file of waivers and the like for the review; null: what the run said")
    version: str | None = option(None, "any text; null: the beginning of the bundle's digest")
    expires: str | None = option(None, "last day on which it answers, such as 2027-01-31; null: it never expires")
    envelope: str = option(
        "open", "strict: the artefact refuses rows outside of what training has seen", choices=("open", "strict")
    )
    unit: str | None = option(None, "field of a row that names who is answered; null: as it was before")
    labels: LabelOptions = field(default_factory=LabelOptions)
    seed: int = option(0, "decides, with the unit, who is assigned what", low=0, high=2**32 - 1)

    def __post_init__(self) -> None:
        """Take nested keys as they come, as a mapping."""
        if isinstance(self.labels, dict):
            self.labels = LabelOptions(**self.labels)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Build and prove; return the exit status, 1 where the proof fails."""
    settings = configured("deploy", arguments, DeploySettings)
    if settings is None:
        return 0
    if [settings.run, settings.bundle, settings.artefact].count(None) != 2:
        raise UsageError("deploy needs what is deployed: give one of run=DIR, bundle=RUN/bundle, artefact=DIR")
    if (settings.out is None) == (settings.deployment is None):
        raise UsageError("deploy needs to know whereto: give out=DIR for an artefact, or deployment=DIR, not both")
    if settings.deployment is not None:
        if settings.envelope != "open":
            raise UsageError(
                "envelope=strict is for artefacts: give it to `mesic serve deployment=DIR envelope=strict`"
            )
        return _deploy_live(settings, as_json=as_json)
    if settings.artefact is not None:
        raise UsageError("artefact= is for a deployment that answers: give deployment=DIR, or run=DIR")
    if settings.rollout is not None:
        raise UsageError(f"rollout={settings.rollout['name']} is for a deployment that answers: give deployment=DIR")
    from mesic.deployment.deploying import deploy

    options = {key: value for key, value in settings.target.items() if key != "name"}
    with progress("mesic deploy: building and proving"):
        artefact = deploy(
            _enclosed(_bundle(settings), settings.envelope),
            settings.target["name"],
            out=settings.out,
            options=options,
            policy=settings.policy,
            version=settings.version,
            expires=settings.expires,
        )
    if as_json:
        print_json({"artefact": str(artefact.folder), "manifest": artefact.manifest, "proof": artefact.proof})
        return 0
    for line in lines_of(artefact):
        print_text(line)
    return 0


def _deploy_live(settings: DeploySettings, *, as_json: bool) -> int:
    from mesic.live.deploying import Wanted, deploy_live
    from mesic.serving.artefacts import keys_of
    from mesic.verbs.live.telling import tell_change

    said = {} if settings.artefact is None else keys_of(settings.artefact)
    node = dict(settings.rollout or {})
    wanted = Wanted(
        Path(said["bundle"]) if said else _bundle(settings),
        node.pop("name", None),
        node,
        version=settings.version or said.get("version"),
        expires=settings.expires or said.get("expires"),
        unit=settings.unit,
        policy=settings.policy,
        labels=settings.labels,
        seed=settings.seed,
    )
    folder = Path(str(settings.deployment))
    with progress("mesic deploy: proving"):
        change = deploy_live(folder, wanted)
    tell_change(folder, change, as_json=as_json)
    return 0


def _enclosed(bundle: Path, envelope: str) -> "Path | Bundle":
    """Return a bundle with an envelope; one that is as it was packed is loaded when the target has been looked at."""
    if envelope == "open":
        return bundle
    from mesic.bundle.bundle import load_bundle
    from mesic.bundle.envelope import with_envelope

    return with_envelope(load_bundle(bundle), envelope)


def _bundle(settings: DeploySettings) -> Path:
    return Path(settings.bundle) if settings.bundle is not None else Path(str(settings.run)) / "bundle"


def lines_of(artefact: "Artefact") -> Iterator[str]:
    """Yield what a deployment came to, as people read it."""
    folder, manifest, proof = artefact.folder, artefact.manifest, artefact.proof
    until = f", until {manifest['expires']}" if manifest["expires"] else ""
    yield f"{folder}: {manifest['target']['name']} {manifest['version']}{until}, {manifest['size_bytes']:,} bytes"
    if (envelope := manifest["envelope"])["kind"] == "strict":
        told = _percent(envelope["refused"])
        yield f"  strict  refuses what training has not seen: of {envelope['rows']:,} test rows {told}"
    for line in proof_lines(proof):
        yield f"  {line}"
    for objection in manifest["review"]["waived"]:
        yield f"  waived  {objection['code']}, by {objection['waiver']['who']}: {objection['waiver']['reason']}"
    for objection in manifest["review"]["warnings"]:
        yield f"  warning {objection['code']}: {objection['message']}"
    for need in manifest["requirements"]:
        yield f"  needs   {need}"
    for lack in manifest["cannot"]:
        yield f"  cannot  {lack}"


def proof_lines(proof: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was proven, as people read it."""
    rows = proof["rows"]
    yield (
        f"proven  {sum(rows.values()):,} rows: {rows['end_to_end']:,} end to end, {rows['confidence']:,} of the "
        f"confidence set, {rows['edge']:,} at the edges; {proof['refused']:,} refused alike"
    )
    for name, door in proof["doors"].items():
        score = door["score"]
        yield (
            f"door    {name}: same decisions; scores differ by {door['largest_difference']:.1e} at most, "
            f"{door['tolerance']:.0e} may be; {score['metric']} {score['value']:.4g} {_ends(score)}"
        )


def _percent(share: Mapping[str, Any]) -> str:
    if share["value"] is None:
        return "nothing is known"
    return f"{share['value']:.2%} [{share['low']:.2%}, {share['high']:.2%}]"


def _ends(score: Mapping[str, Any]) -> str:
    low, high = ("?" if score[end] is None else f"{score[end]:.4g}" for end in ("low", "high"))
    return f"[{low}, {high}]"
