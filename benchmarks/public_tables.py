"""Public tables of several kinds, made ready for tools that read nothing but numbers and categories.

Tables of MESIC_BENCHMARK_DATA are taken where they are, else those that scikit-learn ships.
"""

import re
from dataclasses import dataclass

import pandas as pd
from measure import DATA
from sklearn import datasets
from sklearn.model_selection import train_test_split

ROWS_AT_MOST, TEST_SHARE = 60_000, 0.2
NUMBERS_AT_LEAST = 0.95
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
LOADERS = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
    "wine": datasets.load_wine,
}
NOT_PUBLIC = "MESIC_BENCHMARK_DATA holds none of the tables: those that scikit-learn ships"


@dataclass(frozen=True)
class Table:
    """A table, its target, and the columns that are no features: identifiers, and what the target is made of."""

    name: str
    task: str
    target: str
    ignored: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """What the table's test part is scored by."""
        return METRICS[self.task]

    def frame(self) -> pd.DataFrame:
        """Return numbers, categories and the column ``target``, rows without a target left out."""
        whole = LOADERS[self.name](as_frame=True).frame if self.name in LOADERS else pd.read_parquet(_path(self.name))
        rows = whole[whole[self.target].notna()].drop(columns=list(self.ignored))
        rows = rows.sample(ROWS_AT_MOST, random_state=0) if len(rows) > ROWS_AT_MOST else rows
        target = rows.pop(self.target)
        ready = pd.DataFrame({_plain(name): _readable(rows[name]) for name in rows})
        return ready.assign(target=target.astype(float if self.task == "regression" else str)).reset_index(drop=True)


PUBLIC = (
    Table("bike_sharing", "regression", "cnt", ("instant", "casual", "registered")),
    Table("diamonds", "regression", "price"),
    Table("german_credit", "binary", "class"),
    Table("grants", "binary", "class", ("period",)),
    Table("jm1_defects", "binary", "defective"),
    Table("mice_protein", "multiclass", "class", ("MouseID", "mouse", "Genotype", "Treatment", "Behavior")),
    Table("nyc_flights", "regression", "arr_delay", ("dep_time", "dep_delay", "arr_time", "air_time")),
    Table("satimage", "multiclass", "class"),
    Table("sylva", "binary", "y"),
    Table("telco_churn", "binary", "Churn", ("customerID",)),
    Table("wine_quality", "multiclass", "quality"),
)
SHIPPED = (
    Table("breast_cancer", "binary", "target"),
    Table("diabetes", "regression", "target"),
    Table("digits", "multiclass", "target"),
    Table("wine", "multiclass", "target"),
)


def tables(names: list[str] | None) -> tuple[list[Table], str | None]:
    """Return the tables that are there, or those of some names, and a note where they are scikit-learn's only."""
    there = [table for table in PUBLIC if _path(table.name).exists()]
    known = {table.name: table for table in (*there, *SHIPPED)}
    if strange := [name for name in names or () if name not in known]:
        raise SystemExit(f"no table {', '.join(strange)}; there are {', '.join(known)}")
    chosen = [known[name] for name in names] if names else there or list(SHIPPED)
    return chosen, None if there else NOT_PUBLIC


def halves(table: Table, frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return four fifths of the rows to learn from and a fifth to be asked; every class has its share in both."""
    classes = None if table.task == "regression" else frame["target"]
    return tuple(train_test_split(frame, test_size=TEST_SHARE, random_state=seed, stratify=classes))


def _path(name):
    return DATA / f"{name}.parquet"


def _plain(name):
    return re.sub(r"\W", "_", str(name))


def _readable(column):
    """Return times as days, and texts that are numbers but for a few blanks as numbers."""
    kind = column.dtype.kind
    if kind == "M":
        return column.astype("datetime64[s, UTC]" if column.dt.tz else "datetime64[s]").astype("int64") / 86_400
    if kind == "b":
        return column.astype("int8")
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(column):
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().sum() >= NUMBERS_AT_LEAST * column.notna().sum() else column.astype("category")
