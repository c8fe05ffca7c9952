"""What is fitted: sampler, transformers, selectors, learner, in that order, on a training view only."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.lineage import link_of, pruned
from mesic.bundle.operators import take
from mesic.bundle.portable import Matrix, PortableStep, applied
from mesic.bundle.stepping import codes_step, portable_step
from mesic.caching.cache import StageCache
from mesic.data.view import TrainingView
from mesic.errors import MesicError, UsageError
from mesic.findings import Finding
from mesic.host.building import build, takes_threads
from mesic.host.registry import Registry
from mesic.runs.files import json_digest
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.training.costs import charges_of
from mesic.training.fitted import Fitted
from mesic.training.metering import metered
from mesic.training.needs import lacking_findings, needed_traits
from mesic.training.part import Part
from mesic.training.prepared import BeforeLearner, EvalSet, Prepared
from mesic.training.sampling import Sample, is_whole, refuse_unreadable, with_made
from mesic.training.selection import FORBIDDEN, Bounds, Choice, choice_of


@dataclass(frozen=True)
class Recipe:
    """Everything that is fitted together on one training view.

    Parameters
    ----------
    learner, sampler, transformers, selectors
        The parts, as configured.
    needs
        The transformers for what a component cannot read, by trait: ``categories``, ``missing``, ``unscaled``; None
        where nothing is to be done about it.
    registry
        Whose ``to_portable`` and ``describe_complexity`` are asked.
    task, classes
        What is predicted; the number of classes, 0 for regression.
    seed, threads
        Of the stage.
    bounds
        Which columns stay whatever selectors say, and which the learner never sees.
    most_rounds
        Where the number of the learner's rounds is sought on validation rows: rounds at most; else None.
    copy
        Which of several fits of the learner, that differ by its seed alone.
    cache
        Where what stands before the learner is kept for other runs, or None.
    """

    learner: Part
    sampler: Part
    transformers: Sequence[Part]
    selectors: Sequence[Part]
    needs: Mapping[str, Part | None]
    registry: Registry
    task: str
    classes: int
    seed: int
    threads: int
    bounds: Bounds = field(default_factory=Bounds)
    most_rounds: int | None = None
    copy: int = 0
    cache: StageCache | None = field(default=None, compare=False, repr=False)

    def with_learner(self, learner: Part) -> "Recipe":
        """Return the recipe with another learner, or the same one with other options."""
        return replace(self, learner=learner)

    def plain(self, learner: Part, sampler: Part) -> "Recipe":
        """Return a recipe of a learner alone: all rows, no transformers but what it needs, no selectors."""
        bounds = Bounds((), self.bounds.forbid, is_strict=False)  # columns that a transformer makes are not there
        return replace(self, learner=learner, sampler=sampler, transformers=(), selectors=(), bounds=bounds)

    def with_selectors(self, selectors: Sequence[Part]) -> "Recipe":
        """Return the recipe with other selectors."""
        return replace(self, selectors=selectors)

    @property
    def parts(self) -> list[Part]:
        """Everything that may be fitted, also what only some columns need."""
        adapters = [part for part in self.needs.values() if part is not None]
        return [self.sampler, *self.transformers, *self.selectors, self.learner, *adapters]

    def side_by_side(self, fits: int) -> tuple[int, "Recipe"]:
        """Return how many of several fits go on at once, and the recipe with the threads that each then has."""
        at_once = min(fits, self.threads) if all("concurrent" in part.traits for part in self.parts) else 1
        return at_once, replace(self, threads=self.threads // at_once)

    def refuse_bounds(self, names: Sequence[str]) -> None:
        """Refuse bounds that mean no column; where transformers make columns, the first fit says so.

        Raises
        ------
        UsageError
            An entry means no column.
        """
        if not self.transformers:
            self.bounds.forbidden(names)
            self.bounds.protected(names)

    def facts(self) -> dict[str, Any]:
        """Return what it is made of, as names and options; JSON-able."""
        return {
            "parts": [[part.offer.address, str(part.offer.provider), dict(part.options)] for part in self.parts],
            "task": self.task,
            "seed": self.seed,
            "bounds": self.bounds.facts(),
        }

    def preparation(self) -> str:
        """Return the digest of all that decides what the learner sees of some rows; its own options do not."""
        others = [part for part in self.parts if part is not self.learner]
        made = [[part.offer.address, str(part.offer.provider), dict(part.options)] for part in others]
        return json_digest([made, self.learner.offer.address, self.seed, self.bounds.facts()])

    def fit(self, view: TrainingView) -> Fitted:
        """Fit every part in turn and return their portable forms."""
        prepared = self.prepare(view)
        return self.described(prepared, self.learn(prepared))

    def prepare(self, view: TrainingView) -> Prepared:
        """Fit everything before the learner."""
        made = self.before_learner(view)
        steps, view, X = list(made.steps), made.view, made.view.X
        adapters = self._needed(self.learner, X)
        findings = [*made.findings, *self._lacking(X)]
        for part in adapters:
            transformer, X = self._transformed(part, X, view.y, view)
            steps.append(self._portable(transformer, part))
        steps = pruned(steps, applied)
        return Prepared(tuple(steps), replace(view, X=X), made.present, made.choices, tuple(findings))

    def before_learner(self, view: TrainingView) -> BeforeLearner:
        """Fit sampler, transformers and selectors, or take what another run has made of the same rows."""
        is_little = not self.transformers and not self.selectors and self.sampler.name == "everything"
        if self.cache is None or not view.identity or is_little:
            return self._before_learner(view)
        adapters = [part for part in self.needs.values() if part is not None and self.selectors]
        parts = [self.sampler, *self.transformers, *self.selectors, *adapters]
        counts = any(takes_threads(part.offer) and "any_threads" not in part.traits for part in parts)
        threads = self.threads if counts else None
        needs = {trait: None if part is None else part.name for trait, part in self.needs.items()}
        depends = [view.identity, self.task, self.classes, self.seed, self.bounds.facts(), needs, threads]
        return self.cache.of("preparation", depends, parts, lambda: self._before_learner(view))

    def _before_learner(self, view: TrainingView) -> BeforeLearner:
        view = self._sampled(view)
        present = np.unique(view.y) if self.classes else np.array([], dtype=np.int64)
        y = np.searchsorted(present, view.y) if self.classes else view.y
        rewritten = self._rewritten(y, view)
        steps, X, choices = self._chosen(rewritten, y, view)
        after = replace(view, X=X, y=y)
        return BeforeLearner(tuple(steps), after, present, tuple(choices), tuple(rewritten.findings))

    def learn(self, prepared: Prepared, eval_set: EvalSet | None = None, beat: float | None = None) -> Any:
        """Return the learner, fitted.

        Parameters
        ----------
        prepared
            Training rows, as it sees them.
        eval_set
            Rows that a learner watches which grows by rounds.
        beat
            Loss on them without hope of which it may stop.
        """
        learner, given = self._made(self.learner, prepared.view)
        known = {"eval_set": eval_set, "cache": prepared.cache, "beat": beat}
        accepts = inspect.signature(learner.fit).parameters
        given |= {name: value for name, value in known.items() if name in accepts and value is not None}
        with metered(self.learner.offer.address, len(prepared.view)):
            learner.fit(prepared.view.X, prepared.view.y, **given)
        return learner

    def described(self, prepared: Prepared, estimator: Any) -> Fitted:
        """Return everything that was fitted in its portable form."""
        return Fitted(
            steps=(*prepared.steps, self._portable(estimator, self.learner)),
            present=prepared.present,
            classes=self.classes,
            threads=self.threads,
            complexity=self.registry.manager.hook.describe_complexity(estimator=estimator),
            inputs=tuple(map(str, prepared.view.X.columns)),
            choices=prepared.choices,
            findings=prepared.findings,
        )

    def refuse_transformers(self, view: TrainingView) -> None:
        """Refuse transformers whose options mean nothing of these columns, before anything is learned from many rows.

        Raises
        ------
        UsageError
            An option cannot work, of whatever rows.
        """
        y = np.unique(view.y, return_inverse=True)[1] if self.classes else view.y
        try:
            self._rewritten(y, view)
        except UsageError:
            raise
        except Exception:  # noqa: BLE001 - so few rows may be too few; a trial says what is wrong with all of them
            return

    def choices(self, view: TrainingView) -> list[Choice]:
        """Return what the selectors choose on a training view; no learner is fitted."""
        return list(self.before_learner(view).choices)

    def drawn(self, view: TrainingView) -> Sample:
        """Return the sample that would be drawn of some training rows; the same rows give the same."""
        refuse_unreadable(self.sampler.name, self.sampler.traits, view.X)
        sampler = build(self.sampler.offer, self.sampler.options, task=self.task)
        with metered(self.sampler.offer.address, len(view)):
            sample: Sample = sampler.sample(view, stage_rng(self.seed, "sample"))
        if sample.made is not None and view.weight is not None:
            raise UsageError(
                f"sampler={self.sampler.name} makes rows, and source.weight weighs none: leave out one of them"
            )
        return sample

    def _sampled(self, view: TrainingView) -> TrainingView:
        sample = self.drawn(view)
        if is_whole(sample, view):
            return view
        weight = sample.weight if view.weight is None else sample.weight * view.weight[sample.index]
        X, y = view.X.iloc[sample.index], view.y[sample.index]
        if sample.made is not None:
            self._refuse_made_rows()
            return replace(with_made(TrainingView(X, y, weight), sample.made), kinds=view.kinds, cost_us=view.cost_us)
        groups = None if view.groups is None else view.groups[sample.index]
        time = None if view.time is None else view.time[sample.index]
        copies = sample.index if np.unique(sample.index).size < sample.index.size else None
        return replace(view, X=X, y=y, weight=weight, groups=groups, time=time, copies=copies)

    def _refuse_made_rows(self) -> None:
        """Refuse what answers out of fold where a sampler makes rows: each lies near rows of other folds."""
        if out_of_fold := [part.name for part in self.transformers if "out_of_fold" in part.traits]:
            raise UsageError(
                f"sampler={self.sampler.name} makes rows of others, which undoes that transformer={out_of_fold[0]} "
                "answers rows out of fold: leave out one of them, or draw rows by sampler=oversample"
            )

    def _rewritten(self, y: np.ndarray, view: TrainingView) -> "Rewritten":
        """Fit the transformers in turn; whose letters they read is known only then, and decides the first step."""
        raw = [str(name) for name in view.X]
        hidden = [
            name for name, is_hidden in zip(raw, self.bounds.forbidden(raw, is_strict=False), strict=True) if is_hidden
        ]
        if len(hidden) == len(raw):
            raise UsageError(f"{FORBIDDEN} leaves no column: allow one")
        texts = {name for name, kind in view.kinds.items() if kind == "text" and name in view.X} - set(hidden)
        is_read = any("text" in part.traits for part in self.transformers)
        X = view.X.drop(columns=[*hidden, *([] if is_read else texts)])
        start, steps, open_columns, findings = X, list[PortableStep](), set[str](), list[Finding]()
        for part in self.transformers:
            before = X
            transformer, X = self._transformed(part, X, y, view)
            steps.append(self._portable(transformer, part))
            view = replace(view, kinds=_kinds_left(view.kinds, steps[-1], before, X))
            open_columns |= set(getattr(transformer, "texts_", ()))
            findings += getattr(transformer, "findings_", ())
        if unread := sorted(texts & set(X.columns)):
            raise UsageError(
                f"no transformer reads the free text of {', '.join(map(repr, unread))}: "
                "name them in columns of one that does, or in source.ignore"
            )
        return Rewritten([codes_step(start, open_columns), *steps], X, findings, tuple(hidden))

    def _needed(self, part: Part, X: pd.DataFrame) -> list[Part]:
        """Return the transformers without which a part could not read these columns."""
        return [adapter for trait in self._unread(part, X) if (adapter := self.needs[trait]) is not None]

    def _unread(self, part: Part, X: pd.DataFrame) -> list[str]:
        """Return the traits that a part would need for these columns, and that no transformer has made up for."""
        served = {trait for trait in ("fills", "scales") if any(given.serves(trait) for given in self.transformers)}
        return needed_traits(part.traits, X, served)

    def _lacking(self, X: pd.DataFrame) -> list[Finding]:
        """Say what the learner would need for these columns and does not get; refuse what it cannot do without."""
        lacking = [trait for trait in self._unread(self.learner, X) if self.needs[trait] is None]
        return lacking_findings(self.learner.name, lacking, X)

    def _transformed(self, part: Part, X: pd.DataFrame, y: np.ndarray, view: TrainingView) -> tuple[Any, pd.DataFrame]:
        """Return a fitted transformer, and the training rows rewritten."""
        transformer, given = self._made(part, view)
        with metered(part.offer.address, len(view)):
            if hasattr(transformer, "fit_transform"):
                rewritten = transformer.fit_transform(X, y, **given)
            else:
                rewritten = transformer.fit(X, y, **given).transform(X)
        return transformer, _as_frame(rewritten, transformer, X, part)

    def _chosen(
        self, rewritten: "Rewritten", y: np.ndarray, view: TrainingView
    ) -> tuple[list[PortableStep], pd.DataFrame, list[Choice]]:
        """Return the columns that the learner sees, and each choice that led to them."""
        steps, X = rewritten.steps, rewritten.X
        names = [*rewritten.hidden, *map(str, X.columns)]
        forbidden, choices = self.bounds.forbidden(names), []
        if forbidden.all():
            raise UsageError(f"{FORBIDDEN} leaves no column: allow one")
        if forbidden.any():
            choices.append(Choice(FORBIDDEN, tuple(names), ~forbidden, np.zeros(len(names), dtype=bool)))
            allowed = np.flatnonzero(~forbidden[len(rewritten.hidden) :])
            names = list(map(str, X.columns))
            steps, X = [*steps, PortableStep("take", {"columns": allowed.tolist()}, {})], X.iloc[:, allowed]
        protected = {name for name, stays in zip(names, self.bounds.protected(names), strict=True) if stays}
        for part in self.selectors:
            steps, X, choice = self._selected(part, X, y, view, steps, protected)
            choices.append(choice)
        return steps, X, choices

    def _selected(
        self,
        part: Part,
        X: pd.DataFrame,
        y: np.ndarray,
        view: TrainingView,
        steps: list[PortableStep],
        protected: set[str],
    ) -> tuple[list[PortableStep], pd.DataFrame, Choice]:
        readable = X
        for adapter in self._needed(part, X):
            if adapter is self.needs["categories"]:
                readable = _codes_as_numbers(readable)
            else:
                _, readable = self._transformed(adapter, readable, y, view)
        selector, given = self._made(part, view)
        accepts = inspect.signature(selector.fit).parameters
        if "costs" in accepts:
            given["costs"] = charges_of(steps, view.X, view.cost_us)
        if "protected" in accepts:
            given["protected"] = sorted(protected)
        with metered(part.offer.address, len(view)):
            selector.fit(readable, y, **given)
        names = [str(name) for name in X.columns]
        choice = choice_of(selector, part.name, names, np.array([name in protected for name in names], dtype=bool))
        step = _take_step(self.registry.manager.hook.to_portable(step=selector), np.flatnonzero(choice.kept))
        if "levels" not in step.params:
            return [*steps, step], X.iloc[:, step.params["columns"]], choice
        taken = take(step)(Matrix.from_frame(X)).frame()
        return [*steps, step], taken.set_axis(X.index), choice

    def _made(self, part: Part, view: TrainingView) -> tuple[Any, dict[str, Any]]:
        """Return a part, not fitted, and what its ``fit`` asks for beside X and y."""
        which = f" {self.copy}" if part is self.learner and self.copy else ""
        seed = stage_seed(self.seed, part.offer.address + which)
        component = build(part.offer, part.options, task=self.task, seed=seed, threads=self.threads)
        accepts = inspect.signature(component.fit).parameters
        groups = view.copies if view.groups is None and "out_of_fold" in part.traits else view.groups
        facts = {"sample_weight": view.weight, "groups": groups, "time": view.time, "kinds": view.kinds}
        return component, {name: value for name, value in facts.items() if name in accepts and value is not None}

    def _portable(self, fitted: Any, part: Part) -> PortableStep:
        return portable_step(self.registry, fitted, part.offer)


@dataclass(frozen=True)
class Rewritten:
    """Training rows after all transformers: the steps that led there, the columns, what was found, what is hidden."""

    steps: list[PortableStep]
    X: pd.DataFrame
    findings: list[Finding]
    hidden: tuple[str, ...]


def _kinds_left(
    kinds: Mapping[str, str], step: PortableStep, before: pd.DataFrame, after: pd.DataFrame
) -> dict[str, str]:
    """Return the kinds of the columns that a step has left as they were: what a scaler makes of times are no times."""
    names = tuple(map(str, after.columns))
    link = link_of(step, tuple(map(str, before.columns)), names)
    same = {name for name, is_same in zip(names, link.is_same, strict=True) if is_same}
    return {name: kind for name, kind in kinds.items() if name in same}


def _as_frame(transformed: Any, transformer: Any, X: pd.DataFrame, part: Part) -> pd.DataFrame:
    if isinstance(transformed, pd.DataFrame):
        return transformed
    dense = transformed.toarray() if hasattr(transformed, "toarray") else np.asarray(transformed)
    if len(dense) != len(X):
        raise MesicError(f"{part.offer.address} returned {len(dense)} rows for {len(X)}: a transformer keeps every row")
    return pd.DataFrame(dense, columns=list(transformer.get_feature_names_out()), index=X.index)


def _take_step(said: PortableStep | None, kept: np.ndarray) -> PortableStep:
    """Return the step that keeps columns, and merges levels where the selector says so of a column that is kept."""
    params: dict[str, Any] = {"columns": kept.tolist()}
    if said is not None and said.params.get("levels"):
        params["levels"] = said.params["levels"]
    return PortableStep("take", params, {})


def _codes_as_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Let a selector that cannot read categories see their codes; columns stay one to one."""
    codes = {
        str(name): X[name].cat.codes.astype(np.float64).where(X[name].cat.codes >= 0)
        for name in X
        if X[name].dtype == "category"
    }
    return X.assign(**codes)
