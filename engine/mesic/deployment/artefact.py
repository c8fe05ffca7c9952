"""The folder of an artefact: complete or absent, every file digested, its proof beside it."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mesic.bundle.abstaining import envelope_facts
from mesic.bundle.bundle import Bundle
from mesic.bundle.soundness import plain_files
from mesic.deployment import proof
from mesic.deployment.known import remember
from mesic.deployment.server_proof import remember_artefact
from mesic.deployment.target import Built, Release, Target
from mesic.errors import CheckFailed, UsageError
from mesic.host.building import build
from mesic.host.registry import Offer, installed
from mesic.runs.files import file_digest, json_digest, write_json

FORMAT = 1
MANIFEST, PROOF = "manifest.json", "proof.json"


@dataclass(frozen=True)
class Artefact:
    """What can be deployed.

    Parameters
    ----------
    folder
        Where it lies.
    manifest
        Target and options, version, bundle, last day, columns, size, requirements, what it cannot do, digests.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def proof(self) -> Mapping[str, Any]:
        """What was proven: rows, refusals, each door's largest difference and score."""
        told: Mapping[str, Any] = json.loads((self.folder / PROOF).read_text(encoding="utf-8"))
        return told

    def check(self, today: date | None = None) -> dict[str, Any]:
        """Ask every door everything again, without the bundle; return the proof.

        Parameters
        ----------
        today
            Decides whether it has expired; None: the day it is, UTC.

        Raises
        ------
        CheckFailed
            It has expired, or a door answers otherwise than the bundle did.
        ComponentError
            The target is not installed.
        """
        last = self.manifest["expires"]
        if last is not None and date.fromisoformat(last) < (today or datetime.now(UTC).date()):
            raise CheckFailed(f"artefact {self.folder} expired: its last day was {last}; deploy again")
        told = self.manifest["target"]
        offer = installed().find("target", told["name"], {f"target/{told['name']}": told["provider"]})
        questions = proof.Questions.load(self.folder / proof.FOLDER)
        if questions.digest != self.proof["digest"]:
            raise CheckFailed(f"artefact {self.folder} is refused: its proof is of other rows")
        target: Target = build(offer, told["options"])
        return proof.proven(target.doors(self.folder), questions)


def write_artefact(
    bundle: Bundle, target: Target, facts: Mapping[str, Any], release: Release, folder: Path
) -> Artefact:
    """Build an artefact and prove it; only then it is there.

    Parameters
    ----------
    bundle
        What it is made of.
    target
        Builds it.
    facts
        More for the manifest: ``target``, its name, options and provider, and what the ``review`` came to.
    release
        What it is called.
    folder
        Its place; what mesic left there before is replaced.

    Raises
    ------
    CheckFailed
        It does not answer as its bundle; what lay in `folder` still lies there.
    UsageError
        The folder holds something else, or cannot be written.
    """
    _refuse_strange(folder)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        built = target.build(bundle, fresh, release)
        questions = proof.questions_of(bundle)
        questions.save(fresh / proof.FOLDER)
        doors = target.doors(fresh)
        found = proof.proven(doors, questions)
        remember_artefact(bundle, doors, found)
        write_json(fresh / PROOF, found)
        write_json(fresh / MANIFEST, _manifest(bundle, built, facts, release, fresh))
        _put_in_place(fresh, folder)
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror or error}; make room, or give another out="
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    artefact = load_artefact(folder)
    remember(str(artefact.manifest["digest"]))
    return artefact


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Let an artefact take the place of an older one, which stays whole until it is out of the way."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    fresh.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def _refuse_strange(folder: Path) -> None:
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"out={folder} cannot work: it holds something else; give a new folder, or one of an artefact")


def provider_facts(offer: Offer, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of its target."""
    name, provider = offer.component.name, offer.provider
    return {"name": name, "options": dict(options), "provider": provider.distribution, "from": str(provider)}


def _manifest(bundle: Bundle, built: Built, facts: Mapping[str, Any], release: Release, folder: Path) -> dict[str, Any]:
    files = digests_of(folder)
    body = {
        "format": FORMAT,
        "version": release.version,
        "expires": None if release.expires is None else release.expires.isoformat(),
        "bundle": release.bundle,
        **facts,
        **{key: bundle.manifest[key] for key in ("mesic", "task", "classes", "metric", "acceptable", "data")},
        "predicts": bundle.manifest["target"],
        "envelope": envelope_facts(bundle),
        "columns": [{"name": one.name, "reading": one.reading} for one in bundle.inputs],
        "requirements": list(built.requirements),
        "cannot": list(built.cannot),
        **built.facts,
        "size_bytes": sum((folder / name).stat().st_size for name in files if not name.startswith(f"{proof.FOLDER}/")),
        "files": files,
    }
    return body | {"digest": json_digest(body)}


def digests_of(folder: Path) -> dict[str, str]:
    """Return the digest of every file but the manifest, by its path."""
    paths = (path for path in plain_files(folder) if path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}


def load_artefact(folder: str | Path) -> Artefact:
    """Open an artefact after verifying every file of it.

    Raises
    ------
    UsageError
        There is no artefact.
    CheckFailed
        A file was altered, removed or added; it is named.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file() or not (folder / PROOF).is_file():
        raise UsageError(f"artefact={folder} is no artefact: it has no {MANIFEST} and {PROOF}; give what deploy wrote")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        body = {key: value for key, value in manifest.items() if key != "digest"}
        wrong = [] if manifest["digest"] == json_digest(body) else [f"{MANIFEST} was altered"]
        expected = manifest["files"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckFailed(f"artefact {folder} is refused: {MANIFEST} was altered ({error})") from error
    found = digests_of(folder)
    wrong += [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    wrong += [f"{name} was added" for name in sorted(found.keys() - expected.keys())]
    wrong += [f"{name} was altered" for name in sorted(expected) if name in found and found[name] != expected[name]]
    if wrong:
        raise CheckFailed(f"artefact {folder} is refused: {'; '.join(wrong)}; deploy it again", wrong)
    return Artefact(folder, manifest)
