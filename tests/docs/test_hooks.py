"""docs/hooks.md is compared with the specs: hooks, kinds, traits, protocols, vocabulary, in both directions."""

import ast
import inspect
import re
import textwrap
from dataclasses import is_dataclass

import pytest
from tests.docs.pages import DOCS, blocks, sections, tables

from mesic.audit.pricing import Pricing
from mesic.audit.view import Auditor, AuditView
from mesic.bundle import portable
from mesic.bundle.inputs import Input
from mesic.data.reading import Source
from mesic.decision.settling import Calibrator
from mesic.deployment.target import Built, Door, Release, Target
from mesic.evaluation.metrics import Metric
from mesic.evaluation.view import Evaluation, EvaluationView, Evaluator, PredictedRows
from mesic.findings import Finding
from mesic.host import hookspecs
from mesic.host.components import TRAITS, Choice, Component, Range
from mesic.host.kinds import KINDS
from mesic.partition.rows import Rows, Split, Splitter
from mesic.reviewing.objections import Evidence, Objection
from mesic.rollout.rollout import Assignment, Decision, Rollout
from mesic.rollout.state import Outcome, RolloutTerms
from mesic.streaming.stream import Record, Reply, Stream
from mesic.training.sampling import Sample, Sampler
from mesic.training.search import Tuner

PAGE = DOCS / "hooks.md"
PROTOCOLS = (Source, Splitter, Rows, Split, Sampler, Sample, Metric, Tuner, Evaluator, EvaluationView, Evaluation)
PREDICTED = (PredictedRows,)
AUDITING = (Auditor, AuditView, Pricing)
ROLLING_OUT = (Rollout, Assignment, Outcome, RolloutTerms, Decision)
DEPLOYING = (Target, Release, Built, Door, Input)
STREAMING = (Stream, Record, Reply)
DECLARED = (
    *(*PROTOCOLS, *PREDICTED, *AUDITING, *ROLLING_OUT, *DEPLOYING, *STREAMING),
    *(Calibrator, Finding, Component, Range, Choice, Objection, Evidence),
)
DECLARATIONS = {thing.__name__: thing for thing in DECLARED}
HOOK = re.compile(r"^### `(\w+)(\(.*\)) -> (.*)`$", re.MULTILINE)


def specs():
    return {name: thing for name, thing in vars(hookspecs).items() if hasattr(thing, "mesic_spec")}


def hooks_of(text):
    return {name: arguments for name, arguments, _ in HOOK.findall(text)}


def signature_of(spec):
    return str(inspect.signature(spec)).partition(" -> ")[0].replace("typing.", "").replace("collections.abc.", "")


def declared(source):
    """Return the public fields and methods of a class, as the text of each without its body."""
    body = ast.parse(textwrap.dedent(source)).body[0].body
    return {ast.unparse(_head(item)) for item in body if _is_public(item)}


def _is_public(item):
    if isinstance(item, ast.FunctionDef):
        return not item.name.startswith("_")
    return isinstance(item, ast.AnnAssign)


def _head(item):
    if isinstance(item, ast.FunctionDef):
        item.body = [ast.Expr(ast.Constant(...))]
    return item


def on_page(text):
    """Return what every class in a block of Python says, by name."""
    pieces = re.split(r"\n(?=class )", text)
    return {re.match(r"class (\w+)", piece)[1]: declared(piece) for piece in pieces if piece.startswith("class ")}


def test_every_hook_is_on_the_page_and_no_other():
    assert hooks_of(PAGE.read_text()) == {name: signature_of(spec) for name, spec in specs().items()}


def test_hooks_of_which_the_first_answer_counts_stand_apart():
    firsts = {name for name, spec in specs().items() if spec.mesic_spec["firstresult"]}
    assert set(hooks_of(sections(PAGE, 2)["Hooks of which the first answer counts"])) == firsts


def test_every_kind_is_on_the_page_and_no_other():
    (rows,) = tables(sections(PAGE, 2)["Kinds"])
    assert rows[1:] == [[k.name, k.hook, "yes" if k.is_list else "no", k.summary] for k in KINDS.values()]
    described = re.findall(r"^### (.*)$", sections(PAGE, 2)["Protocols"], re.MULTILINE)
    assert described == list(KINDS)


def test_every_trait_is_on_the_page_with_its_promise_and_no_other():
    (rows,) = tables(sections(PAGE, 2)["Traits"])
    assert {row[0]: row[1] for row in rows[1:]} == dict(TRAITS)


def test_the_vocabulary_of_portable_steps_is_on_the_page():
    rows = next(table for table in tables(PAGE.read_text()) if table[0][0] == "op")
    assert {row[0] for row in rows[1:]} == {
        *portable.OPERATORS,
        *portable.ESTIMATORS,
        *portable.ANSWERS,
        "mean",
        "skops",
    }


@pytest.mark.parametrize("name", DECLARATIONS)
def test_what_the_page_says_of_a_class_is_what_the_code_says(name):
    said = {}
    for block in blocks(PAGE):
        said |= on_page(block.text) if block.language == "python" else {}

    own = declared(inspect.getsource(DECLARATIONS[name]))
    if DECLARATIONS[name] is Pricing:  # plugins are handed one and ask it
        own = {text for text in own if text.startswith("def ") and not text.startswith("def _")}
    elif is_dataclass(DECLARATIONS[name]):
        own = {text for text in own if not text.startswith("def ")}
    assert said[name] == own


def test_the_page_describes_no_class_that_is_not_compared():
    said = {name for block in blocks(PAGE) if block.language == "python" for name in on_page(block.text)}
    assert said == set(DECLARATIONS)
