"""Every trial, kept as it ends: a line for people, its losses and predictions for what comes after."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesic.findings import Finding
from mesic.host.registry import Registry, notify
from mesic.runs.files import finite, write_text
from mesic.runs.stages import Store
from mesic.training.folds import OutOfFold, losses_by_row
from mesic.training.mean import FoldModels
from mesic.training.zone import Trial

if TYPE_CHECKING:
    from mesic.runs.journal import Journal  # imports Optuna, which runs without a search do not pay for

FILE = "trials.jsonl"


class Attempts:
    """Keeps the trials of one search; those of an earlier attempt at the same search are found again.

    Parameters
    ----------
    folder
        The run's folder.
    registry
        Whose plugins hear of every trial.
    key
        Digest of everything that the search depends on.
    journal
        Where Optuna's tools read them; None: nowhere.
    """

    def __init__(self, folder: Path, registry: Registry, key: str, journal: "Journal | None" = None) -> None:
        self.folder, self.registry, self.key = folder, registry, key
        self.store = Store(folder / "stages")
        self.findings: list[Finding] = []
        self.models = FoldModels()
        self.finished = self._earlier()
        self.journal = None if journal is None else journal.begin(key, list(self.finished.values()))

    def _earlier(self) -> dict[int, Trial]:
        found: dict[int, Trial] = {}
        while (kept := self.store.load(self._name(len(found)))) is not None:
            found[len(found)] = _trial(*kept)
        return found

    def _name(self, number: int) -> str:
        return f"trial-{self.key[:16]}-{number:04d}"

    def keep(self, trial: Trial, found: OutOfFold | None) -> None:
        """Write a trial as it ends, keep the models of the best, tell journal and plugins."""
        self.models.hear(trial, found)
        facts = trial.as_dict() | {"fit_s": trial.fit_s, "predict_us": trial.predict_us}
        arrays = {}
        if found is not None:
            arrays = {
                "rows": found.rows,
                "fold": found.fold,
                "prediction": found.prediction,
                "losses": found.losses,
            }
        self.store.save(self._name(trial.number), finite(facts), arrays)
        self._tell(trial, facts)

    def cut(self, trial: Trial) -> None:
        """Tell of a trial that the budget did not last for; a run that is taken up again has time to make it."""
        self._tell(trial, trial.as_dict() | {"fit_s": trial.fit_s, "predict_us": trial.predict_us})

    def _tell(self, trial: Trial, facts: dict[str, Any]) -> None:
        if self.journal is not None:
            self.journal.add(trial)
        for deaf in notify(self.registry, "trial_finished", trial=facts):
            message = f"plugin {deaf.provider.entry_point!r} failed to listen: {deaf.error}"
            self.findings.append(Finding("PLUGIN-FAILED", "warning", message, {}, "mend or disable it"))

    def load(self, number: int) -> OutOfFold:
        """Return a complete trial's out-of-fold predictions."""
        kept = self.store.load(self._name(number))
        assert kept is not None
        trial, arrays = _trial(*kept), kept[1]
        return OutOfFold(
            rows=arrays["rows"],
            fold=arrays["fold"],
            prediction=arrays["prediction"],
            losses=arrays["losses"],
            loss=trial.loss,
            fold_losses=trial.fold_losses,
            train_loss=trial.train_loss,
            complexity=trial.complexity,
        )

    def write(self, trials: Sequence[Trial]) -> None:
        """Write ``trials.jsonl``: a line a trial, also the failed."""
        lines = [json.dumps(finite(trial.as_dict()), ensure_ascii=False) for trial in trials]
        write_text(self.folder / FILE, "\n".join(lines) + "\n")


def _trial(facts: dict[str, Any], arrays: dict[str, np.ndarray]) -> Trial:
    size = facts["complexity"]
    return Trial(
        number=facts["number"],
        params=facts["params"],
        losses=losses_by_row(arrays["rows"], arrays["losses"]) if facts["state"] == "complete" else None,
        loss=_number(facts["loss"]),
        train_loss=_number(facts["train_loss"]),
        fold_losses=tuple(facts["fold_losses"]),
        complexity=(size[0], size[1]) if size else None,
        fit_s=facts["fit_s"],
        predict_us=_number(facts["predict_us"]),
        error=facts["error"],
        is_out=facts["state"] == "pruned",
        bias=_number(facts["bias"]),
        variance=_number(facts["variance"]),
        excess=facts.get("excess", {}),
        is_screened=facts.get("screened", False),
        is_lost=facts.get("lost", False),
        of=facts.get("of"),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
