"""The kernel answers as LightGBM does, to the last bit, or LightGBM answers; a model is data that is not trusted."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from tests.engine.bundles_to_serve import CODES, booster, mean_of

from mesic.bundle.boosting import boosted_trees
from mesic.bundle.estimators import booster_of
from mesic.bundle.matrix import Matrix
from mesic.bundle.portable import compile_pipeline
from mesic.bundle.step import PortableStep
from mesic.errors import UsageError
from mesic.kernel.arrays import kernel_arrays
from mesic.kernel.choosing import Chooser, chosen, compared
from mesic.kernel.compiling import COMPILERS, LIBRARY, NoLibrary, compiled, library_path
from mesic.kernel.forest import Unsuited
from mesic.kernel.native import Kernel
from mesic.kernel.rows import telling_rows

COLUMNS, LEVELS = 9, (3, 40, 200)
MODELS = {
    "two classes": {"objective": "binary"},
    "three classes": {"objective": "multiclass", "num_class": 3},
    "zeros are missing": {"objective": "regression", "zero_as_missing": True},
    "nothing is missing": {"objective": "regression", "use_missing": False},
    "a mean of trees": {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    "levels one by one": {"objective": "binary", "max_cat_to_onehot": 300},
    "wide trees": {"objective": "binary", "num_leaves": 150, "min_data_in_leaf": 2},
    "many thresholds": {"objective": "binary", "max_bin": 2000, "min_data_in_bin": 1, "extra_trees": True},
    "stumps": {"objective": "binary", "num_leaves": 2},
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The compiled kernel, in a cache folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        try:
            yield compiled()
        except NoLibrary as why:
            pytest.skip(str(why))


def told(rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, COLUMNS))
    X[:, -len(LEVELS) :] = rng.integers(0, LEVELS, (rows, len(LEVELS)))
    X[:, 3] = rng.choice([0.0, 1e-36, -2.0, 5.0], rows)
    X[rng.random(X.shape) < 0.08] = np.nan
    return X


def model_of(options, rounds=25):
    """Return a step of LightGBM that learned numbers, zeros, missing cells and levels."""
    X = told(3000, 0)
    score = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) + np.nan_to_num(X[:, -1]) % 7 / 3 + np.nan_to_num(X[:, -2]) % 3
    cuts = np.quantile(score, [0.4, 0.7])
    y = {"binary": score > cuts[0], "multiclass": np.digitize(score, cuts), "regression": score}[options["objective"]]
    settings = {"num_leaves": 31, "verbose": -1, "num_threads": 1, "min_data_per_group": 5, **options}
    levels = list(range(COLUMNS - len(LEVELS), COLUMNS))
    data = lightgbm.Dataset(X, y.astype(float), categorical_feature=levels, params=settings)
    text = lightgbm.train(settings, data, rounds).model_to_string()
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[options["objective"]]
    return PortableStep("lightgbm", {"classes": classes}, text=text)


@pytest.fixture(scope="module", params=MODELS)
def step(request):
    return model_of(MODELS[request.param])


@pytest.mark.parametrize("is_wide", [None, False])
def test_every_kind_of_model_is_answered_to_the_last_bit(library, step, is_wide):
    model = boosted_trees(step.text)
    kernel, peer = Kernel(library, kernel_arrays(model), is_wide=is_wide), booster_of(step)
    for rows in (told(1000, 7), telling_rows(model)):
        wanted = peer.predict(rows, num_threads=1)
        assert kernel(rows).tobytes() == wanted.tobytes()

        for count in (0, 1, 31, 32, 33, 65):
            assert kernel(rows[:count]).tobytes() == wanted[:count].tobytes()


def test_telling_rows_hold_every_threshold_its_neighbours_and_what_is_odd(step):
    model = boosted_trees(step.text)
    rows, nodes = telling_rows(model), model.nodes
    for column in range(model.width):
        asks = (nodes.feature == column) & np.array([not words for words in nodes.levels])
        limits = nodes.threshold[asks]
        held = set(rows[:, column].tolist())
        assert {*limits, *np.nextafter(limits, np.inf), *np.nextafter(limits, -np.inf)} <= held
        assert {0.0, 5e-324, np.inf, -np.inf, 1e300, -1.0} <= held
        assert np.isnan(rows[:, column]).any()


def test_threads_that_share_a_kernel_do_not_disturb_each_other(library):
    step = model_of(MODELS["two classes"])
    kernel, rows = Kernel(library, kernel_arrays(boosted_trees(step.text))), told(4000, 3)
    alone = kernel(rows)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(kernel, [rows] * 8))

    assert all(answer.tobytes() == alone.tobytes() for answer in answers)


def test_a_mean_of_models_is_that_of_the_interpreter(library):
    members = [(CODES, booster("binary", seed)) for seed in (1, 2)]
    steps = [CODES, mean_of(*members)]
    rows = np.random.default_rng(2).uniform(0, 60, (500, 7))
    rows[:, 4:] %= 3
    rows[:, 4:] //= 1
    names = tuple(column["name"] for column in CODES.params["columns"])
    levels = {c["name"]: tuple(c["levels"]) for c in CODES.params["columns"] if c["kind"] == "category"}
    matrix, chooser = Matrix(rows, names, levels), Chooser(library=library)
    answers = compile_pipeline(steps, others=chooser.estimators)(matrix)

    assert answers.tobytes() == compile_pipeline(steps)(matrix).tobytes()
    assert [choice.rows_compared for choice in chooser.choices] == [4096, 4096]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("others that are not there", lambda n: replace(n, left=n.left + 10**6)),
        ("others that are not there", lambda n: replace(n, right=n.right - 10**6)),
        ("circles", lambda n: replace(n, left=np.zeros_like(n.left))),
        ("no trees", lambda n: replace(n, left=n.right)),
        ("other columns", lambda n: replace(n, feature=n.feature + 9)),
        ("other columns", lambda n: replace(n, feature=n.feature - 9)),
        ("no number", lambda n: replace(n, threshold=np.full_like(n.threshold, np.nan))),
        ("set of levels", lambda n: replace(n, levels=((-1,),) * n.feature.size)),
        ("a level", lambda n: replace(n, levels=((0,) * 2**16 + (1,),) * n.feature.size)),
        ("name 300 levels", lambda n: replace(n, levels=((2**32 - 1,) * 9 + (4095,),) * n.feature.size)),
    ],
)
def test_forged_trees_are_refused(what, change):
    model = boosted_trees(model_of({"objective": "binary"}, rounds=3).text)

    with pytest.raises(Unsuited, match=what):
        kernel_arrays(replace(model, nodes=change(model.nodes)))


@pytest.mark.parametrize(("outputs", "width"), [(0, 9), (7, 9), (10**9, 9), (1, 0), (1, -5)])
def test_forged_sizes_are_refused(outputs, width):
    model = boosted_trees(model_of({"objective": "binary"}, rounds=3).text)

    with pytest.raises(Unsuited):
        kernel_arrays(replace(model, outputs=outputs, width=width))


def test_texts_that_were_tampered_with_never_reach_the_kernel_as_anything_but_trees():
    text = model_of({"objective": "binary"}, rounds=3).text
    rng, refused = np.random.default_rng(1), 0
    for _ in range(300):
        lines = text.splitlines()
        places = [
            n for n, line in enumerate(lines) if re.match(r"(left_c|right_c|split_f|thr|leaf_v|cat|num_|dec)", line)
        ]
        place = rng.choice(places)
        name, _, cells = lines[place].partition("=")
        cells = cells.split()
        cells[rng.integers(len(cells))] = str(rng.choice([-9999, -1, 0, 7, 10**9, 10**20, "nan", ""]))
        lines[place] = f"{name}={' '.join(cells)}"
        try:
            found = kernel_arrays(boosted_trees("\n".join(lines)))
        except (Unsuited, UsageError):
            refused += 1
            continue
        assert is_within(found)

    assert 100 < refused < 300


def is_within(found):
    """Return whether every place that the kernel follows lies within its array."""
    arrays, numbers = found.arrays, found.numbers
    lines = int(numbers["lines"])
    splits = [arrays[name]["line"] for name in ("splits_above", "splits_upto", "splits_set")]
    return (
        all(not line.size or line.max() < lines for line in splits)
        and (arrays["slot_column"] < numbers["width"]).all()
        and (arrays["slot_edges"] + arrays["slot_count"] <= arrays["edges"].size).all()
        and arrays["above"][-1] == arrays["splits_above"].size
        and arrays["upto"][-1] == arrays["splits_upto"].size
        and arrays["set_splits"][-1] == arrays["splits_set"].size
        and arrays["set_start"][-1] * 32 == arrays["sets"].size
        and arrays["level_start"][-1] == arrays["level_code"].size
        and arrays["tree_line"][-1] == lines
        and arrays["tree_leaf"][-1] == arrays["leaf"].size
    )


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"objective": "poisson"}, "objective 'poisson' has no kernel"),
        ({"objective": "regression", "linear_tree": True}, "linear leaves"),
    ],
)
def test_lightgbm_answers_for_what_the_kernel_does_not_know(library, options, why):
    X = told(300, 0)[:, :3]
    settings = {"verbose": -1, "num_threads": 1, "num_leaves": 4, **options}
    model = lightgbm.train(settings, lightgbm.Dataset(X, np.abs(np.nan_to_num(X[:, 0])), params=settings), 3)
    kernel, choice = chosen(PortableStep("lightgbm", {"classes": 0}, text=model.model_to_string()), library)

    assert kernel is None
    assert choice.answers == "lightgbm"
    assert why in choice.why


def test_a_kernel_that_errs_in_one_bit_is_not_used():
    step = model_of({"objective": "binary"}, rounds=3)
    peer = booster_of(step)

    def almost(rows):
        answer = peer.predict(rows, num_threads=1)
        answer[17] = np.nextafter(answer[17], 1)
        return answer

    choice = compared(almost, lambda rows: peer.predict(rows, num_threads=1), telling_rows(boosted_trees(step.text)))
    assert (choice.answers, choice.why) == ("lightgbm", "the kernel answers 1 of 4,096 rows otherwise")


def test_a_kernel_that_is_slower_is_not_used():
    step = model_of({"objective": "binary"}, rounds=3)
    peer = booster_of(step)

    def slow(rows):
        return [peer.predict(rows, num_threads=1) for _ in range(20)][-1]

    choice = compared(slow, lambda rows: peer.predict(rows, num_threads=1), telling_rows(boosted_trees(step.text)))
    assert (choice.answers, choice.why) == ("lightgbm", "the kernel is not faster")


def test_without_a_compiler_lightgbm_answers(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    chooser = Chooser()
    step = booster("binary")
    run, rows = chooser.lightgbm(step, 1), np.zeros((3, 7))

    assert chooser.choices[0].why == f"there is no C compiler: none of {', '.join(COMPILERS)} is found"
    assert run(Matrix(rows, tuple("abcdefg")))[:, 1].tolist() == booster_of(step).predict(rows).tolist()


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("MESIC_KERNEL", "off")

    assert library_path() == "MESIC_KERNEL=off"


@pytest.mark.parametrize("how", ["a file", "open to others"])
def test_a_cache_folder_that_cannot_be_used_or_trusted_is_told(monkeypatch, tmp_path, library, how):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if how == "a file":
        (tmp_path / "mesic").write_text("")
    else:
        (tmp_path / "mesic" / "kernels").mkdir(parents=True)
        (tmp_path / "mesic" / "kernels").chmod(0o777)
    why = library_path()

    assert {"a file": "cannot be used", "open to others": "may be written by others: chmod 700 it"}[how] in why


def test_a_compiler_that_fails_is_told(monkeypatch, tmp_path):
    (tmp_path / "cc").write_text("#!/bin/sh\necho 'kernel.c:1: error: no such thing' >&2\nexit 1\n")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    assert library_path() == f"{tmp_path}/cc cannot compile the kernel: kernel.c:1: error: no such thing"


def test_what_is_broken_in_the_cache_is_compiled_again_once_by_whoever_comes(monkeypatch, tmp_path, library):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "mesic" / "kernels"
    folder.mkdir(parents=True, mode=0o700)
    broken = folder / library.parent.name
    broken.mkdir()
    (broken / LIBRARY).write_bytes(library.read_bytes()[:-100])
    code = "from mesic.kernel.compiling import compiled; print(compiled())"
    starts = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=120)[0].strip() for process in starts}

    assert said == {str(broken / LIBRARY)}
    assert [path.name for path in folder.iterdir()] == [library.parent.name]
    step = booster("binary")
    assert chosen(step, compiled())[1].rows_compared == 4096
