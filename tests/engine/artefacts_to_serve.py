"""Artefacts that a server answers from, made in a moment, without a proof."""

import json
import shutil

import yaml

from mesic.deployment.artefact import MANIFEST, PROOF, digests_of
from mesic.runs.files import json_digest


def write_artefact(folder, bundle, **keys):
    """Write what ``mesic deploy target=server`` leaves, as far as a server reads it."""
    shutil.copytree(bundle, folder / "bundle")
    (folder / "serve.yaml").write_text(yaml.safe_dump({"version": None, "expires": None, "envelope": "open", **keys}))
    (folder / PROOF).write_text("{}")
    body = {"target": {"name": "server"}, "files": digests_of(folder)}
    (folder / MANIFEST).write_text(json.dumps(body | {"digest": json_digest(body)}))
