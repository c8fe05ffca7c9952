"""From portable steps to a program: one entry an operator, and nothing about any language."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mesic import Bundle, PortableStep, UsageError
from mesic_plugins.targets.program import preparing, scoring, texts
from mesic_plugins.targets.program.columns import Columns
from mesic_plugins.targets.program.program import Call, Decision, Program

Lowered = tuple[list[Call], Columns]
PREPARING: dict[str, Callable[[PortableStep, Columns], Lowered]] = {
    "codes": preparing.codes,
    "take": preparing.take,
    "impute": preparing.impute,
    "scale": preparing.scale,
    "interpolate": preparing.interpolate,
    "bins": preparing.bins,
    "dates": preparing.dates,
    "products": preparing.products,
    "one_hot": preparing.one_hot,
    "ordinal": preparing.ordinal,
    "lookup": preparing.lookup,
    "crosses": preparing.crosses,
    "hashed": texts.hashed,
    "words": texts.words,
}
SCORING: dict[str, Callable[[PortableStep, int], list[Call]]] = {
    "constant": scoring.constant,
    "draw": scoring.draw,
    "linear": scoring.linear,
    "trees": scoring.trees,
    "lightgbm": scoring.lightgbm,
    "naive_bayes": scoring.naive_bayes,
    "log_odds": scoring.log_odds,
    "isotonic": scoring.isotonic,
    "temperature": scoring.temperature,
    "decide": scoring.decide,
}
WHY_NOT = {
    "neighbors": "its search takes rows at one distance in no order that can be told; choose another learner",
    "skops": "it is an object of a library; describe it by to_portable",
}


def lowered(bundle: Bundle, target: str) -> tuple[Program, Decision]:
    """Return what a bundle computes for one row.

    Raises
    ------
    UsageError
        A step has no kernel; it is named, and what can be done.
    """
    steps, present = bundle.fitted.steps, bundle.fitted.present
    program = _program(steps, None, target)
    calls, classes = list(program.calls), bundle.fitted.classes
    if classes and present.size != classes:
        calls.append(Call("spread", classes, {"outputs": classes, "present": present}))
    return Program(program.width, tuple(calls)), _decision(steps)


def _program(steps: Sequence[PortableStep], columns: Columns | None, target: str) -> Program:
    """Return the calls of steps; without columns the first step says which there are."""
    calls: list[Call] = []
    if columns is None:
        columns, steps = Columns.of_codes(steps[0].params["columns"]), steps[1:]
    width = len(columns)
    for step in steps:
        if step.op in PREPARING:
            more, columns = PREPARING[step.op](step, columns)
            calls += more
        elif step.op == "mean":
            calls.append(_mean(step, columns, target))
        elif step.op in SCORING:
            calls += SCORING[step.op](step, calls[-1].width if calls else width)
        else:
            raise UsageError(_refusal(step, target))
    return Program(width, tuple(calls))


def _mean(step: PortableStep, columns: Columns, target: str) -> Call:
    present, classes = step.params["present"], step.params["classes"]
    places = [np.asarray(codes if classes else [0], dtype=np.int64) for codes in present]
    return Call(
        "mean",
        classes or 1,
        {
            "members": tuple(_program(member, columns, target) for member in step.members),
            "share": step.arrays["weight"] / step.arrays["weight"].sum(),
            "start": np.cumsum([0, *(place.size for place in places)]),
            "present": np.concatenate(places),
            "outputs": classes or 1,
        },
    )


def _decision(steps: Sequence[PortableStep]) -> Decision:
    arrays: dict[str, Any] = dict(steps[-1].arrays) if steps and steps[-1].op == "decide" else {}
    threshold = arrays.get("threshold")
    return Decision(None if threshold is None else float(threshold[0]), arrays.get("costs"))


def _refusal(step: PortableStep, target: str) -> str:
    known = ", ".join(sorted({*PREPARING, *SCORING, "mean"}))
    why = WHY_NOT.get(step.op, f"no kernel is called so; there are some for {known}")
    who = f" of {step.params['component']}" if "component" in step.params else ""
    return (
        f"target={target} cannot hold the step {step.op!r}{who}: {why}, or answer with the bundle itself: mesic predict"
    )
