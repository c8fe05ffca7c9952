"""A graph of ONNX as it grows: nodes in order, constants by their bytes."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ML = "ai.onnx.ml"
OPSETS = (("", 21), (ML, 5))
IR_VERSION = 10
DOUBLE, INT64, STRING = TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING


class Graph:
    """Nodes and constants; every method that adds one returns the name of what comes out.

    Parameters
    ----------
    taken : iterable of str
        Names that are others' already.

    Examples
    --------
    >>> graph = Graph(["x", "/v"])
    >>> graph.add("Add", "x", graph.constant(1.0)), len(graph.nodes)
    ('//v1', 1)
    """

    def __init__(self, taken=()):
        self.nodes, self.constants, self._known = [], [], {}
        self._own = "/"
        while any(name.startswith(self._own) for name in taken):
            self._own += "/"

    def add(self, op, *inputs, domain="", **attributes):
        """Add a node."""
        name = f"{self._own}v{len(self.nodes) + 1}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, value, dtype=np.float64):
        """Add a constant, if there is none like it."""
        array = np.asarray(value, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes() if array.dtype != object else tuple(array.reshape(-1)))
        if key not in self._known:
            name = self._known[key] = f"{self._own}c{len(self.constants) + 1}"
            if array.dtype == object:
                texts = [text.encode() for text in array.reshape(-1)]
                self.constants.append(helper.make_tensor(name, STRING, array.shape, texts))
            else:
                self.constants.append(numpy_helper.from_array(array, name))
        return self._known[key]

    def whole(self, value):
        """Add a constant of whole numbers."""
        return self.constant(value, np.int64)

    def cast(self, name, kind):
        """Return other numbers of the same value."""
        return self.add("Cast", name, to=kind)

    def columns(self, name, places):
        """Return some columns of a table."""
        return self.add("Gather", name, self.whole(places), axis=1)

    def beside(self, *names):
        """Return tables side by side."""
        return names[0] if len(names) == 1 else self.add("Concat", *names, axis=1)

    def replaced(self, name, width, places, new):
        """Return a table of so many columns in which some are others."""
        order = np.arange(width)
        order[np.asarray(places, dtype=np.int64)] = width + np.arange(len(places))
        return self.columns(self.beside(name, new), order)

    def where(self, claim, yes, no):
        """Return one thing where a claim holds, else another."""
        return self.add("Where", claim, yes, no)

    def is_blank(self, name):
        """Return where cells are missing."""
        return self.add("IsNaN", name)

    def between(self, name, low, high):
        """Return the nearest values from low to high; missing cells stay."""
        low, high = self.constant(low), self.constant(high)
        risen = self.where(self.add("Less", name, low), low, name)
        return self.where(self.add("Greater", risen, high), high, risen)

    def total(self, name, axis=1):
        """Return sums over an axis, which stays, with one place."""
        return self.add("ReduceSum", name, self.whole([axis]), keepdims=1)

    def zeros_like(self, name):
        """Return a column of zeros, as long as a table."""
        rows = self.add("Shape", name, start=0, end=1)
        shape = self.add("Concat", rows, self.whole([1]), axis=0)
        return self.add("ConstantOfShape", shape, value=numpy_helper.from_array(np.zeros(1)))
