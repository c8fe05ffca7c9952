"""What samplers promise."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.view import TrainingView
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.fitted import fit, global_chance
from mesic.testing.subjects import Subject
from mesic.testing.tables import READS_ALL, dataset
from mesic.training.sampling import Sample


class SamplerContract(ComponentContract, kind="sampler"):
    """Promises of every sampler: it chooses among training rows, and says what each stands for."""

    def reads(self, subject: Subject) -> Iterable[str]:
        """Return what the columns may hold beside numbers: ``categories``, ``missing``."""
        return subject.component.traits & set(READS_ALL)

    def views(self, subject: Subject, rows: int = 90) -> Iterator[tuple[Any, TrainingView]]:
        """Yield the sampler and training rows, of each task, with and without groups."""
        for task in subject.component.tasks:
            data, sampler = dataset(task, self.reads(subject)), subject.made(task)
            view = data.view(np.arange(rows))
            if "group" not in subject.component.roles:
                yield sampler, view
            yield sampler, TrainingView(view.X, view.y, groups=np.arange(rows) % 7)

    def drawn(self, sampler: Any, view: TrainingView, seed: int = 0) -> Sample:
        """Ask a sampler as a run does."""
        sample: Sample = sampler.sample(view, np.random.default_rng(seed))
        return sample

    def check(self, subject: Subject, view: TrainingView, sample: Sample) -> None:
        """Assert that a sample can be learned from."""
        assert isinstance(sample, Sample), f"{subject} returns {type(sample).__name__}, not a mesic.Sample"
        assert sample.index.max() < len(view), f"{subject} draws row {sample.index.max()} of {len(view)}"
        assert (sample.weight > 0).all(), f"{subject} draws rows that do not count"

    def test_it_draws_training_rows_in_order_each_with_a_weight(self, subject: Subject) -> None:
        """Rows lie within what it was shown, ascend, and count more than nothing."""
        for sampler, view in self.views(subject):
            self.check(subject, view, self.drawn(sampler, view))

    def test_the_same_generator_draws_the_same_rows(self, subject: Subject) -> None:
        """Whatever it drew before, and whatever the state of the global generators."""
        for sampler, view in self.views(subject):
            samples = []
            for state in (1, 2):
                with global_chance(state, subject):
                    samples.append(self.drawn(sampler, view))
            same(subject, *samples)

    def test_draws_in_threads_are_as_draws_alone(self, subject: Subject) -> None:
        """For what claims to be ``concurrent``."""
        if "concurrent" not in subject.component.traits:
            return
        for sampler, view in self.views(subject):
            with ThreadPoolExecutor(2) as pool:
                at_once = list(pool.map(lambda seed, s=sampler, v=view: self.drawn(s, v, seed), range(4)))
            for seed, sample in enumerate(at_once):
                same(subject, sample, self.drawn(sampler, view, seed))

    def test_sampling_changes_no_input(self, subject: Subject) -> None:
        """Rows and target stay as they were."""
        for sampler, view in self.views(subject):
            X, y = view.X.copy(deep=True), view.y.copy()
            self.drawn(sampler, view)
            pd.testing.assert_frame_equal(view.X, X, obj=f"{subject}: X")
            np.testing.assert_array_equal(view.y, y, err_msg=f"{subject}: y")

    def test_few_rows_and_one_class_are_drawn_from_or_refused(self, subject: Subject) -> None:
        """One row, two rows, a constant target."""
        for rows in (1, 2):
            for sampler, view in self.views(subject, rows):
                with or_refusal(f"{subject}: {rows} rows"):
                    self.check(subject, view, self.drawn(sampler, view))
        for sampler, view in self.views(subject):
            constant = TrainingView(view.X, np.full_like(view.y, view.y[0]), groups=view.groups)
            with or_refusal(f"{subject}: one class"):
                self.check(subject, constant, self.drawn(sampler, constant))

    def test_a_model_learns_from_the_sample(self, subject: Subject) -> None:
        """A whole recipe is fitted on it."""
        for task in subject.component.tasks:
            data = dataset(task, self.reads(subject))
            data = replace(data, groups=np.arange(len(data)) % 7)
            answer = fit(subject, data).predictor()(data.X)
            assert len(answer) == len(data), f"{subject}: a model on its sample answers {len(answer)} rows"


def same(subject: Subject, left: Sample, right: Sample) -> None:
    """Assert that two samples are one."""
    np.testing.assert_array_equal(left.index, right.index, err_msg=f"{subject} draws other rows")
    np.testing.assert_array_equal(left.weight, right.weight, err_msg=f"{subject} gives other weights")
