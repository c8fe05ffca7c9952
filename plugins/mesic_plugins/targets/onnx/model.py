"""A program as one model of ONNX: a named input a column, decision and probabilities out."""

import numpy as np
from onnx import checker, helper

from mesic import UsageError
from mesic_plugins.targets.onnx.graph import DOUBLE, IR_VERSION, ML, OPSETS, STRING, Graph
from mesic_plugins.targets.onnx.operators import run


def model_of(program, decision, classes, columns, facts):
    """Return the model.

    Parameters
    ----------
    program, decision
        What is computed, and which class is answered.
    classes
        Labels by code; empty for a number.
    columns
        How each input is read.
    facts
        Texts that the file says of itself, by name.

    Raises
    ------
    UsageError
        A column is called as an output is, or not at all; or a kernel has no form.
    """
    names = [column.name for column in columns]
    if clash := {"prediction", "probabilities", ""} & set(names):
        raise UsageError(f"target=onnx cannot hold a column that is called {min(clash)!r}: rename it in the source")
    graph = Graph(names)
    row = _row(graph, columns)
    scores = run(graph, program, row)
    if classes:
        outputs = [_named(graph, _label(graph, scores, decision, classes), "prediction", STRING, [None])]
        outputs.append(_named(graph, scores, "probabilities", DOUBLE, [None, len(classes)]))
    else:
        value = graph.add("Squeeze", scores, graph.whole([1]))
        outputs = [_named(graph, value, "prediction", DOUBLE, [None])]
    body = helper.make_graph(graph.nodes, "mesic", [_input(column) for column in columns], outputs, graph.constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    made = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION, producer_name="mesic")
    helper.set_model_props(made, facts)
    checker.check_model(made)
    return made


def _input(column):
    kind = STRING if column.reading in ("level", "text") else DOUBLE
    return helper.make_tensor_value_info(column.name, kind, [None, 1])


def _named(graph, name, wanted, kind, shape):
    graph.nodes.append(helper.make_node("Identity", [name], [wanted]))
    return helper.make_tensor_value_info(wanted, kind, ["rows", *shape[1:]])


def _row(graph, columns):
    """Return all columns as numbers: levels as codes, missing cells and unseen levels as NaN."""
    is_coded = np.array([column.reading in ("level", "text") for column in columns])
    parts = [column.name for column in columns if column.reading not in ("level", "text")]
    if is_coded.any():
        codes = graph.beside(*(_coded(graph, column) for column, own in zip(columns, is_coded, strict=True) if own))
        numbers = graph.cast(codes, DOUBLE)
        is_blank = graph.add("Less", numbers, graph.constant(0.0))
        parts.append(graph.where(is_blank, graph.constant(np.nan), numbers))
    row, order = graph.beside(*parts), np.argsort(np.argsort(is_coded, kind="stable"))
    return row if (order == np.arange(len(columns))).all() else graph.columns(row, order)


def _coded(graph, column):
    """Return a column of texts as codes, -1 for what is missing or unseen."""
    is_level = column.reading == "level"
    codes = {"": -1} | ({level: code for code, level in enumerate(column.levels)} if is_level else {})
    told = {"keys_strings": list(codes), "values_int64s": list(codes.values()), "default_int64": -1 if is_level else 0}
    return graph.add("LabelEncoder", column.name, domain=ML, **told)


def _label(graph, scores, decision, classes):
    """Return the label that is answered."""
    labels = graph.constant(np.array(classes, dtype=object), object)
    return graph.add("Gather", labels, _decided(graph, scores, decision, len(classes)))


def _decided(graph, scores, decision, size):
    if decision.threshold is not None:
        p = graph.columns(scores, [1])
        is_over = graph.add("GreaterOrEqual", p, graph.constant(decision.threshold))
        return graph.add("Squeeze", graph.cast(is_over, 7), graph.whole([1]))
    worth = scores
    if decision.costs is not None:
        costs = decision.costs.reshape(size, size)
        worth = graph.constant(np.zeros((1, size)))
        for code in range(size):  # in this order, so that costs that are equal are so here
            paid = graph.add("Mul", graph.columns(scores, [code]), graph.constant(costs[code]))
            worth = graph.add("Sub", worth, paid)
    return graph.add("ArgMax", worth, axis=1, keepdims=0)
