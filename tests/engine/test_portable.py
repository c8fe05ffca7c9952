import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import QuantileTransformer
from skops import io

from mesic import CheckFailed, ComponentError, DataError, Matrix, PortableStep, Sample, compile_pipeline
from mesic.bundle.operators import code_columns

STRANGE = ['a"b', "[x]", "{y: 1}", "größe", "class", "a,b", " "]


def mixed_frame(rows=50, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=rows) for name in STRANGE})
    frame["town"] = pd.Categorical(
        rng.choice(["Ulm", "Bonn", "Rome"], rows), categories=pd.Index(["Bonn", "Rome", "Ulm"], dtype=object)
    )
    frame["empty"] = pd.Categorical([None] * rows, categories=pd.Index([], dtype=object))
    frame["one"] = 1.0
    return frame.mask(rng.random(frame.shape) < 0.2)


CODES = PortableStep(
    "codes",
    {
        "columns": [
            {"name": "town", "kind": "category", "levels": ["Bonn", "Ulm"]},
            {"name": "age", "kind": "number"},
        ]
    },
)


def step_with_everything():
    rng = np.random.default_rng(0)
    arrays = {
        "floats": np.append(rng.normal(size=5), [np.nan, -0.0, np.inf, 5e-324]).reshape(3, 3),
        "small": np.array([0.1], dtype=np.float32),
        "whole": np.arange(6, dtype=np.int32).reshape(2, 3),
        "claims": np.array([True, False, True]),
        "none": np.empty((0, 4)),
    }
    return PortableStep("anything", {"b": [0.1, None, "ü"], "a": {"x": 1}}, arrays, "tree\r\nΩ\n", b"\x00\xff")


@pytest.mark.parametrize("rows", [0, 1, 50])
def test_a_frame_survives_the_way_through_a_matrix(rows):
    frame = mixed_frame().head(rows)

    pd.testing.assert_frame_equal(Matrix.from_frame(frame).frame(), frame.reset_index(drop=True))


def test_a_matrix_owns_its_values():
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    matrix = Matrix.from_frame(frame)
    copy = matrix.frame()
    copy.loc[0, "x"] = 9.0
    frame.loc[1, "x"] = 9.0

    assert matrix.values[:, 0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("values", "names"), [(np.zeros((2, 2)), ("a",)), (np.zeros((2, 2)), ("a", "a"))])
def test_a_matrix_refuses_names_that_do_not_fit(values, names):
    with pytest.raises(ValueError, match="names"):
        Matrix(values, names)


def test_a_step_survives_the_disk_bit_for_bit(tmp_path):
    step = step_with_everything()
    step.save(tmp_path / "00-anything")
    loaded = PortableStep.load(tmp_path / "00-anything")

    assert loaded.digest() == step.digest()
    assert (loaded.params, loaded.text, loaded.blob) == (step.params, step.text, step.blob)
    for name, array in step.arrays.items():
        assert loaded.arrays[name].dtype == array.dtype
        assert loaded.arrays[name].shape == array.shape


def test_two_saves_write_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        step_with_everything().save(tmp_path / name)
    written = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two")]

    assert written[0] == written[1]


def test_an_altered_byte_changes_the_digest(tmp_path):
    step = step_with_everything()
    step.save(tmp_path)
    path = tmp_path / "floats.arrow"
    content, cell = path.read_bytes(), step.arrays["floats"].reshape(-1)[:1].tobytes()
    place = content.index(cell)
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])

    assert PortableStep.load(tmp_path).digest() != step.digest()


@pytest.mark.parametrize("name", ["step.json", "floats.arrow"])
def test_a_broken_or_missing_file_is_a_data_error(tmp_path, name):
    step_with_everything().save(tmp_path)
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(DataError, match="no readable step"):
        PortableStep.load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match="no readable step"):
        PortableStep.load(tmp_path)


def test_a_step_takes_no_objects():
    with pytest.raises(ValueError, match="give numbers"):
        PortableStep("x", {}, {"a": np.array(["text"])})


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "a b"])
def test_a_step_reads_nothing_outside_of_its_folder(tmp_path, name):
    with pytest.raises(ValueError, match="file's name"):
        PortableStep("x", {}, {name: np.zeros(1)})
    step_with_everything().save(tmp_path)
    description = (tmp_path / "step.json").read_text()
    (tmp_path / "step.json").write_text(description.replace('"floats"', f'"{name}"'))
    with pytest.raises(DataError, match="file's name"):
        PortableStep.load(tmp_path)


def test_every_part_of_a_step_counts_for_its_digest():
    steps = [
        PortableStep("a"),
        PortableStep("b"),
        PortableStep("a", {"x": 1}),
        PortableStep("a", {}, {"x": np.zeros(2)}),
        PortableStep("a", {}, {"x": np.zeros((2, 1))}),
        PortableStep("a", {}, {"x": np.zeros(4, dtype=np.float32)}),
        PortableStep("a", {}, {"y": np.zeros(2)}),
        PortableStep("a", text="t"),
        PortableStep("a", blob=b"t"),
    ]

    assert len({step.digest() for step in steps}) == len(steps)


def test_codes_take_columns_in_any_order_and_form():
    forms = [
        {
            "age": np.array([3.0, np.nan, 5.0]),
            "town": np.array(["Ulm", None, "Rome"], dtype=object),
            "more": [1],
        },
        {"age": [3, None, 5], "town": ["Ulm", float("nan"), "Rome"]},
        {"age": pd.Series([3.0, None, 5.0]), "town": pd.Categorical(["Ulm", None, "Rome"])},
        Matrix.from_frame(pd.DataFrame({"age": [3.0, None, 5.0], "town": pd.Categorical(["Ulm", None, "Rome"])})),
    ]
    for form in forms:
        matrix, unseen = code_columns(CODES, form)

        np.testing.assert_array_equal(matrix.values, [[1, 3], [np.nan, np.nan], [np.nan, 5]])
        assert unseen == {"town": 1}
        np.testing.assert_array_equal(compile_pipeline([CODES])(form), matrix.values)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"age": [1.0]}, "lack 1 needed columns: 'town'"),
        ({"age": ["old"], "town": ["Ulm"]}, "'age' holds text"),
        (Matrix(np.zeros((1, 2)), ("age", "town")), "'town' holds numbers"),
        (Matrix(np.zeros((1, 2)), ("age", "town"), {"age": ("x",), "town": ("Ulm",)}), "'age' holds text"),
    ],
)
def test_codes_refuse_columns_of_another_kind_by_name(data, words):
    with pytest.raises(DataError, match=words):
        compile_pipeline([CODES])(data)


def test_no_rows_are_no_answers():
    linear = PortableStep(
        "linear", {"link": "softmax", "classes": 3}, {"coef": np.ones((3, 2)), "intercept": np.zeros(3)}
    )

    assert compile_pipeline([CODES, linear])({"age": [], "town": []}).shape == (0, 3)


def test_a_linear_answer_does_not_depend_on_the_batch():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5_000, 37))
    arrays = {"coef": rng.normal(size=(3, 37)), "intercept": rng.normal(size=3)}
    run = compile_pipeline([PortableStep("linear", {"link": "softmax", "classes": 3}, arrays)])
    names = tuple(map(str, range(37)))
    together = run(Matrix(X, names))

    for row in (0, 1, 4_095, 4_096, 4_999):
        assert (run(Matrix(X[row : row + 1], names)) == together[row]).all()


@pytest.mark.parametrize("score", [-1e6, 0.0, 1e6])
def test_extreme_scores_are_probabilities(score):
    for link, classes in (("sigmoid", 2), ("softmax", 3)):
        rows = 1 if link == "sigmoid" else 3
        arrays = {"coef": np.full((rows, 1), score), "intercept": np.arange(float(rows))}
        answer = compile_pipeline([PortableStep("linear", {"link": link, "classes": classes}, arrays)])(
            Matrix(np.ones((2, 1)), ("x",))
        )

        np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-15)


def test_an_unknown_operator_is_named():
    with pytest.raises(ComponentError, match=r"'warp'.*knows bins, codes"):
        compile_pipeline([PortableStep("warp")])


def test_a_skops_learner_answers_no_rows_with_nothing():
    X, y = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]}), [0, 0, 1, 1]
    step = skops_step(LinearDiscriminantAnalysis().fit(X, y))
    run = compile_pipeline([step], trusted=frozenset(step.params["types"]))

    assert run(Matrix.from_frame(X.head(0))).shape == (0, 2)


def test_skops_steps_transform_in_the_middle_and_predict_at_the_end():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
    y = (X["a"] > 0).astype(int)
    middle = QuantileTransformer(n_quantiles=10).set_output(transform="pandas").fit(X)
    end = LinearDiscriminantAnalysis().fit(middle.transform(X), y)
    steps = [skops_step(middle), skops_step(end)]
    run = compile_pipeline(steps, trusted=frozenset(name for step in steps for name in step.params["types"]))

    np.testing.assert_allclose(run(Matrix.from_frame(X)), end.predict_proba(middle.transform(X)), rtol=1e-12)


def skops_step(model):
    blob = io.dumps(model)
    types = sorted(map(str, io.get_untrusted_types(data=blob)))
    return PortableStep("skops", {"types": types, "component": "learner/x"}, blob=blob)


class Foreign(LinearDiscriminantAnalysis):
    pass


def test_a_type_that_nobody_trusts_is_refused_even_where_the_step_hides_it():
    step = skops_step(Foreign())
    hidden = PortableStep("skops", {"types": []}, blob=step.blob)
    for given in (step, hidden):
        with pytest.raises(CheckFailed, match=r"not trusted.*Foreign"):
            compile_pipeline([given])


@pytest.mark.parametrize(
    ("index", "weight", "words"),
    [
        ([], [], "no row"),
        ([0], [1, 2], "shape"),
        ([2, 1], [1, 1], "ascend"),
        ([0], [-1], "finite"),
        ([0], [np.nan], "finite"),
    ],
)
def test_a_sample_refuses_what_cannot_work(index, weight, words):
    with pytest.raises(ValueError, match=words):
        Sample(np.array(index, dtype=np.int64), np.array(weight, dtype=np.float64))
