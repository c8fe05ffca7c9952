"""The proof of a version of a deployment: whole, made once for what answers, by nobody who has not been asked."""

import pytest
from tests.engine.bundles_to_serve import CODES, ROW, booster, make_bundle, sure

from mesic.deployment import proof, server_proof
from mesic.deployment.artefact import write_artefact
from mesic.deployment.http_door import HttpDoor
from mesic.deployment.reference import reference_answers
from mesic.deployment.server_proof import proven_as_server
from mesic.deployment.target import Built, Release
from mesic.errors import CheckFailed

SURE = {
    "confidence": sure([{**ROW, "age": age} for age in (5.0, 35.0)], ["no", "yes"]),
    "acceptable": {"low": None, "high": None},
    "mesic": "0",
    "data": "",
}


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return make_bundle(tmp_path / "bundle", steps=[CODES, booster("binary", rounds=3)], **SURE)


@pytest.fixture
def door(bundle, monkeypatch):
    """A server that answers as the bundle does, and says what it was asked."""
    asked = []

    def ask(self, rows):
        asked.append((self.keys, len(rows)))
        return reference_answers(bundle, rows)

    monkeypatch.setattr(HttpDoor, "ask", ask)
    return asked


def test_the_same_bundle_is_asked_once_and_again_where_anything_has_changed(bundle, door, monkeypatch):
    first = proven_as_server(bundle, edge_rows=60)
    again = proven_as_server(bundle, edge_rows=60)
    assert (first.pop("is_new"), again.pop("is_new"), again.pop("fingerprint") != "") == (True, False, True)
    assert first == again
    assert first["rows"] == {"end_to_end": 1, "confidence": 2, "edge": first["rows"]["edge"]}
    assert first["rows"]["edge"] >= 60
    assert door == [({"bundle": str(bundle.folder), "unknown": "ignore", "workers": 1}, sum(first["rows"].values()))]

    monkeypatch.setattr(server_proof, "environment_lock", lambda: ["another==1"])
    assert proven_as_server(bundle, edge_rows=60)["is_new"]
    assert len(door) == 2


def test_what_is_answered_otherwise_is_no_proof_and_is_not_remembered(bundle, monkeypatch):
    def ask(self, rows):
        answers = reference_answers(bundle, rows)
        last = max(place for place, answer in enumerate(answers) if "error" not in answer)
        answers[last] = {**answers[last], "p_no": answers[last]["p_no"] + 1e-15}
        return answers

    monkeypatch.setattr(HttpDoor, "ask", ask)
    for _ in range(2):
        with pytest.raises(CheckFailed, match=r"1 of .* edge rows differ"):
            proven_as_server(bundle, edge_rows=60)


def test_a_bundle_without_the_rows_that_would_show_it_is_refused(door, tmp_path):
    with pytest.raises(CheckFailed, match=r"lacks confidence\.parquet, config\.json"):
        proven_as_server(make_bundle(tmp_path / "bare", steps=[CODES, booster("binary", rounds=3)]))
    assert door == []


class Serving:
    """Artefacts that are a bundle behind a server, of which one is another bundle than it says."""

    def __init__(self, bundle):
        self.bundle = bundle

    def build(self, bundle, folder, release):
        (folder / "what").write_text(release.version)
        return Built()

    def doors(self, folder):
        return {"http": HttpDoor({"bundle": str(self.bundle.folder)})}


@pytest.mark.parametrize("is_same", [True, False])
def test_the_proof_of_an_artefact_counts_where_its_door_serves_the_bundle(bundle, door, is_same, tmp_path, monkeypatch):
    small = proof.questions_of(bundle, edge_rows=60)
    monkeypatch.setattr(proof, "questions_of", lambda bundle, **options: small)
    served = bundle if is_same else make_bundle(tmp_path / "other", steps=[CODES, booster("binary", 7, rounds=3)])
    facts = {"target": {"name": "serving", "options": {}, "provider": "acme"}, "review": {}}
    write_artefact(bundle, Serving(served), facts, Release("1", bundle.digest), tmp_path / "artefact")

    assert proven_as_server(bundle)["is_new"] is not is_same
