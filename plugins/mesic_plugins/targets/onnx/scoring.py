"""Kernels that answer, and those that take answers, in ONNX: each returns a table of scores."""

import numpy as np

from mesic_plugins.targets.onnx.straight_lines import on_lines

LARGEST = 1.7976931348623157e308


def constant(graph, row, value):
    """Answer the same."""
    return graph.add("Add", graph.zeros_like(row), graph.constant(value))


def linear(graph, row, places, outputs, coef, intercept):
    """Return weighted sums."""
    if not len(places):
        return constant(graph, row, intercept)
    sums = graph.add("MatMul", graph.columns(row, places), graph.constant(coef.reshape(-1, outputs)))
    return graph.add("Add", sums, graph.constant(intercept))


def naive_bayes(graph, row, offset, theta, variance):
    """Return the logarithm of each class's share, but for what all classes have."""
    size = len(offset)
    away = graph.add("Sub", graph.add("Unsqueeze", row, graph.whole([1])), graph.constant(theta.reshape(size, -1)))
    spread_out = graph.add("Div", graph.add("Mul", away, away), graph.constant(variance.reshape(size, -1)))
    sums = graph.add("ReduceSum", spread_out, graph.whole([2]), keepdims=0)
    return graph.add("Sub", graph.constant(offset), graph.add("Mul", sums, graph.constant(0.5)))


def spread(graph, row, outputs, present):
    """Put the classes that were there in training among all."""
    order = np.zeros(outputs, dtype=np.int64)
    order[present] = 1 + np.arange(len(present))
    return graph.columns(graph.beside(graph.zeros_like(row), row), order)


def divide(graph, row, by):
    """Divide all scores."""
    return graph.add("Div", row, graph.constant(by))


def logistic(graph, score):
    """Return 1 / (1 + exp(-score))."""
    odds = graph.add("Exp", graph.add("Neg", score))
    return graph.add("Div", graph.constant(1.0), graph.add("Add", graph.constant(1.0), odds))


def sigmoid(graph, row, slope):
    """Return two probabilities."""
    return of_two(graph, logistic(graph, graph.add("Mul", row, graph.constant(slope))))


def of_two(graph, row):
    """Return the probabilities of two classes."""
    return graph.beside(graph.add("Sub", graph.constant(1.0), row), row)


def softmax(graph, row):
    """Return probabilities that go as the exponentials."""
    top = graph.add("ReduceMax", row, graph.whole([1]), keepdims=1)
    odds = graph.add("Exp", graph.add("Sub", row, top))
    return graph.add("Div", odds, graph.total(odds))


def log_odds(graph, row, first, second, intercept):
    """Return probabilities by a straight line in logarithms."""
    cells = graph.columns(row, [1]) if len(intercept) == 1 else row
    p = graph.between(cells, 1e-9, 1 - 1e-9)
    left = graph.add("Mul", graph.add("Log", p), graph.constant(first))
    right = graph.add("Mul", graph.add("Log", graph.add("Sub", graph.constant(1.0), p)), graph.constant(second))
    return logistic(graph, graph.add("Add", graph.add("Sub", left, right), graph.constant(intercept)))


def isotonic(graph, row, start, x, y):
    """Return what knots say of probabilities."""
    count = len(start) - 1
    first = 1 if count == 1 else 0
    found = [
        on_lines(graph, graph.columns(row, [first + k]), x[start[k] : start[k + 1]], y[start[k] : start[k + 1]])
        for k in range(count)
    ]
    return graph.beside(*found)


def temperature(graph, row, power):
    """Return logarithms of probabilities, flattened or steepened."""
    return graph.add("Mul", graph.add("Log", graph.between(row, 1e-9, LARGEST)), graph.constant(power))


def shares(graph, row, width):
    """Let scores sum to 1; nothing but zeros knows nothing."""
    total = graph.total(row)
    is_some = graph.add("Greater", total, graph.constant(0.0))
    return graph.where(is_some, graph.add("Div", row, total), graph.constant(1 / width))
