"""The report says what the record holds, all of it with its interval, and survives whatever the record lacks."""

import copy
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from mesic.report import charts
from mesic.report.interaction import SCRIPT
from mesic.report.page import render
from mesic.report.svg import NARROW, WIDE, Scale
from mesic.report.words import headline, score_parts, score_text

samples = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("report_samples.py"))))
TASKS = ["binary", "multiclass", "regression"]
HOSTILE = """<script>alert("x")</script>'&\x00\x1b\ud800 – 表 ☃"""
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Reads a page: its text, its links, its scores, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.scores, self.addresses = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.tags.append((tag, facts))
        self.addresses += [value for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append((tag, facts.get("class", "")))
        if facts.get("class") == "score":
            self.scores.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if not any(tag in ("style", "script") for tag, _ in self.open):
            self.words.append(data)
        if ("span", "score") in self.open:
            self.scores[-1] += f" {data}"

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def page_of(record, timeline=None):
    return Page(render(record, samples.timeline() if timeline is None else timeline))


def drawings(text):
    return re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)


@pytest.fixture(params=TASKS)
def record(request):
    return getattr(samples, request.param)()


@pytest.fixture(params=TASKS)
def small(request):
    """A record that is quickly drawn, many times over."""
    return samples.multiclass(5) if request.param == "multiclass" else getattr(samples, request.param)()


def test_the_headline_says_what_was_learned_and_how_sure_that_is():
    said = headline(samples.binary())

    assert said == (
        "lightgbm (gradient-boosted trees) predicts Churn with ROC AUC 0.846 (95% interval 0.826 to 0.866) on 1,409 "
        "rows it had never seen. Its log loss is 31% lower (95% interval 27% to 35%) than that of the best baseline, "
        "simple (a small decision tree)."
    )


def test_a_model_that_is_not_clearly_better_is_not_praised():
    record = samples.binary()
    record["skill"] |= {"value": -0.02, "low": -0.08, "high": 0.04}

    assert "It is not clearly better than a baseline: its log loss is 2% higher" in headline(record)
    assert "(95% interval −4% to 8%)" in headline(record)


@pytest.mark.parametrize("status", ["failed", "interrupted", "running", "finished", None])
def test_a_run_without_a_score_says_why(status):
    record = {"status": status, "error": {"type": "DataError", "message": "t.csv has no rows"}}

    assert headline(record).endswith("t.csv has no rows")
    assert "score" in headline(record) or status is None


def test_a_score_is_never_written_without_its_interval(record):
    page = page_of(record)
    listed = [score for part in record["scores"].values() for score in part]
    parts = ("test", "out_of_fold")
    listed += [score for baseline in record["baselines"] for part in parts for score in baseline.get(part, [])]
    spans = {}
    for value, span in map(score_parts, listed):
        spans.setdefault(value, set()).update((f" {span}", f" ({span})", f" (95% interval {span})"))

    assert len(page.scores) > 5
    assert all(re.search(" to |undefined|cannot be told", found) for found in page.scores)
    for value in [value for value in spans if len(value) > 4]:  # shorter ones are ticks of axes, too
        for place in re.finditer(rf"(?<![\d.,]){re.escape(value)}(?![\d.,%])", page.text):
            before, after = page.text[: place.start()], page.text[place.end() :]
            is_end_of_an_interval = before.endswith((" to ", " interval ")) or after.startswith(" to ")
            assert is_end_of_an_interval or after.startswith(tuple(spans[value])), before[-40:] + value + after[:40]


def test_a_score_whose_interval_is_unknown_says_so():
    assert score_text({"value": 0.5, "low": None, "high": None, "level": 0.95}) == "0.5 (interval cannot be told)"
    assert score_text({"value": None}) == "undefined (on these rows)"
    assert score_text(None) == "not measured"


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (48_210.5, 46_380.3, 50_040.7, "48,210 (95% interval 46,380 to 50,041)"),
        (-0.0001, -0.02, 0.02, "0.000 (95% interval −0.020 to 0.020)"),
        (0.6931, 0.6931, 0.6931, "0.6931 (95% interval 0.6931 to 0.6931)"),
        (3e-9, 2e-9, 4e-9, "3e−09 (95% interval 2e−09 to 4e−09)"),
        (float("nan"), 0, 1, "undefined (on these rows)"),
        (0.5, float("-inf"), 1, "0.5 (interval cannot be told)"),
    ],
)
def test_a_score_shows_the_digits_that_its_interval_leaves(value, low, high, said):
    assert score_text({"value": value, "low": low, "high": high, "level": 0.95}) == said


def test_a_page_holds_every_section_and_a_way_to_each(record):
    page = page_of(record)
    sections = {facts["id"] for tag, facts in page.tags if tag == "section"}

    assert len(sections) == 11
    assert {f"#{name}" for name in sections} <= set(page.addresses)
    assert not page.open


def test_a_page_needs_no_network(record):
    text = render(record, samples.timeline())
    page = Page(text)

    assert all(address.startswith("#") for address in page.addresses)
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert [facts for tag, facts in page.tags if tag == "script"] == [{}]
    assert not re.search(r"fetch|XMLHttp|import|eval\(|innerHTML|\.src|https?:(?!//www.w3.org/2000/svg)", SCRIPT)
    assert "url(" not in text
    assert "@import" not in text
    assert len(text) < 3_000_000


def test_every_dropped_or_changed_cell_is_accounted_for():
    text = page_of(samples.binary()).text

    assert "7,043 rows read, 7,043 used" in text
    assert "TotalCharges coerced to missing 11 blank text in a column of numbers schema" in text


def test_what_blocks_comes_first_and_every_fix_is_shown():
    text = page_of(samples.binary()).text

    assert text.index("tells the target") < text.index("Only 30 rows") < text.index("all values differ")
    assert "To mend it: mesic run source.ignore=[ended]" in text


def test_an_error_stands_among_the_findings():
    record = samples.binary() | {"status": "failed", "error": {"type": "DataError", "message": "no rows left"}}

    text = page_of(record).text

    assert text.index("DataError") < text.index("LEAK")


def test_a_command_is_quoted_so_that_it_can_be_pasted():
    assert "mesic run source=table 'source.path=my data.parquet'" in page_of(samples.binary()).text


def test_work_of_people_is_in_the_timeline():
    assert "labelled 300 rows ada 3.5 120" in page_of(samples.binary()).text


@pytest.mark.parametrize("timeline", [[], [{"stage": "read"}], [{"event": "note", "stage": "talked"}]])
def test_a_timeline_may_be_short(timeline):
    assert not page_of(samples.binary(), timeline).open


def test_a_record_of_nothing_says_that_nothing_was_measured():
    page = page_of({}, [])

    assert page.text.count("Not measured.") == 11
    assert not page.open


@pytest.mark.parametrize("how", ["removed", "null", "empty"])
def test_any_part_of_a_record_may_be_missing(small, how):
    for key in [key for key in small if key != "status"]:
        less = copy.deepcopy(small)
        value = less.pop(key)
        if how == "null":
            less[key] = None
        if how == "empty":
            less[key] = type(value)() if isinstance(value, dict | list | str) else value

        assert not page_of(less).open, key


def test_any_inner_part_of_a_record_may_be_null(small):
    for key in [key for key, value in small.items() if isinstance(value, dict)]:
        for inner in small[key]:
            less = copy.deepcopy(small)
            less[key][inner] = None

            assert not page_of(less).open, (key, inner)


def test_any_number_of_a_record_may_be_null(small):
    def without_numbers(value):
        if isinstance(value, dict):
            return {key: without_numbers(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [without_numbers(inner) for inner in value]
        return None if isinstance(value, float) else value

    for key in ("scores", "baselines", "skill", "zone", "data", "evaluations", "run"):
        page = page_of(small | {key: without_numbers(small[key])})

        assert not page.open, key


def test_hostile_names_stay_text(record):
    def hostile(value, key=""):
        if isinstance(value, dict):
            return {name: hostile(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [hostile(inner, key) for inner in value]
        return HOSTILE if isinstance(value, str) else value

    text = render(hostile(record), hostile(samples.timeline()))

    assert text.count("<script") == 1  # our own
    assert "☃" in text
    assert text.encode("utf-8")
    assert not Page(text).open
    for svg in drawings(text):
        ElementTree.fromstring(svg)


def test_hostile_column_and_class_names_stay_text():
    record = samples.multiclass(3)
    record["partition"]["classes"] = {"train": {HOSTILE: 10, "b": 3}, "test": {HOSTILE: 5}}
    record["zone"]["edges"] = {HOSTILE: [1, 2], '"><svg onload=x>': ["a", "b", "c"]}
    record["model"]["options"] = {HOSTILE: HOSTILE}
    record["config"] = {"</pre><script>": HOSTILE}
    record["versions"] = {"<b>": "<i>"}

    text = render(record, [])

    assert text.count("<script") == 1  # our own
    assert "<svg onload" not in text
    assert not Page(text).open


def test_every_drawing_is_well_formed_and_named(record):
    found = drawings(render(record, samples.timeline()))

    assert len(found) >= 14
    for svg in found:
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert root[0].tag.endswith("title")
        assert not re.search(r'="[^"]*\b(nan|inf)\b', svg)


def test_every_drawing_comes_for_wide_and_for_narrow_pages(record):
    page = Page(render(record, samples.timeline()))
    kinds = [facts["class"] for tag, facts in page.tags if tag == "svg"]

    assert kinds.count("chart wide") == kinds.count("chart narrow") == len(kinds) / 2


def test_the_zone_picture_stands_alone_in_light_and_in_dark():
    svg = charts.zone_chart(samples.u_shape())
    root = ElementTree.fromstring(svg)
    words = "".join(root.itertext())

    assert root.get("viewBox").startswith("0 0 760 ")
    assert "prefers-color-scheme:dark" in svg
    for said in ("too simple: bias", "too complex: variance", "zone of solutions: 4 of 25 trials", "chosen: trial 6"):
        assert said in words
    assert "always predicting the same" in words


def texts(svg, size=13.0):
    """Return the boxes of unturned texts, by a cautious guess at their width."""
    for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if node.get("transform"):
            continue
        wide = 0.5 * size * len(node.text or "")
        left = float(node.get("x")) - {"start": 0, "middle": wide / 2, "end": wide}[node.get("text-anchor")]
        yield node.text, left, left + wide, float(node.get("y"))


def overlaps(svg):
    found = list(texts(svg))
    return [
        (a[0], b[0])
        for place, a in enumerate(found)
        for b in found[place + 1 :]
        if abs(a[3] - b[3]) < 10 and a[1] < b[2] and b[1] < a[2]
    ]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("seed", range(4))
def test_no_words_of_the_zone_picture_overlap_or_leave_it(width, seed):
    svg = charts.zone_chart(samples.u_shape(seed=seed), width)

    assert overlaps(svg) == []
    for said, left, right, _ in texts(svg):
        assert -1 <= left < right <= width + 1, said


def test_trials_of_one_option_are_joined_and_scattered_ones_are_summarised():
    sweep = charts.zone_chart(samples.u_shape(18, 5, params=1))
    scattered = charts.zone_chart(samples.u_shape(18, 5))

    assert len(re.search(r'<path d="([^"]*)', sweep).group(1).split("C")) == 18
    assert len(re.search(r'<path d="([^"]*)', scattered).group(1).split("C")) <= 9


def test_a_trial_far_astray_does_not_flatten_the_picture():
    zone = samples.u_shape()
    zone["trials"][0]["loss"] = 900.0
    plain = charts.zone_chart(samples.u_shape())

    svg = charts.zone_chart(zone)

    assert svg.count("<polygon") == plain.count("<polygon") + 1
    assert ">0.5<" in svg


def test_a_baseline_far_above_is_named_and_not_drawn_to_scale():
    zone = samples.u_shape() | {"baseline_loss": 50.0}

    assert "far above: always predicting the same" in charts.zone_chart(zone)
    assert "far above" not in charts.zone_chart(zone | {"baseline_loss": float("inf")})


@pytest.mark.parametrize("trials", [0, 1, 2, 400])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_zone_may_have_any_number_of_trials(trials, width):
    zone = samples.u_shape(max(trials, 1))
    zone["trials"] = zone["trials"][:trials]

    root = ElementTree.fromstring(charts.zone_chart(zone, width))

    assert ("no zone to draw" in "".join(root.itertext())) is (trials == 0)


@pytest.mark.parametrize("size", [None, 0, float("nan")])
def test_a_learner_that_says_nothing_of_its_size_is_drawn_trial_by_trial(size):
    zone = samples.u_shape() | {"complexity": None}
    for trial in zone["trials"]:
        trial["complexity"] = size

    words = "".join(ElementTree.fromstring(charts.zone_chart(zone)).itertext())

    assert "trials in their order" in words
    assert "bias" not in words


def test_trials_out_of_the_race_are_drawn_beside_the_others_and_belong_to_the_curve():
    zone = samples.u_shape()
    out = {"number": 900, "loss": 0.45, "train_loss": 0.2, "complexity": 80_000.0, "params": {}}

    words = "".join(ElementTree.fromstring(charts.zone_chart(zone | {"pruned": [out]})).itertext())

    assert "of 26 trials" in words
    assert "trial 900: log loss 0.45 (told from the best on its first folds)" in words
    assert "outside, by its first folds" in words
    assert "outside, by its first folds" not in charts.zone_chart(zone)


def test_what_lies_in_the_zone_but_may_not_be_taken_looks_different():
    zone = samples.u_shape()
    shown = charts.zone_chart(zone)
    for trial in zone["trials"]:
        trial["takeable"] = trial["in_zone"]

    assert "may be taken" in shown
    assert "may be taken" not in charts.zone_chart(zone)


def test_bias_and_variance_are_drawn_below_where_they_are_known():
    zone = samples.u_shape()
    shown = charts.zone_chart(zone)
    for trial in zone["trials"]:
        trial["bias"] = None

    assert "bias, above the least" in shown
    assert "bias, above the least" not in charts.zone_chart(zone)


def test_trials_that_failed_or_lack_numbers_are_left_out():
    zone = samples.u_shape()
    zone["trials"][0] |= {"loss": None}
    zone["trials"][1] |= {"loss": float("nan")}
    zone["trials"][2] |= {"loss_se": None, "train_loss": float("nan"), "params": None}

    svg = charts.zone_chart(zone)

    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert svg.count("<title>trial") == 24  # 23 trials and the ring around the chosen one


@pytest.mark.parametrize("classes", [2, 12, 30, 41, 300])
def test_a_confusion_matrix_holds_any_number_of_classes(classes):
    record = samples.multiclass(classes)
    text = render(record, [])

    assert len(text) < 3_000_000
    assert (f"The 40 largest of {classes} classes." in text) is (classes > 40)
    for svg in drawings(text):
        ElementTree.fromstring(svg)


def test_confusions_are_listed_by_how_often_they_happen():
    record = samples.multiclass(4)
    record["evaluations"]["errors"] |= {
        "labels": list("abcd"),
        "confusion": [[9, 1, 0, 0], [5, 9, 0, 0], [0] * 4, [0] * 4],
    }

    text = page_of(record).text

    assert text.index("b → a 5 of 14 b") < text.index("a → b 1 of 10 a")


def test_bins_that_leave_the_diagonal_are_counted():
    record = samples.binary()
    record["evaluations"]["calibration"]["bins"][0] |= {"low": 0.5, "high": 0.6, "observed": 0.55}

    assert "In 9 of 10 bins the prediction lies in the interval" in page_of(record).text


@pytest.mark.parametrize("chart", [charts.scores_chart, charts.power_chart])
def test_a_chart_of_no_rows_is_a_drawing_all_the_same(chart):
    ElementTree.fromstring(chart([], "nothing"))


def test_long_names_are_shortened_and_never_leave_the_drawing():
    rows = [{"name": "a name without end " * 9, **samples.score("roc_auc", 0.8, 0.01)}]
    for width in (WIDE, NARROW):
        svg = charts.scores_chart(rows, "ROC AUC", width)

        assert "…" in svg
        assert overlaps(svg) == []
        assert all(left >= -1 and right <= width + 1 for _, left, right, _ in texts(svg))


@pytest.mark.parametrize(
    "ends", [(0.0, 1.0), (-5e-7, 3e-7), (0.41, 0.42), (1e9, 3.2e9), (-3.0, -3.0), (99.5, 100.5), (0, 1e300)]
)
def test_ticks_are_round_few_and_inside(ends):
    ticks = Scale(*ends, 0, 600).ticks()

    assert 1 <= len(ticks) <= 12
    assert all(ends[0] - 1e-9 <= tick <= ends[1] * (1 + 1e-9) or ends[0] == ends[1] for tick in ticks)
    assert len({f"{tick:.6g}" for tick in ticks}) == len(ticks)


@pytest.mark.parametrize("ends", [(1, 10), (480, 560), (50, 40_000), (1e-9, 1e9), (7, 7.001)])
def test_ticks_of_a_logarithmic_scale_are_inside(ends):
    ticks = Scale(*ends, 0, 600, log=True).ticks()

    assert 1 <= len(ticks) <= 12
    assert all(ends[0] <= tick <= ends[1] for tick in ticks)
