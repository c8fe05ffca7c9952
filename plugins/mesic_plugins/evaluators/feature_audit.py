"""A row a column, and a verdict: is it worth having."""

import numpy as np
import pandas as pd

from mesic import Evaluation, Finding, Matrix, example_losses, paired_difference
from mesic_plugins.evaluators.reliability import covered_share, missing_share, shift_over_time, stands_still
from mesic_plugins.evaluators.verdicts import NEGLIGIBLE, verdict_of
from mesic_plugins.selectors.false_discovery import q_values
from mesic_plugins.selectors.redundancy import clusters, similarities

ROUGH_ROWS = 200
COMPARED_ROWS = 5_000
FRAGILE = 0.5


class FeatureAudit:
    """What each column gives, costs and risks, on rows that the model did not see and that are no test rows.

    Power is the loss that shuffling a column costs the model, which keeps what the others say; columns that say the
    same are shuffled together, too, for each alone seems worth nothing then. Reliability is what share of the cells is
    missing or stale, and the loss when the column does not come at all. Stability is what has changed in it between
    the earlier and the later half of the training rows. Columns that the pipeline does not read are not asked.

    Parameters
    ----------
    rows : int
        Validation rows at most, from 10.
    most : int
        Columns that are examined at most, from 1: those that a shuffle of 200 rows hurts most.
    similarity : float
        From which columns say the same, in (0, 1].

    References
    ----------
    L. Breiman, Random Forests, Machine Learning 45, 2001; A. Burkov, Machine Learning Engineering, 2020, chapter 4.
    """

    def __init__(self, rows=1000, most=60, similarity=0.9):
        self.rows = rows
        self.most = most
        self.similarity = similarity

    def evaluate(self, view):
        """Return a row a column, the strongest first, each with verdict and reason."""
        asked = _Asked(view, self.rows)
        read = [name for name in view.X.columns if name in view.costs or not view.costs]
        names = asked.strongest(read, self.most)
        cluster = self._clusters(view, names)
        features = [
            asked.examined(name) | {"cluster": int(number)} for name, number in zip(names, cluster, strict=True)
        ]
        found = q_values(np.array([feature["p"] for feature in features]))
        features = [feature | {"q": float(q)} for feature, q in zip(features, found, strict=True)]
        for number in np.unique(cluster):
            self._add_cluster(asked, [feature for feature in features if feature["cluster"] == number])
        gain = asked.gain()
        features = [feature | verdict_of(feature, 1 - view.level, gain) for feature in features]
        features.sort(key=lambda feature: (-feature["increase"], feature["name"]))
        data = {
            "method": f"loss increase when shuffled among {len(asked):,} validation rows",
            "features": features,
            "unexamined": sorted(set(read) - set(names)),
            "unread": sorted(set(view.X.columns) - set(read)),
        }
        return Evaluation(data, (*_idle(features, asked, gain), *_fragile(features, gain)))

    def _clusters(self, view, names):
        X = (view.X if view.reference is None else view.reference.X)[names].head(COMPARED_ROWS)
        texts = [name for name in names if view.columns.get(name, {}).get("kind") == "text"]
        matrix = Matrix.from_frame(X.assign(**dict.fromkeys(texts, 0.0)))
        places = [place for place, name in enumerate(matrix.names) if name in matrix.levels]
        return clusters(similarities(matrix.values, places), self.similarity)

    def _add_cluster(self, asked, alike):
        """Say of columns that say the same what they are worth together, and which of them to keep."""
        together = asked.cost_of_shuffling([feature["name"] for feature in alike]) if len(alike) > 1 else None
        keeper = min(
            alike, key=lambda feature: (round(feature["missing"], 2), feature["cost_us"], -feature["increase"])
        )
        for feature in alike:
            others = [other["name"] for other in alike if other is not feature]
            feature |= {"alike": others, "together": together, "keeper": keeper["name"]}


class _Asked:
    """Some rows of a view, and what changes in their columns cost."""

    def __init__(self, view, rows):
        self.view = view
        chosen = np.sort(view.rng.permutation(len(view))[:rows])
        self.X, self.y = view.X.iloc[chosen], view.y[chosen]
        self.weight = None if view.weight is None else view.weight[chosen]
        self.groups = None if view.groups is None else view.groups[chosen]
        self.before = self._losses(self.X)
        self.order = view.rng.permutation(len(self.X))
        self.orders = {name: view.rng.permutation(len(self.X)) for name in view.X.columns}

    def __len__(self):
        return len(self.X)

    def strongest(self, names, most):
        """Return the names of the columns to be examined, in the order of the table."""
        if len(names) <= most:
            return names
        few = self.X.head(ROUGH_ROWS)
        before = self.before[: len(few)]
        order = np.argsort(self.order[: len(few)])
        hurt = [
            (
                example_losses(self.view.task, self.y[: len(few)], self.view.predict(_shuffled(few, [name], order)))
                - before
            ).mean()
            for name in names
        ]
        return [names[place] for place in sorted(np.argsort(hurt, kind="stable")[::-1][:most])]

    def examined(self, name):
        """Return power, cost, reliability and stability of a column."""
        facts = self.view.columns.get(name, {})
        reference = self.view.reference
        column = self.X[name] if reference is None else reference.X[name]
        time = None if reference is None else reference.time
        power = self.cost_of_shuffling([name])
        return {
            "name": name,
            "increase": power["value"],
            **{key: power[key] for key in ("low", "high")},
            "p": _one_sided(power),
            "covered": covered_share(column, self.X[name]),
            "cost_us": float(self.view.costs.get(name, 0.0)) + float(facts.get("cost_us", 0.0)),
            "missing": missing_share(column),
            "stale": None if facts.get("kind") == "text" else stands_still(column, time),
            "upstream": facts.get("upstream", ""),
            "absent": self._cost(self.X.assign(**{name: _absent(self.X[name])})),
            "shift": None if facts.get("kind") == "text" else shift_over_time(column, time, 1 - self.view.level),
        }

    def cost_of_shuffling(self, names):
        """Return by how much the loss rises when some columns are shuffled, each row's cells together."""
        order = self.orders[names[0]] if len(names) == 1 else self.order
        return self._cost(_shuffled(self.X, names, order))

    def gain(self):
        """Return the loss that the model saves over knowing nothing but the target's shares or mean."""
        known = self if self.view.reference is None else self.view.reference
        if self.view.classes:
            counts = np.bincount(known.y, known.weight, minlength=len(self.view.classes)) + 1e-9
            nothing = np.tile(counts / counts.sum(), (len(self), 1))
        else:
            nothing = np.full(len(self), np.average(known.y, weights=known.weight))
        saved = example_losses(self.view.task, self.y, nothing) - self.before
        return max(float(np.average(saved, weights=self.weight)), 0.0)

    def _losses(self, X):
        return example_losses(self.view.task, self.y, self.view.predict(X))

    def _cost(self, X):
        difference = paired_difference(
            self._losses(X),
            self.before,
            weight=self.weight,
            groups=self.groups,
            rng=np.random.default_rng(0),
            level=self.view.level,
        )
        value = difference["value"]
        ends = {end: value if difference[end] is None else difference[end] for end in ("low", "high")}
        return {
            "value": value,
            **ends,
            "p": difference["p"],
            "level": difference["level"],
            "method": difference["method"],
            "unit": difference["unit"],
        }


def _one_sided(power):
    p = 1.0 if power["p"] is None else power["p"]
    return p / 2 if power["value"] > 0 else 1 - p / 2


def _shuffled(X, names, order):
    return X.assign(**{name: pd.Series(X[name].array.take(order), index=X.index) for name in names})


def _absent(values):
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical.from_codes([-1] * len(values), dtype=values.dtype), index=values.index)
    return pd.Series(np.nan, index=values.index)


def _idle(features, asked, gain):
    idle = [feature["name"] for feature in features if feature["verdict"] == "leave out"]
    if not idle:
        return ()
    shown = ", ".join(map(repr, idle[:5])) + (", ..." if len(idle) > 5 else "")
    message = f"{len(idle)} of {len(features)} columns add next to nothing to this model: {shown}"
    fix = "leave them out, by source.ignore or selection.forbid; selector=[boruta] asks whether they tell of the target"
    if len(idle) > 1 and asked.cost_of_shuffling(idle)["high"] > NEGLIGIBLE * gain:
        message, fix = f"{message}; each alone, not all together", "leave out one of them, and look again"
    return (Finding("IDLE-COLUMNS", "info", message, {"columns": idle}, fix),)


def _fragile(features, gain):
    for feature in features:
        if 0 < FRAGILE * gain < feature["absent"]["low"]:
            lost = feature["absent"]["value"] / gain
            much = f"{lost:.0%} of what" if lost <= 1 else "more than"
            message = f"without {feature['name']!r} the model loses {much} it gains over knowing nothing"
            fix = "watch that it comes, and learn what to answer without it: drop its cells in some training rows"
            yield Finding("FRAGILE-COLUMN", "info", message, {"column": feature["name"], "share": lost}, fix)
