"""The pages of comparisons and advice: whole, safe, every number with its interval, and what is unknown said."""

import re
from html.parser import HTMLParser

import pytest

from mesic.report.advice_page import render_advice
from mesic.report.advice_words import advice_sentence
from mesic.report.comparison_page import render_comparison
from mesic.report.comparison_words import pair_sentence
from mesic.report.progress_chart import progress_chart

STRANGE = "<script>alert(1)</script>"


def difference(value=0.02, low=0.01, high=0.03):
    return {
        "value": value,
        "low": low,
        "high": high,
        "p": 0.01,
        "level": 0.95,
        "method": "paired t",
        "unit": "rows",
        "n": 90,
    }


def pair(name=STRANGE, verdict="worse", **ends):
    told = {"difference": difference(**ends), "p": 0.02, "verdict": verdict, "rows_to_decide": None}
    return {"model": name, **told, "metrics": []}


def comparison(*pairs, worth=None):
    score = {"metric": "log_loss", "value": 0.3, "low": 0.2, "high": 0.4, "level": 0.95, "n": 90}
    models = [{"name": name, "learner": "linear", "value": 0.3, "scores": [score]} for name in ("best", STRANGE)]
    facts = {"part": "test", "rows": 90, "unit": "rows", "by": "log loss", "greater_is_better": False, "level": 0.95}
    more = {"margin": None, "reference": "best", "is_chosen": bool(worth), "tests": len(pairs), "beside": None}
    return {**facts, **more, "models": models, "pairs": list(pairs), "worth": worth, "notes": ["a note"]}


def point(rows, value=0.3):
    return {"rows": rows, "value": value, "low": value - 0.05, "high": value + 0.05, "level": 0.95}


def advice(refused=""):
    gain = {"rows": 300, "value": 0.01, "low": 0.005, "high": 0.02, "level": 0.95}
    net = {"value": 900.0, "low": 400.0, "high": 1900.0, "level": 0.95}
    worth_from = {"value": 1000.0, "low": 500.0, "high": None, "level": 0.95}
    offer = {"more": 100, "expect": point(300), "gain": gain, "cost": 10.0, "worth_from": worth_from}
    offer |= {"net": net, "verdict": "worth it"}
    slices = [
        {"slice": STRANGE, "rows": 40, "loss": point(200), "gain": gain, "refused": ""},
        {"slice": "few", "rows": 3, "loss": None, "gain": None, "refused": "3 rows are too few to tell"},
    ]
    facts = {"run": STRANGE, "learner": "linear", "metric": "log_loss", "greater_is_better": False, "now": 200}
    facts |= {"reach": 1600, "law_from": 50, "curve": [point(50 * n) for n in (1, 2, 4)], "refused": refused}
    facts |= {"ahead": [] if refused else [point(200), point(1600)], "offers": [] if refused else [offer]}
    return facts | {
        "slices": slices,
        "slices_more": 50,
        "slices_by": "class",
        "loss": "log loss",
        "price": 0.1,
        "value": 1e5,
    }


class Reader(HTMLParser):
    """Sees that every tag that is opened is closed, in order."""

    def __init__(self, page):
        super().__init__()
        self.open = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


PAGES = {
    "two": lambda: render_comparison(comparison(pair())),
    "several": lambda: render_comparison(
        comparison(
            pair(),
            pair("b", "cannot tell", low=-0.01),
            worth={"name": "best", "seems": 0.3, "expected": 0.31, "low": 0.2, "high": 0.4, "level": 0.95, "models": 3},
        )
    ),
    "unknown ends": lambda: render_comparison(comparison(pair(verdict="cannot tell", low=None, high=None))),
    "advice": lambda: render_advice(advice()),
    "no advice": lambda: render_advice(advice("the curve gets worse")),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_no_name_becomes_markup(name):
    page = PAGES[name]()

    assert Reader(page).open == []
    assert STRANGE not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"\bnan\b|\bNone\b", page)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_refusal_is_said_first_and_nothing_is_promised():
    page = render_advice(advice("the curve gets worse"))

    assert "cannot be told: the curve gets worse." in page
    assert "to be expected" not in page
    assert advice_sentence(advice()).endswith("worth it.")


def test_a_difference_is_never_said_without_its_interval_and_p():
    for one in (pair(), pair(value=-0.02, low=-0.03, high=-0.01), pair(verdict="cannot tell", low=-0.01)):
        said = pair_sentence(one, comparison(one))
        assert "95% interval" in said
        assert "p = 0.02" in said
    assert "0.020 lower (95% interval 0.010 to 0.030" in pair_sentence(
        pair(value=-0.02, low=-0.03, high=-0.01), comparison(pair())
    )


def test_the_picture_of_a_search_shows_trials_and_the_best_so_far():
    best = [
        {"trial": n, "number": n, "value": 0.5 - n / 10, "low": 0.4 - n / 10, "high": 0.6 - n / 10, "level": 0.95}
        for n in (0, 2)
    ]
    trials = [{"number": n, "loss": loss} for n, loss in enumerate((0.5, 9.0, 0.3))]
    drawn = progress_chart(trials, {"best": best, "improved": [2]}, "log loss")

    assert drawn.count("<circle") == 3
    assert "best so far, trial 2: 0.30" in drawn
