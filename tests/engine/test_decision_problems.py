"""What cannot work of calibrator, threshold and costs is found before any work, all at once."""

import pytest

from mesic.config.problems import problems_of
from mesic.errors import UsageError
from mesic.runs.deciding import refuse_decision

SAID = [
    (["threshold.rule=f_beta", "source.task=regression"], "threshold.rule=f_beta decides between classes"),
    (["calibrator=beta", "source.task=regression"], "calibrator=beta is for probabilities"),
    (["costs.false_positive=1", "source.task=regression"], "costs of answers are for classes"),
    (["threshold.rule=recall", "source.task=multiclass"], "threshold.rule=recall is for two classes"),
    (["threshold.rule=cost"], "threshold.rule=cost needs what answers cost"),
    (["threshold.rule=fixed"], "threshold.rule=fixed needs threshold.value"),
    (["threshold.value=0.2"], "threshold.value=0.2 plays no part with threshold.rule=null"),
    (["threshold.rule=f_beta", "threshold.rows=9"], "threshold.rows=9 plays no part"),
    (["threshold.rule=best"], "give one of fixed, f_beta, cost, precision, recall"),
    (["threshold.at_least=1"], "threshold.at_least=1.0 cannot work: give a number from 0.01 to 0.999"),
    (["threshold.confidense=0.8"], "did you mean 'threshold.confidence'?"),
    (["calibrator=plat"], "did you mean 'platt'?"),
    (["calibrator=null"], "write ~calibrator"),
    (["costs.matrix={no:5}"], "costs.matrix.no=5 cannot work"),
    (["costs.matrix={no:{yes:many}}"], "costs.matrix.no.yes='many' cannot work: give a number"),
    (["costs.matrix={no:{yes:5}}", "costs.false_positive=1"], "both say what answers cost"),
    (["costs.false_positive=1", "costs.true_positive=2"], "costs of wrong answers must exceed those of right ones"),
]


@pytest.mark.parametrize(("said", "words"), SAID, ids=lambda part: part if isinstance(part, str) else None)
def test_what_cannot_work_is_said_in_words_that_mend_it(said, words):
    (problem,) = problems_of("run", ["source.dataset=breast_cancer", "learner=lightgbm", *said])

    assert words in problem


def test_what_works_is_not_refused():
    said = ["calibrator=isotonic", "threshold.rule=cost", "costs.matrix={benign:{malignant:5},malignant:{benign:50}}"]

    assert problems_of("run", ["source.dataset=breast_cancer", *said]) == []
    assert problems_of("plan", ["source.dataset=breast_cancer", *said]) == []


@pytest.mark.parametrize(
    ("config", "task", "words"),
    [
        ({"calibrator": {"name": "platt"}}, "regression", "calibrator=platt is for probabilities"),
        ({"threshold": {"rule": "recall"}}, "regression", "threshold.rule=recall decides between classes"),
        ({"threshold": {"rule": "recall"}}, "multiclass", "and here are 3"),
        ({"costs": {"false_negative": 3.0}}, "regression", "costs of answers are for classes"),
        ({"costs": {"false_negative": 3.0}}, "multiclass", "give costs.matrix="),
        ({"costs": {"matrix": {"aa": {"b": 1}}}}, "multiclass", "did you mean 'a'?"),
    ],
)
def test_what_the_data_tell_is_refused_too(config, task, words):
    classes = () if task == "regression" else ("a", "b", "c")

    with pytest.raises(UsageError) as refused:
        refuse_decision(config, task, classes)
    assert words in str(refused.value)


def test_a_configuration_of_earlier_days_decides_nothing():
    refuse_decision({}, "binary", ("no", "yes"))
