"""A configuration is composed from the user's files, ours and what is installed; all that is wrong is said at once."""

import dataclasses

import pytest
from omegaconf import OmegaConf

from mesic.config.composition import config_loader, jobs_of
from mesic.config.problems import checked, checked_sweep, problems_of
from mesic.config.schema_check import schema_problems
from mesic.config.sources import shipped_conf, user_conf
from mesic.errors import ConfigError
from mesic.host.components import option


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """Write a file of the user's own conf folder; the path says which."""
    monkeypatch.setenv("MESIC_CONF", str(tmp_path))

    def written(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return written


@pytest.fixture(autouse=True)
def no_conf_of_the_folder(monkeypatch):
    monkeypatch.setenv("MESIC_CONF", "")


@pytest.fixture(scope="module")
def loader():
    """Composes from what is shipped and installed; the user has no conf."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESIC_CONF", "")
        return config_loader()


@pytest.fixture
def problems(loader):
    return lambda *overrides: checked(loader, "run", overrides)[0]


def composed(*overrides):
    found, config = checked(config_loader(), "run", overrides)
    assert found == []
    return config


def test_what_is_typed_wins_over_the_defaults():
    config = composed("learner=tree", "learner.max_depth=3", "seed=7", "++seed=8")

    assert OmegaConf.to_container(config.learner) == {"name": "tree", "max_depth": 3, "min_samples_leaf": 10}
    assert config.seed == 8


@pytest.mark.parametrize("order", [["impute", "one_hot"], ["one_hot", "impute"]])
def test_a_list_group_composes_in_the_order_of_the_list(order):
    config = composed(f"transformer=[{','.join(order)}]", "transformer.one_hot.max_levels=3")

    assert list(config.transformer) == order
    assert config.transformer.one_hot.max_levels == 3


def test_a_file_of_the_user_wins_over_an_installed_component_and_over_ours(conf):
    conf("learner/tree.yaml", "name: tree\nmax_depth: 2\n")
    conf("learner/deep.yaml", "defaults: [lightgbm]\nnum_leaves: 500\n")
    ours = (shipped_conf() / "run.yaml").read_text()
    conf("run.yaml", ours.replace("seed: 0", "seed: 99"))

    assert OmegaConf.to_container(composed("learner=tree").learner) == {"name": "tree", "max_depth": 2}
    assert (composed("learner=deep").learner.name, composed("learner=deep").learner.num_leaves) == ("lightgbm", 500)
    assert composed("learner=tree").seed == 99


def test_a_recipe_chooses_and_sets_and_what_is_typed_wins_over_it(conf):
    conf("experiment/quick.yaml", "# @package _global_\ndefaults: [override /learner: tree]\ntuner: {trials: 2}\n")

    assert (composed("experiment=quick").learner.name, composed("experiment=quick").tuner.trials) == ("tree", 2)
    assert composed("experiment=quick", "learner=linear").learner.name == "linear"
    assert problems_of("run", ["experiment=quikc"]) == [
        "no file 'quikc' for experiment=; there: quick; did you mean 'quick'?",
    ]


def test_the_conf_of_the_current_folder_is_taken_unless_another_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MESIC_CONF")
    nothing_there = user_conf()
    (tmp_path / "conf").mkdir()
    (tmp_path / "other").mkdir()

    assert nothing_there is None
    assert user_conf() == tmp_path / "conf"
    for named, found in {"other": tmp_path / "other", "": None, str(shipped_conf()): None}.items():
        monkeypatch.setenv("MESIC_CONF", named)
        assert user_conf() == found


def test_problems_of_every_sort_are_found_together(problems):
    found = problems(
        "sed=1", "interval.level=2", "learner=tree", "learner.max_dept=3", "selector=[long_tial]", "metrics=[auc]"
    )  # fmt: skip

    assert len(found) == 5
    for words in (
        "no key 'sed'; did you mean 'seed'?",
        "interval.level=2",
        "'learner.max_depth'",
        "'long_tail'",
        "'roc_auc'",
    ):
        assert any(words in problem for problem in found), words


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("source=table", "source.path has no value"),
        ("zone=???", "zone has no value"),
        ("seed=${nope}", "seed cannot be worked out"),
        ("source.ignore=[${nope}]", "source.ignore cannot be worked out"),
    ],
)
def test_a_key_without_a_value_hides_no_contradiction(problems, broken, words):
    first, second = problems(broken, "metric=rmse", "source.task=binary")

    assert words in first
    assert "metric=rmse does not serve source.task=binary" in second


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("interval.level=${seed}", "interval.level=0.0 cannot work: give a number from 0.5 to 0.999"),
        ("interval=0.9", "interval cannot be 0.9: it has keys of its own (level, method,"),
        ("interval=0.9", "write interval.level=0.9"),
        ("learner=null", "learner=null cannot work: give one name"),
        ("metric=null", "metric=null cannot work: write ~metric"),
        ("transformer=null", "transformer=null cannot work: write transformer=[]"),
        ("~learner", "no learner is chosen: give learner=NAME, one of extra_trees"),
        ("~zone", "key 'zone' is missing: keep it in your conf"),
        ("~resources.threads", "key 'resources.threads' is missing"),
        ("~source.target", "~source.target cannot work"),
        ("zone=3", "zone cannot be 3: it has keys of its own"),
        ("metrics=auc", "metrics='auc' cannot work: give list[str] or null"),
        ("metrics=[]", "metrics=[] leaves nothing to measure by"),
        ("learner.num_leaves=null", "learner.num_leaves=null cannot work"),
        ("interval.level=nan", "interval.level=nan cannot work: give a number from 0.5 to 0.999"),
        ("interval.method=basic", "interval.method='basic' cannot work: give one of auto, bca, percentile"),
        ("tuner.budget_s=0", "tuner.budget_s=0.0 cannot work: give a number above 0 s"),
        ("tuner.space.num_leaves=5", "give [low, high], [low, high, log] or a list of choices"),
        ("source.task=binray", "did you mean 'binary'"),
        ("needs.scale=standardise", "needs.scale names no transformer 'standardise'"),
        ("source={name: x}", "no plugin"),
        ("a b", "'a b' cannot be read"),
    ],
)
def test_what_cannot_work_is_said_in_words_of_ours(problems, said, words):
    assert any(words in problem for problem in problems(said)), problems(said)


@pytest.mark.parametrize(
    "said",
    [["~metric"], ["transformer=[]"], ["tuner.trials=null"], ["tuner.space.num_leaves=null"],
     ["metrics=[]", "metric=f1"], ["learner.num_leaves=${seed}", "seed=9"],
     ["tuner.space.learning_rate=[0.01,0.1,log]"]],
)  # fmt: skip
def test_what_can_work_has_no_problem(problems, said):
    assert problems(*said) == []


@pytest.mark.parametrize("key", ["_target_", "_recursive_", "_partial_", "_convert_"])
def test_a_key_by_which_hydra_would_run_code_is_refused_wherever_it_stands(problems, key):
    places = [f"{place}{key}" for place in ("", "zone.", "learner.", "tuner.space.", "transformer.impute.")]
    found = problems("transformer=[impute]", *(f"+{place}=os.getcwd" for place in places))

    for place in places:
        assert f"{place} cannot work: a configuration names components and never runs code; give name: ..." in found


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["splitter=group"], "splitter=group needs source.group=COLUMN"),
        (["source.weight=target", "learner=neighbors"], "learner=neighbors takes no weights"),
        (["metric=r2", "learner=naive_bayes"], "metric=r2 (regression) and learner=naive_bayes share no task"),
        (["metric=r2", "source.task=binary"], "metric=r2 does not serve source.task=binary"),
        (["source.positive=1", "source.task=regression"], "source.positive=1 needs a binary task"),
        (["source.time=mean area", "source.group=mean area"], "column 'mean area' cannot be time and group at once"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(problems, said, words):
    assert any(words in problem for problem in problems(*said)), problems(*said)


def test_every_job_of_a_sweep_is_written_out(loader):
    jobs = jobs_of(loader, ["seed=range(1,3)", "learner=glob(*_trees)", "+zone={a: 1}", "broken ="])

    assert jobs == [[f"seed={seed}", "learner=extra_trees", "+zone={a: 1}", "broken ="] for seed in (1, 2)]


def test_problems_of_a_sweep_say_which_jobs_have_them(loader):
    found, configs = checked_sweep(loader, "run", ["seed=1,x", "learner=tree,nope", "interval.level=7"])

    assert [problem.partition(":")[0] for problem in found[:1] + found[2:]] == [
        "interval.level=7.0 cannot work",
        "jobs 2, 3 of 4",
    ]
    assert found[1].startswith("jobs 1, 3 of 4: no plugin 'nope' for learner=")
    assert len(configs) == 4


@pytest.mark.parametrize("verb", ["predict", "report", "reproduce", "log"])
def test_other_verbs_say_what_they_need_and_what_they_do_not_know(verb):
    found = problems_of(verb, ["rnu=x"])

    assert any("no key 'rnu'" in problem for problem in found)
    assert any("has no value: give " in problem for problem in found)


@dataclasses.dataclass
class Inner:
    depth: int = option(1, "", low=1, high=9)


@dataclasses.dataclass
class Outer:
    whole: int = option(0, "")
    number: float | None = option(None, "")
    yes: bool = option(False, "")
    word: str = option("a", "", choices=("alpha", "beta"))
    listed: list[int] = option([], "")
    inner: Inner = dataclasses.field(default_factory=Inner)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("whole", 3, None),
        ("whole", 3.5, "whole=3.5 cannot work: give a whole number"),
        ("whole", "x", "whole='x' cannot work: give a whole number"),
        ("whole", None, "whole=None cannot work: give a whole number"),
        ("number", None, None),
        ("number", 2, None),
        ("number", "x", "number='x' cannot work: give a number or null"),
        ("yes", "perhaps", "yes='perhaps' cannot work: give true or false"),
        ("word", "alhpa", "word='alhpa' cannot work: give one of alpha, beta; did you mean 'alpha'?"),
        ("listed", [1, 2], None),
        ("listed", ["x"], "listed=['x'] cannot work: give a list, each a whole number"),
        ("inner", {"depth": 10}, "inner.depth=10 cannot work: give a number from 1 to 9"),
        ("inner", {"detph": 1}, "no key 'inner.detph'; did you mean 'inner.depth'?"),
        ("inner", 3, "inner cannot be 3: it has keys of its own (depth); write inner.depth=3"),
        ("inne", 3, "no key 'inne'; did you mean 'inner'?"),
    ],
)
def test_a_value_is_compared_with_its_declared_type_and_range(key, value, problem):
    found = list(schema_problems(OmegaConf.create({key: value}), Outer, ""))

    assert found == ([problem] if problem else [])


def test_one_problem_is_one_and_several_are_counted():
    assert str(ConfigError(["a"])).startswith("1 problem in")
    assert str(ConfigError(["a", "b"])).startswith("2 problems in")
