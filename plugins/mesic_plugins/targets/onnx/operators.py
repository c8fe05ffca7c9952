"""A program in ONNX, float64 throughout: every kernel adds nodes to a graph."""

from mesic import UsageError
from mesic_plugins.targets.onnx import preparing, scoring
from mesic_plugins.targets.onnx.forests import forest

NO_FORM = {
    "hashed": "the buckets of texts (hashing), as ONNX has no hash: give transformer=[target_encoding]",
    "words": "the words of texts (text_counts), as ONNX counts none: leave these columns out by source.ignore=[...]",
    "draw": "chance that hangs on the row: it is a baseline, give a learner",
}


def call(graph, one, row, width):
    """Return what a kernel makes of a table of so many columns.

    Raises
    ------
    UsageError
        It has no form; what can be done is said.
    """
    if one.kernel in NO_FORM:
        raise UsageError(f"target=onnx cannot hold the step {one.kernel!r}, {NO_FORM[one.kernel]}, or target=static")
    told = {"width": width} if one.kernel in NEED_WIDTH else {}
    return KERNELS[one.kernel](graph, row, **told, **one.values)


def run(graph, program, row):
    """Return what a program makes of a table."""
    width = program.width
    for one in program.calls:
        row, width = call(graph, one, row, width), one.width
    return row


def mean(graph, row, members, share, start, present, outputs):
    """Return the weighted mean of what members answer."""
    out = None
    for j, member in enumerate(members):
        scores = scoring.spread(graph, run(graph, member, row), outputs, present[start[j] : start[j + 1]])
        own = graph.add("Mul", scores, graph.constant(float(share[j])))
        out = own if out is None else graph.add("Add", out, own)
    return out


HOMES = {
    preparing: (
        *(
            "take",
            "recode",
            "fill",
            "scale",
            "interpolate",
            "bins",
            "dates",
            "products",
            "one_hot",
            "lookup",
            "crosses",
        ),
        "flush",
    ),
    scoring: (
        *("constant", "linear", "naive_bayes", "divide", "sigmoid", "softmax", "log_odds", "isotonic", "temperature"),
        *("of_two", "shares", "spread"),
    ),
}
KERNELS = {name: getattr(home, name) for home, names in HOMES.items() for name in names}
KERNELS |= {"forest": forest, "mean": mean}
NEED_WIDTH = ("recode", "scale", "interpolate", "bins", "forest", "shares")
