"""Kernels that rewrite columns, in ONNX: each adds nodes to a graph, and returns the table that comes out."""

import numpy as np

from mesic_plugins.targets.onnx.calendar import date_part
from mesic_plugins.targets.onnx.graph import DOUBLE, INT64
from mesic_plugins.targets.onnx.straight_lines import on_lines

LARGEST = 1.7976931348623157e308


def take(graph, row, places):
    """Take some columns."""
    return graph.columns(row, places)


def lines(graph, cells, start):
    """Return for codes in columns the lines of their tables, laid end to end; the last line is of missing cells."""
    coded = graph.add("Add", cells, graph.constant(start[:-1]))
    return graph.cast(graph.where(graph.is_blank(cells), graph.constant(start[1:] - 1.0), coded), INT64)


def recode(graph, row, width, places, start, table):
    """Give levels other codes."""
    found = graph.add("Gather", graph.constant(table), lines(graph, graph.columns(row, places), start))
    return graph.replaced(row, width, places, found)


def fill(graph, row, value, indicator):
    """Fill missing cells, and say behind them which were missing."""
    filled = graph.where(graph.is_blank(row), graph.constant(value), row)
    if not len(indicator):
        return filled
    return graph.beside(filled, graph.cast(graph.is_blank(graph.columns(row, indicator)), DOUBLE))


def scale(graph, row, width, places, center, divisor, low, high):
    """Shift, divide and limit numbers."""
    if not len(places):
        return row
    moved = graph.add("Sub", graph.columns(row, places), graph.constant(center))
    scaled = graph.between(graph.add("Div", moved, graph.constant(divisor)), -LARGEST, LARGEST)
    return graph.replaced(row, width, places, graph.between(scaled, low, high))


def interpolate(graph, row, width, places, start, x, y):
    """Replace numbers by what knots say."""
    found = []
    for j, place in enumerate(places):
        quarter = graph.add("Div", graph.columns(row, [place]), graph.constant(4.0))
        found.append(on_lines(graph, quarter, x[start[j] : start[j + 1]], y[start[j] : start[j + 1]]))
    return graph.replaced(row, width, places, graph.beside(*found)) if found else row


def bins(graph, row, width, places, start, edges):
    """Replace numbers by their bins."""
    found = []
    for j, place in enumerate(places):
        cell = graph.columns(row, [place])
        passed = graph.add("LessOrEqual", graph.constant(edges[start[j] : start[j + 1]]), cell)
        number = graph.total(graph.cast(passed, DOUBLE))
        found.append(graph.where(graph.is_blank(cell), cell, number))
    return graph.replaced(row, width, places, graph.beside(*found)) if found else row


def dates(graph, row, keep, places, parts, start, table):
    """Put parts of moments behind the columns that are kept."""
    found = [graph.columns(row, keep)] if len(keep) else []
    for j, place in enumerate(places):
        cell = graph.columns(row, [place])
        part = date_part(graph, cell, int(parts[j]))
        if start[j + 1] > start[j]:
            own = table[start[j] : start[j + 1]]
            at = graph.cast(graph.where(graph.is_blank(part), graph.constant(0.0), part), INT64)
            looked_up = graph.add("Gather", graph.constant(own), at)
            part = graph.where(graph.is_blank(cell), cell, looked_up)
        found.append(part)
    return graph.beside(*found)


def products(graph, row, first, second):
    """Put products of pairs behind all columns."""
    made = graph.add("Mul", graph.columns(row, first), graph.columns(row, second))
    return graph.beside(row, graph.between(made, -LARGEST, LARGEST))


def one_hot(graph, row, columns, from_places, to_places, places, start, table):
    """Give levels a column each."""
    blocks, order, filled = [graph.zeros_like(row)], np.zeros(columns, dtype=np.int64), 1
    if len(from_places):
        blocks.append(graph.columns(row, from_places))
        order[to_places] = filled + np.arange(len(from_places))
        filled += len(from_places)
    for j, place in enumerate(places):
        own = table[start[j] : start[j + 1]]
        wanted = np.unique(own[own >= 0])
        if wanted.size:
            at = lines(graph, graph.columns(row, [place]), np.array([0, own.size]))
            to = graph.add("Gather", graph.whole(own), at)
            blocks.append(graph.cast(graph.add("Equal", to, graph.whole(wanted)), DOUBLE))
            order[wanted] = filled + np.arange(wanted.size)
            filled += wanted.size
    return graph.columns(graph.beside(*blocks), order)


def lookup(graph, row, each, keep, places, start, table):
    """Put what a table has for levels behind the columns that are kept."""
    blocks = [graph.columns(row, keep)] if len(keep) else []
    for j, place in enumerate(places):
        own = table.reshape(-1, each)[start[j] : start[j + 1]]
        at = lines(graph, graph.columns(row, [place]), np.array([0, len(own)]))
        blocks.append(graph.add("Gather", graph.constant(own), graph.add("Squeeze", at, graph.whole([1]))))
    return graph.beside(*blocks)


def crosses(graph, row, first, second, factor, start, numbers):
    """Put crosses of pairs of levels behind all columns."""
    blocks = [row]
    for j, (a, b) in enumerate(zip(first, second, strict=True)):
        scaled = graph.add("Mul", graph.columns(row, [a]), graph.constant(float(factor[j])))
        number = graph.add("Add", scaled, graph.columns(row, [b]))
        own = graph.constant(numbers[start[j] : start[j + 1]])
        before = graph.total(graph.cast(graph.add("Less", own, number), DOUBLE))
        is_known = graph.total(graph.cast(graph.add("Equal", own, number), DOUBLE))
        place = graph.where(graph.cast(is_known, 9), before, graph.constant(float(start[j + 1] - start[j])))
        blocks.append(graph.where(graph.is_blank(number), number, place))
    return graph.beside(*blocks)


def flush(graph, row, least):
    """Let numbers that are hardly there be zero."""
    is_small = graph.add("LessOrEqual", graph.add("Abs", row), graph.constant(least))
    return graph.where(is_small, graph.constant(0.0), row)
