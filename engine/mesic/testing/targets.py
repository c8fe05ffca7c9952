"""What targets promise."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from mesic.bundle.bundle import Bundle
from mesic.bundle.portable import PortableStep
from mesic.data.view import Dataset
from mesic.deployment import proof
from mesic.deployment.artefact import digests_of
from mesic.deployment.target import Built, Release
from mesic.errors import CheckFailed, MesicError
from mesic.host.registry import installed as registry
from mesic.testing.bundles import sealed
from mesic.testing.component import ComponentContract
from mesic.testing.fitted import fit
from mesic.testing.subjects import Subject
from mesic.testing.tables import dataset

EDGE_ROWS = 400
UNHEARD_OF = "step_that_nobody_knows"
LONG_AGO = date(2001, 2, 3)


class TargetContract(ComponentContract, kind="target"):
    """Promises of every target: what it builds answers as the bundle does, or refuses as the bundle does.

    Attributes
    ----------
    models : tuple of str
        Baselines and learners whose bundles are deployed, of each task that target and model serve.
    """

    models = ("baseline/simple", "learner/linear")

    @contextmanager
    def bundle(self, task: str, model: str = "") -> Iterator[Bundle]:
        """Give a bundle that lasts as long as the block."""
        with tempfile.TemporaryDirectory() as name:
            kind, _, component = (model or self.models[0]).partition("/")
            data: Dataset = dataset(task)
            yield sealed(fit(Subject(registry().find(kind, component)), data), data, Path(name, "bundle"))

    def built(self, subject: Subject, bundle: Bundle, folder: Path, release: Release | None = None) -> Built:
        """Let a new component build in a new folder, as a deployment does."""
        folder.mkdir()
        built: Built = subject.made().build(bundle, folder, release or Release("1.0", bundle.digest))
        return built

    def test_every_door_answers_as_the_bundle(self, subject: Subject) -> None:
        """Decisions and refusals are equal, scores within what the door allows, on whatever rows there are."""
        for task in subject.component.tasks:
            for model in self.models:
                with self.bundle(task, model) as bundle, tempfile.TemporaryDirectory() as name:
                    self.built(subject, bundle, Path(name, "artefact"))
                    questions = proof.questions_of(bundle, edge_rows=EDGE_ROWS)
                    doors = subject.made().doors(Path(name, "artefact"))
                    try:
                        proof.proven(doors, questions)
                    except CheckFailed as error:
                        raise AssertionError(f"{subject} ({task}, {model}): {error}") from error

    def test_it_builds_the_same_bytes_again(self, subject: Subject) -> None:
        """For what claims to be ``deterministic``: neither clock nor place nor chance are in what it writes."""
        if "deterministic" not in subject.component.traits:
            return
        with self.bundle("binary") as bundle, tempfile.TemporaryDirectory() as name:
            for folder in ("one", "another place"):
                self.built(subject, bundle, Path(name, folder))
            left, right = (digests_of(Path(name, folder)) for folder in ("one", "another place"))
            differing = sorted(file for file in left.keys() | right.keys() if left.get(file) != right.get(file))
            assert not differing, f"{subject} builds {', '.join(differing)} otherwise a second time"

    def test_it_writes_into_its_folder_and_nowhere_else(self, subject: Subject) -> None:
        """The bundle stays as it was, and so does what lies beside the artefact."""
        with self.bundle("binary") as bundle, tempfile.TemporaryDirectory() as name:
            before = digests_of(bundle.folder)
            self.built(subject, bundle, Path(name, "artefact"))
            assert digests_of(bundle.folder) == before, f"{subject} changes the bundle that it is given"
            beside = sorted(path.name for path in Path(name).iterdir())
            assert beside == ["artefact"], f"{subject} leaves {beside} beside its folder"
            assert any(Path(name, "artefact").iterdir()), f"{subject} builds nothing"

    def test_another_bundle_gives_another_artefact(self, subject: Subject) -> None:
        """An artefact is of its bundle, and says so."""
        written = []
        for model in self.models[:2]:
            with self.bundle("binary", model) as bundle, tempfile.TemporaryDirectory() as name:
                self.built(subject, bundle, Path(name, "artefact"))
                written.append(digests_of(Path(name, "artefact")))
        assert written[0] != written[1], f"{subject} builds the same of two bundles"

    def test_after_its_last_day_it_answers_nothing(self, subject: Subject) -> None:
        """Every door refuses every row, in words."""
        with self.bundle("binary") as bundle, tempfile.TemporaryDirectory() as name:
            self.built(subject, bundle, Path(name, "artefact"), Release("1.0", bundle.digest, LONG_AGO))
            rows = proof.questions_of(bundle, edge_rows=1).rows["end_to_end"][:3]
            for door, own in subject.made().doors(Path(name, "artefact")).items():
                try:
                    answers: list[dict[str, Any]] = own.ask(rows)
                except CheckFailed:
                    continue
                refused = all("error" in answer for answer in answers)
                assert refused, f"{subject}: door {door} answers after its last day, {LONG_AGO}"

    def test_a_step_that_it_does_not_know_is_refused_by_name(self, subject: Subject) -> None:
        """Leaving it out would answer something else."""
        with self.bundle("binary") as bundle, tempfile.TemporaryDirectory() as name:
            first, *rest = bundle.fitted.steps
            fitted = replace(bundle.fitted, steps=(first, PortableStep(UNHEARD_OF), *rest))
            try:
                self.built(subject, replace(bundle, fitted=fitted), Path(name, "artefact"))
                doors = subject.made().doors(Path(name, "artefact"))
                for door in doors.values():
                    door.ask([])
            except MesicError as error:
                if UNHEARD_OF in str(error):
                    return
                raise AssertionError(f"{subject} refuses a step without its name: {error}") from error
        raise AssertionError(f"{subject} says nothing of a step {UNHEARD_OF!r} that it cannot know")

    def test_it_says_what_it_needs(self, subject: Subject) -> None:
        """Requirements and what it cannot do are lines for people; facts are what JSON can hold."""
        with self.bundle("binary") as bundle, tempfile.TemporaryDirectory() as name:
            built = self.built(subject, bundle, Path(name, "artefact"))
            assert isinstance(built, Built), f"{subject} returns {type(built).__name__}, no mesic.Built"
            assert built.requirements, f"{subject} does not say what must be there where its artefact runs"
            lines = [*built.requirements, *built.cannot]
            assert all(isinstance(line, str) and line.strip() for line in lines), f"{subject} says what is no line"
