"""The kernel answers for forests as the interpreter does, to the last bit, or the interpreter answers."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from mesic.bundle.matrix import Matrix
from mesic.bundle.portable import compile_pipeline
from mesic.bundle.step import PortableStep
from mesic.bundle.trees import trees
from mesic.kernel.choosing import Chooser, chosen_forest
from mesic.kernel.compiling import NoLibrary, compiled
from mesic.kernel.forest import Unsuited
from mesic.kernel.forest_rows import forest_rows
from mesic.kernel.native import ForestKernel
from mesic.kernel.questions import as_float32, forest_arrays
from mesic.serving.plan import Pipeline
from mesic_plugins.learners import to_portable

COLUMNS = 6
LEARNERS = {
    "two classes": RandomForestClassifier(9, random_state=1),
    "four classes": ExtraTreesClassifier(9, min_samples_leaf=2, random_state=2),
    "a value": RandomForestRegressor(9, min_samples_leaf=2, random_state=3),
    "a lone tree": DecisionTreeClassifier(max_depth=3, random_state=4),
    "no question": RandomForestRegressor(3, max_depth=1, min_samples_leaf=600, random_state=5),
}


@pytest.fixture(scope="module")
def library():
    """The compiled kernel."""
    try:
        return compiled()
    except NoLibrary as why:
        pytest.skip(str(why))


def told(rows, seed, *, missing=0.1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, COLUMNS)).round(2)
    X[rng.random(X.shape) < missing] = np.nan
    return X


@cache
def learned(name):
    X = told(800, 0)
    score = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) + np.isnan(X[:, 3]) + np.random.default_rng(1).normal(size=800)
    y = {"two classes": score > 0, "four classes": np.digitize(score, [-1, 0, 1]), "a lone tree": score > 0.5}
    return LEARNERS[name].fit(X, y.get(name, score))


@pytest.fixture(scope="module", params=LEARNERS)
def model(request):
    return learned(request.param)


def step_of(name="two classes"):
    return to_portable(learned(name))


def matrix(rows):
    return Matrix(rows, tuple(f"x{place}" for place in range(rows.shape[1])))


def test_every_kind_of_forest_is_answered_to_the_last_bit(library, model):
    step = to_portable(model)
    kernel, telling = ForestKernel(library, forest_arrays(step)), forest_rows(step)
    padded = np.pad(telling, ((0, 0), (0, COLUMNS - telling.shape[1])))
    for rows in (told(1000, 7), told(1000, 8, missing=0), told(40_000, 9)[:, :COLUMNS], padded):
        wanted = trees(step, 1)(matrix(rows))
        assert kernel(rows).tobytes() == wanted.tobytes()

        for count in (0, 1, 2, 17):
            assert kernel(rows[:count]).tobytes() == wanted[:count].tobytes()


def test_it_answers_as_scikit_learn_does(library, model):
    rows = told(1000, 7)
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict

    assert ForestKernel(library, forest_arrays(to_portable(model)))(rows).tobytes() == ask(rows).tobytes()


def test_telling_rows_lie_at_thresholds_and_cross_them_where_they_are_rounded():
    step = step_of()
    rows, found = forest_rows(step), step.arrays
    for column in range(COLUMNS):
        limits = np.unique(found["threshold"][(found["feature"] == column) & np.isfinite(found["threshold"])])
        below = as_float32(limits)
        above = np.nextafter(below, np.float32(np.inf))
        middle, held = (below.astype(float) + above) / 2, set(rows[:, column].tolist())
        for told_of, share in ((below, 0.7), (above, 0.7), (np.nextafter(middle, np.inf), 0.25), (limits, 0.25)):
            assert np.mean([limit in held for limit in told_of.tolist()]) > share
        assert {0.0, 5e-324, np.inf, -np.inf, 1e300} <= held
        assert np.isnan(rows[:, column]).any()


@pytest.mark.parametrize("what", ["threshold", "missing_left", "left"])
def test_telling_rows_find_a_forest_that_errs_at_one_node_of_twenty(what):
    step = step_of()
    rows, found = matrix(forest_rows(step)), dict(step.arrays)
    wrong = {name: found[name].copy() for name in ("threshold", "missing_left", "left", "right")}
    nodes = np.flatnonzero(found["feature"] >= 0)[::20]
    if what == "left":
        wrong["left"][nodes], wrong["right"][nodes] = found["right"][nodes], found["left"][nodes]
    elif what == "threshold":  # one float32 more
        wrong[what][nodes] = np.nextafter(as_float32(found[what][nodes]), np.float32(np.inf))
    else:
        wrong[what][nodes] = ~found[what][nodes]
    other = trees(replace(step, arrays={**found, **wrong}), 1)(rows)

    assert (other != trees(step, 1)(rows)).any(axis=1).sum() > 40


def test_a_threshold_becomes_the_float32_below_it():
    rng = np.random.default_rng(0)
    limits = np.concatenate([rng.normal(size=1000) * 10.0 ** rng.integers(-44, 44, 1000), [0.0, 3e38, 1e-50, -1e-50]])
    cells = np.concatenate([limits, np.nextafter(limits, np.inf), np.nextafter(limits, -np.inf)])
    with np.errstate(over="ignore"):
        cells = cells.astype(np.float32)

    for limit, below in zip(limits, as_float32(limits), strict=True):
        assert ((cells <= below) == (cells.astype(float) <= limit)).all()


def test_a_forest_is_chosen_and_told_and_so_is_a_mean_of_forests(library):
    members = [(step_of(name),) for name in ("two classes", "a lone tree")]
    weights = {"weight": np.array([1.0, 2.0])}
    mean = PortableStep("mean", {"classes": 2, "present": [[0, 1]] * 2}, weights, members=tuple(members))
    rows, chooser = matrix(told(500, 3)), Chooser(library=library)
    answers = compile_pipeline([mean], others=chooser.estimators)(rows)

    assert answers.tobytes() == compile_pipeline([mean])(rows).tobytes()
    assert [choice.rows_compared for choice in chooser.choices] == [4096, 4096]
    assert {choice.answers for choice in chooser.choices} <= {"kernel", "interpreter"}


def test_a_server_answers_one_row_and_many_as_the_interpreter_does(library):
    step = step_of("four classes")
    served = Pipeline([step], layout=None, shared=None, trusted=frozenset())
    rows = told(50, 4)
    wanted = trees(step, 1)(matrix(rows))

    assert served.rows(matrix(rows)).tobytes() == wanted.tobytes()
    assert [served.row(matrix(rows[[place]])) for place in range(50)] == wanted.tolist()
    assert served.answering.choices[0].rows_compared == 4096


def test_rows_that_lack_a_column_are_the_interpreter_s_to_refuse(library):
    step = step_of()
    chooser = Chooser(library=library)
    run, few = chooser.trees(step, 1), matrix(told(5, 0)[:, :2])

    with pytest.raises(IndexError):
        trees(step, 1)(few)
    with pytest.raises(IndexError):
        run(few)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("others that are not there", {"left": lambda a: a + 10**6}),
        ("others that are not there", {"root": lambda a: a - 10**6}),
        ("others that are not there", {"right": lambda a: np.where(a >= 0, ~a, a)}),
        ("circles", {"left": np.zeros_like}),
        ("no trees", {"root": lambda a: a[:-1]}),
        ("no trees", {"value": lambda a: np.vstack([a, a])}),
        ("a column", {"feature": lambda a: np.where(a >= 0, 2**30, a)}),
        ("no number", {"threshold": lambda a: np.full_like(a, np.nan)}),
        ("other shapes", {"threshold": lambda a: a[:-1]}),
        ("other shapes", {"value": lambda a: a[:, 0]}),
        ("other types", {"feature": lambda a: a + 0.5}),
        ("other types", {"value": lambda a: a.astype(np.float32)}),
        ("0 numbers a leaf", {"value": lambda a: a[:, :0]}),
        ("0 trees", {"root": lambda a: a[:0]}),
    ],
)
def test_forged_forests_are_refused(what, change):
    step = step_of()
    arrays = {name: change.get(name, lambda a: a)(array) for name, array in step.arrays.items()}

    with pytest.raises(Unsuited, match=what):
        forest_arrays(replace(step, arrays=arrays))


def test_forests_that_were_tampered_with_never_reach_the_kernel_as_anything_but_trees():
    step, rng, refused = step_of(), np.random.default_rng(1), 0
    for _ in range(400):
        name = rng.choice(["left", "right", "root", "feature"])
        array = step.arrays[name].copy()
        array[rng.integers(array.size)] = rng.choice([-9999, -1, 0, 7, 10**9])
        try:
            found = forest_arrays(replace(step, arrays={**step.arrays, name: array}))
        except Unsuited:
            refused += 1
            continue
        places = np.concatenate([found["nodes"]["left"], found["nodes"]["right"], found["root"]])
        assert places.max() < found["nodes"].size
        assert ~places.min() < len(found["leaf"])
        assert np.unique(places).size == places.size

    assert 200 < refused < 400


@pytest.mark.parametrize("library_or_why", ["there is no C compiler", "MESIC_KERNEL=off"])
def test_without_a_kernel_the_interpreter_answers(library_or_why):
    kernel, choice = chosen_forest(step_of(), library_or_why)

    assert kernel is None
    assert (choice.answers, choice.why) == ("interpreter", library_or_why)


def test_a_forest_that_is_none_is_the_interpreter_s(library):
    step = step_of()
    kernel, choice = chosen_forest(replace(step, arrays={**step.arrays, "root": step.arrays["root"][:-1]}), library)

    assert kernel is None
    assert re.search("no trees", choice.why)
