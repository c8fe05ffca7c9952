"""The typed settings of a run that are no component's options.

Options of components are declared by the components. What every source has in common is :class:`SourceOptions`:
a source's options dataclass inherits from it.
"""

from dataclasses import dataclass, field
from typing import Any

from mesic.host.components import option


@dataclass
class SourceOptions:
    """Which column plays which part; every source understands these."""

    target: str | None = option(None, "column to predict; null: the source's own, or none")
    task: str = option("auto", "what is predicted", choices=("auto", "binary", "multiclass", "regression"))
    positive: str | None = option(None, "label of the positive class of a binary task; null: the rarer one")
    time: str | None = option(None, "column that orders the rows in time")
    group: str | None = option(None, "column of groups that must not be split, such as a person")
    part: str | None = option(None, "column that says train, test, validate or a fold's number of each row")
    weight: str | None = option(None, "column of row weights, each 0 or more")
    key: str | None = option(None, "column that identifies a row; null: the row's content does")
    ignore: list[str] = option([], "columns that are not features")
    schema: str | None = option(None, "schema.yaml to enforce; null: infer one")


MEASURES = ("predict_us", "complexity", "variance")


@dataclass
class TunerOptions:
    """When a search ends; every tuner that searches understands these."""

    trials: int | None = option(None, "trials at most; null: 15, or as many as the seconds allow", low=1)
    budget_s: float | None = option(
        None, "wall seconds for search and final fit together; null: no limit", low=0, unit="s", open_low=True
    )
    trial_s: float | None = option(
        None,
        "wall seconds a trial at most, and the final fit; null: none beside the budget",
        low=0,
        unit="s",
        open_low=True,
    )
    constraints: dict[str, Any] = option(
        {}, "the most that a trial's predict_us, complexity or disparity.COLUMN may be, such as {predict_us: 20}"
    )
    beside: list[str] = option(
        [], "what is made small beside the loss, such as [predict_us]; the zone and what is taken stay with the loss"
    )
    patience: int | None = option(
        None, "trials in a row that do not enter the zone, after which the search ends; null: none", low=1
    )
    plateau: int | None = option(
        None, "trials in a row, none clearly better than the best, after which the search ends; null: none", low=1
    )
    space: dict[str, Any] = option({}, "search range by option of the learner: [low, high], [low, high, log], choices")


@dataclass
class Resources:
    """What a run may use."""

    threads: int | None = option(None, "threads of the numeric libraries; null: the cores there are", low=1)
    memory_mb: int | None = option(
        None, "resident memory of run and trials together, beyond which a trial fails; null: no limit", low=100
    )


@dataclass
class Needs:
    """The transformer that a learner gets for what it cannot read; see the learner's traits."""

    missing: str | None = option("impute", "for learners that cannot read missing values; null: none")
    categories: str | None = option("one_hot", "for learners that cannot read category columns; null: none")
    scale: str | None = option("standardize", "for learners that care about the scale of columns; null: none")


PREFERENCES = ("mean", "best", "simplest", "fastest", "stable")


@dataclass
class Zone:
    """The zone of solutions and what is taken from it."""

    prefer: str = option("mean", "what is taken from it in the end", choices=PREFERENCES)
    level: float = option(0.9, "probability with which the zone holds the truly best trial", low=0.5, high=0.99)
    tolerance: float = option(
        0.02, "most that what is taken loses out of fold against the best, as a share of its skill", low=0, high=1
    )


@dataclass
class Selection:
    """What is said of columns beside selectors, and how selectors are examined."""

    protect: list[str] = option([], "columns, or patterns such as BILL_*, that stay whatever selectors say")
    forbid: list[str] = option([], "columns, or patterns, that the learner never sees")
    subsamples: int = option(10, "halves of the training rows on which selectors choose again; 0: none", low=0)


METHODS = ("auto", "bca", "percentile")


@dataclass
class Intervals:
    """How far scores may be off, and how that is estimated."""

    level: float = option(0.95, "share of intervals that hold the truth", low=0.5, high=0.999)
    method: str = option("auto", "auto: what covers best for each metric; else one bootstrap for all", choices=METHODS)
    replicates: int = option(1_000, "resamples of the scored rows", low=200)
    refit: bool = option(False, "intervals of the procedure too: what was chosen is fitted anew on halves of the rows")
    refits: int = option(20, "fits on halves", low=2)
    refit_s: float | None = option(
        None, "wall seconds for them, after which no other begins; null: no limit", low=0, unit="s", open_low=True
    )


@dataclass
class Policy:
    """What stops a run."""

    leak: str = option(
        "warn", "strict: a suspected leak stops the run; a certain one stops it always", choices=("warn", "strict")
    )
    max_error: float | None = option(
        None, "largest share of wrong answers, or mean absolute error, that may be; null: any", low=0, open_low=True
    )
    accept: dict[str, str] = option({}, "findings that stop nothing, each with the reason, such as {LEAK-TIME: why}")
    min_difference: float | None = option(
        None,
        "smallest share of the best baseline's loss of which the test part must be able to show that it is saved",
        low=0,
        high=1,
        open_low=True,
    )
    test_uses: int | None = option(
        None,
        "models that may be scored on one test part before a deployment is refused; null: until the best of them may "
        "flatter by half the interval",
        low=1,
    )
    author: str | None = option(None, "who made the model")
    approver: str | None = option(None, "who approved that it is used")
    grounds: str | None = option(None, "on what grounds")
    privacy_reviewer: str | None = option(None, "who looked at privacy")
    security_reviewer: str | None = option(None, "who looked at security")
    licence: str | None = option(None, "on what terms the rows may be used")
    purpose: str | None = option(None, "for what purpose the rows were collected")
    allowed_uses: list[str] = option([], "what the model is meant for")
    forbidden_uses: list[str] = option([], "what it must not be used for")
    retention: str | None = option(None, "how long rows and model are kept")
    expires: str | None = option(None, "day after which the card no longer holds, such as 2027-12-31")
    sensitive: list[str] | None = option(
        None, "columns that say something of a person that must not decide, beside the schema's; []: there are none"
    )
    require: list[str] = option([], "what must be said above before a deployment, such as [licence, approver]")
    waivers: list[Any] = option([], "objections that stop no deployment: {code, who, reason, until} each")


@dataclass
class Plugins:
    """Which plugin is taken where two offer one name."""

    prefer: dict[str, str] = option({}, "distribution by kind/name, such as {learner/ridge: acme-ml}")


@dataclass
class Costs:
    """What things cost, in one currency."""

    unit: str = option("", "the currency, for people: EUR")
    false_positive: float | None = option(None, "of answering the positive class of two for the other one")
    false_negative: float | None = option(None, "of answering the other class of two for the positive one")
    true_positive: float | None = option(None, "of a right answer of the positive class; below 0: it earns")
    true_negative: float | None = option(None, "of a right answer of the other class; below 0: it earns")
    matrix: dict[str, Any] | None = option(
        None, "of each answer by class, such as {cat: {dog: 5}}; what is not said is 0"
    )
    error: float | None = option(None, "of one wrong answer, or of a unit of absolute error; read by plan", low=0)
    answers: int | None = option(None, "answers that the model will give while it serves; read by plan", low=1)
    label: float = option(0.0, "of one row with its label; read by plan", low=0)
    deploy: float = option(0.0, "of bringing the model into production and keeping it there; read by plan", low=0)
    hour: float = option(0.0, "of an hour of this machine; read by plan", low=0, unit="per h")


PROMISES = ("precision", "recall")
RULES = ("fixed", "f_beta", "cost", *PROMISES)


@dataclass
class Threshold:
    """From which probability on the positive class is answered."""

    rule: str | None = option(None, "how it is chosen, out of fold; null: the most probable class", choices=RULES)
    value: float | None = option(None, "the threshold of rule=fixed", low=0, high=1)
    beta: float = option(1.0, "of rule=f_beta: how many times recall counts", low=0, open_low=True)
    at_least: float = option(0.8, "of rule=precision and recall: the share that is promised", low=0.01, high=0.999)
    confidence: float = option(0.9, "the chance that the promise is kept", low=0.5, high=0.999)
    rows: int | None = option(None, "new rows of which it is promised; null: as many as the test part has", low=1)


@dataclass
class Cache:
    """Where stages are kept, so that runs with the same ones need not do them again."""

    enabled: bool = option(True, "whether stages are taken from there and kept there")
    folder: str | None = option(None, "shared by runs; null: what MESIC_CACHE says, else .mesic/cache")
    most_mib: int = option(2048, "size of the folder, beyond which what was not used longest goes", low=1, unit="MiB")


@dataclass
class Growth:
    """How the time of each step grows with the rows."""

    budget_s: float = option(5.0, "wall seconds for measuring it; 0: it is not; read by plan", low=0, unit="s")


@dataclass
class RunSettings:
    """The settings of ``mesic run`` beside its groups."""

    out: str = option("runs/<date>/<time>", "the run's folder")
    seed: int = option(0, "the one seed; every stage derives its own", low=0, high=2**32 - 1)
    metrics: list[str] | None = option(None, "metrics beside the primary one; null: the usual ones of the task")
    snapshot: str | None = option(None, "folder in which the rows that were used are kept; null: they are not")
    resources: Resources = field(default_factory=Resources)
    needs: Needs = field(default_factory=Needs)
    zone: Zone = field(default_factory=Zone)
    selection: Selection = field(default_factory=Selection)
    interval: Intervals = field(default_factory=Intervals)
    threshold: Threshold = field(default_factory=Threshold)
    costs: Costs = field(default_factory=Costs)
    policy: Policy = field(default_factory=Policy)
    plugins: Plugins = field(default_factory=Plugins)
    cache: Cache = field(default_factory=Cache)
    growth: Growth = field(default_factory=Growth)


SETTINGS: dict[str, type] = {"run": RunSettings, "data_check": RunSettings, "plan": RunSettings}
