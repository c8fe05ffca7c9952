"""Pipelines without what nobody uses: the same answers, from fewer columns and steps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic.bundle.lineage import links_of, origins, pruned
from mesic.bundle.portable import Matrix, PortableStep, applied, compile_pipeline
from mesic.bundle.stepping import codes_step
from mesic.host.registry import installed
from mesic_plugins.selectors.long_tail import LongTail
from mesic_plugins.transformers.binning import Binning
from mesic_plugins.transformers.crosses import Crosses
from mesic_plugins.transformers.dates import Dates
from mesic_plugins.transformers.hashing import Hashing
from mesic_plugins.transformers.impute import Impute
from mesic_plugins.transformers.interactions import Interactions
from mesic_plugins.transformers.min_max import MinMax
from mesic_plugins.transformers.one_hot import OneHot
from mesic_plugins.transformers.ordinal import Ordinal
from mesic_plugins.transformers.quantile import Quantile
from mesic_plugins.transformers.robust import Robust
from mesic_plugins.transformers.target_encoding import TargetEncoding
from mesic_plugins.transformers.text_counts import TextCounts

MADE = {
    "impute": lambda: Impute(indicator=True),
    "some": lambda: Impute(columns=["a"]),
    "robust": lambda: Robust(columns=["a", "b"]),
    "min_max": MinMax,
    "quantile": lambda: Quantile(columns=["b"]),
    "binning": lambda: Binning(bins=3, columns=["c"]),
    "interactions": lambda: Interactions(squares=True, most=10_000),
    "crosses": lambda: Crosses(min_rows=2, most=10_000),
    "dates": lambda: Dates(columns=["a"], keep=False),
    "target": lambda: TargetEncoding(columns=["town"], task="multiclass"),
    "one_hot": lambda: OneHot(columns=["town"]),
    "ordinal": Ordinal,
    "tail": lambda: LongTail(min_rows=8),
}


def rows(number=60):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(number, 4)) * 100, columns=list("abcd"))
    frame["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn", "Rome", "Oslo"], number))
    frame["job"] = pd.Categorical(rng.choice(["cook", "clerk"], number))
    frame["note"] = pd.Categorical([f"word{n % 7} word{n % 5} word{n % 3}" for n in range(number)])
    return frame.mask(rng.random(frame.shape) < 0.1)


def chain(names, X):
    """Fit readers of text, then transformers by name, each where its columns are still there."""
    y, texts, steps = np.arange(len(X)) % 3, [], []
    for transformer in (TextCounts(min_rows=3, columns=["note"]), Hashing(buckets=3, columns=["job"])):
        transformer.fit(X)
        texts += transformer.texts_
        steps, X = [*steps, transformer.to_portable()], transformer.transform(X)
    for name in names:
        transformer = MADE[name]()
        wanted = getattr(transformer, "columns", None)
        if wanted and not set(wanted) <= set(X.columns):
            continue
        try:
            transformer.fit(X, y)
        except ValueError:  # a column was rewritten to another kind before
            continue
        steps, X = [*steps, transformer.to_portable()], transformer.transform(X)
    return texts, steps, X


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(MADE)), max_size=5), st.randoms(use_true_random=False))
def test_what_is_left_makes_the_same_of_the_columns_that_are_wanted(names, random):
    X = rows()
    texts, steps, made = chain(names, X)
    wanted = random.sample(range(made.shape[1]), random.randint(1, min(5, made.shape[1])))
    whole = [codes_step(X, texts), *steps, PortableStep("take", {"columns": wanted})]
    fewer = pruned(whole, applied)
    later = rows(80).iloc[20:]

    np.testing.assert_array_equal(
        compile_pipeline(fewer)(Matrix.from_frame(later)), compile_pipeline(whole)(Matrix.from_frame(later))
    )
    names, links = links_of(whole, applied)
    needed = frozenset().union(*origins(links, X.shape[1]))
    asked = [column["name"] for column in fewer[0].params["columns"]]
    assert asked == [name for place, name in enumerate(X) if place in needed]
    doing = [[step.op for step in steps if step.op != "take"] for steps in (fewer, whole)]
    assert len(doing[0]) <= len(doing[1])


def test_steps_that_nothing_is_wanted_of_are_gone():
    X = rows()
    texts, steps, made = chain(["interactions", "quantile", "crosses"], X)
    place = list(made.columns).index("d")
    fewer = pruned([codes_step(X, texts), *steps, PortableStep("take", {"columns": [place]})], applied)

    assert [step.op for step in fewer] == ["codes"]
    assert [column["name"] for column in fewer[0].params["columns"]] == ["d"]


@pytest.mark.parametrize("adds", [True, False])
def test_a_foreign_step_stays_unless_it_only_adds_what_nobody_wants(adds):
    offer = installed().find("transformer", "ordinal")
    step = foreign_step(offer, adds)
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    whole = [codes_step(X), step, PortableStep("take", {"columns": [1]})]
    fewer = pruned(whole, applied)

    assert [step.op for step in fewer] == (["codes"] if adds else ["codes", "skops", "take"])
    run = compile_pipeline(fewer, trusted=frozenset(step.params["types"]))
    assert run(Matrix.from_frame(X)).tolist() == [[3.0], [4.0]]


def foreign_step(offer, adds):
    """Return what skops writes of a transformer that squares two columns and leaves them beside."""
    from dataclasses import replace

    from sklearn.preprocessing import PolynomialFeatures

    from mesic.bundle.stepping import skops_step

    X = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    component = replace(offer.component, traits=offer.component.traits | ({"adds"} if adds else set()))
    return skops_step(PolynomialFeatures(2, include_bias=False).fit(X), replace(offer, component=component))
