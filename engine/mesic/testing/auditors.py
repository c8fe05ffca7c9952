"""What auditors promise."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mesic.audit.pricing import Pricing
from mesic.audit.view import AuditView
from mesic.data.view import Dataset
from mesic.host.building import build
from mesic.host.registry import installed as registry
from mesic.partition.proof import partition
from mesic.runs.plan import PRICE_METRIC
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.evaluators import assert_evaluation, assert_same_answers, assert_untouched
from mesic.testing.fitted import recipe_of
from mesic.testing.subjects import Subject
from mesic.testing.tables import dataset

LEAST_ROWS = 30


class AuditorContract(ComponentContract, kind="auditor"):
    """Promises of every auditor: it says what it looked at and what it found, and changes nothing."""

    def views(self, subject: Subject, rows: int = 300) -> Iterator[AuditView]:
        """Yield rows of each task, with and without groups and times."""
        for task in subject.component.tasks:
            data = dataset(task, rows=rows)
            yield view_of(data)
            yield view_of(replace(data, groups=data.origin % 9, unlabelled=data.X.head(30)))
            yield view_of(replace(data, time=data.origin.astype(np.float64)))

    def test_it_answers_in_numbers_and_findings(self, subject: Subject) -> None:
        """What it returns can be written into the record."""
        for view in self.views(subject):
            assert_evaluation(subject, subject.made(view.task).audit(view))

    def test_the_same_generator_gives_the_same_answer(self, subject: Subject) -> None:
        """Whatever it was asked before, and whatever the state of the global generators."""
        for view in self.views(subject):
            assert_same_answers(subject, view, subject.made(view.task).audit)

    def test_auditing_changes_no_input(self, subject: Subject) -> None:
        """The next auditor, and the run, see what this one saw."""
        for view in self.views(subject):
            assert_untouched(subject, view, subject.made(view.task).audit)

    def test_few_rows_are_looked_at_or_refused(self, subject: Subject) -> None:
        """A table may be small."""
        for view in self.views(subject, LEAST_ROWS):
            with or_refusal(f"{subject} ({view.task}): {LEAST_ROWS} rows"):
                assert_evaluation(subject, subject.made(view.task).audit(view))


def view_of(data: Dataset) -> AuditView:
    """Return a table as an auditor sees it, divided by the default splitter and priced by small trees."""
    found = registry()
    splitter = build(found.find("splitter", "auto"), {"folds": 2, "test_share": 0.3})
    split, _, _ = partition(splitter, data, seed=0)
    metric = build(found.find("metric", PRICE_METRIC[data.task]), {}, task=data.task)
    recipe = recipe_of(Subject(found.find("baseline", "simple")), data.task)
    return AuditView(
        task=data.task,
        classes=data.classes,
        X=data.X,
        y=data.y[split.train],
        split=split,
        keys=data.keys,
        origin=data.origin,
        groups=data.groups,
        time=data.time,
        unlabelled=data.X.head(0) if data.unlabelled is None else data.unlabelled,
        suspects=data.X[[]],
        ignored=(),
        kinds={str(name): "category" if data.X[name].dtype == "category" else "number" for name in data.X},
        pricing=Pricing(recipe, data, split.folds[-1], metric, 0.95, 0),
        level=0.95,
        rng=np.random.default_rng(0),
    )
