"""Straight lines between knots, in ONNX."""

import numpy as np

from mesic_plugins.targets.onnx.graph import INT64


def on_lines(graph, value, x, y):
    """Return what straight lines between knots say of a column, and what the last knots say beyond them."""
    if len(x) == 1:
        return graph.where(graph.is_blank(value), value, graph.constant([[y[0]]]))
    passed = graph.cast(graph.add("LessOrEqual", graph.constant(x), value), INT64)
    place = graph.add("Sub", graph.total(passed), graph.whole(1))
    with np.errstate(all="ignore"):
        slope = np.append(np.diff(y) / np.diff(x), 0.0)
    low = graph.add("Max", place, graph.whole(0))
    high = graph.add("Min", graph.add("Add", low, graph.whole(1)), graph.whole(len(x) - 1))
    steep, (x0, y0), (x1, y1) = (
        graph.add("Gather", graph.constant(slope), low),
        [graph.add("Gather", graph.constant(knots), low) for knots in (x, y)],
        [graph.add("Gather", graph.constant(knots), high) for knots in (x, y)],
    )
    found = _line(graph, value, steep, x0, y0)
    found = graph.where(graph.is_blank(found), _line(graph, value, steep, x1, y1), found)
    is_level = graph.add("And", graph.is_blank(found), graph.add("Equal", y0, y1))
    found = graph.where(is_level, y0, found)
    is_knot = graph.add(
        "Or", graph.add("Equal", x0, value), graph.add("GreaterOrEqual", place, graph.whole(len(x) - 1))
    )
    found = graph.where(graph.add("Or", is_knot, graph.add("Less", place, graph.whole(0))), y0, found)
    return graph.where(graph.is_blank(value), value, found)


def _line(graph, value, slope, x, y):
    return graph.add("Add", graph.add("Mul", slope, graph.add("Sub", value, x)), y)
