"""LightGBM's text of a model, looked at before LightGBM's own code reads it.

That code trusts the text: a split on a column that is not there, a child beyond the last node or a size that is wrong
ends the process or reads memory of others. Whatever it would read unchecked is checked here.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mesic.errors import CheckFailed

END = b"end of trees"
CATEGORICAL = 1
MOST_CLASSES = 100_000
OBJECTIVES = {
    *("regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"),
    *("binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda"),
}
HEAD = {
    *("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective"),
    *("average_output", "feature_names", "monotone_constraints", "feature_infos", "tree_sizes"),
}
OF_NODES = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
ALSO_OF_NODES = ("internal_value", "internal_weight", "internal_count")
OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
SINGLE = ("num_leaves", "num_cat", "is_linear", "shrinkage")
OF_LEVELS = ("cat_boundaries", "cat_threshold")
KEYS = {*OF_NODES, *ALSO_OF_NODES, *OF_LEAVES, *SINGLE, *OF_LEVELS}
WHOLE, NUMBER = b"0123456789- ", b"0123456789-+.einfa "
Said = Mapping[bytes, bytes]


def trees_only(text: str) -> str:
    r"""Return a model without what stands behind its trees: settings of the training, which no answer hangs on.

    Examples
    --------
    >>> trees_only("tree\n...\nend of trees\n\nparameters:\n")
    'tree\n...\nend of trees\n'
    """
    head, end, _ = text.partition(f"\n{END.decode()}")
    return f"{head}{end}\n" if end else text


def refuse_strange_booster(text: str, classes: int) -> None:
    """Raise CheckFailed where a text is none that LightGBM can read safely.

    Parameters
    ----------
    text
        As ``Booster.model_to_string`` writes it, of version 4.
    classes
        That the step answers for, 0 for regression.
    """
    try:
        _look_at(text.encode(), classes)
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise CheckFailed(f"the text of a LightGBM model is refused: {_words(error)}; run again") from error


def _words(error: Exception) -> str:
    return f"it has no {error.args[0].decode()}" if isinstance(error, KeyError) else str(error)


def _claim(is_so: object, message: str) -> None:
    if not is_so:
        raise ValueError(message)


def _look_at(text: bytes, classes: int) -> None:
    start = text.find(b"\nTree=0\n") + 1 or text.find(END)
    _claim(start >= 0, "it has no trees and no end")
    facts = _facts(text[:start], HEAD, "the header", first=b"tree")
    sizes = _whole(facts, b"tree_sizes") if facts.get(b"tree_sizes") else np.empty(0, np.int64)
    columns, every = _numbers_of(facts, classes)
    _claim(sizes.size % every == 0, f"{sizes.size} trees are no whole number of rounds of {every}")
    for number, size in enumerate(sizes.tolist()):
        block, head = text[start : start + max(size, 0)], b"Tree=%d\n" % number
        _claim(len(block) == size and block.startswith(head), f"tree {number} is not where its size says")
        _look_at_tree(_facts(block[len(head) :], KEYS, f"tree {number}"), number, columns)
        start += size
    _claim(text[start:].startswith(END), "there is more, or less, than its trees")


def _numbers_of(facts: Said, classes: int) -> tuple[int, int]:
    """Return the number of columns, and of trees a round."""
    columns = _one(facts, b"max_feature_idx") + 1
    width, every = _one(facts, b"num_class"), _one(facts, b"num_tree_per_iteration")
    wanted = classes if classes > 2 else 1
    _claim(width == every == wanted <= MOST_CLASSES, f"it answers {width} numbers by {every} trees, not {wanted}")
    for name in (b"feature_names", b"feature_infos"):
        told = facts[name].split()
        _claim(len(told) == columns > 0, f"{name.decode()} tells {len(told)} columns, not {columns}")
    _look_at_objective(facts.get(b"objective", b"regression").decode(), width)
    return columns, every


def _look_at_objective(objective: str, width: int) -> None:
    name, *settings = objective.split()
    _claim(name in OBJECTIVES, f"the objective {name[:40]!r} is unknown")
    for setting in settings:
        key, is_value, value = setting.partition(":")
        _claim(key.isidentifier() and (not is_value or np.isfinite(float(value))), f"the objective says {setting!r}")
        _claim(key != "num_class" or value == str(width), f"the objective says {setting!r}, the model {width} classes")


def _facts(block: bytes, known: set[str], where: str, first: bytes = b"") -> Said:
    """Return what ``key=value`` lines say; each key once, none that is unknown."""
    facts: dict[bytes, bytes] = {}
    for line in block.split(b"\n"):
        key, _, value = line.partition(b"=")
        if line in (b"", first):
            continue
        _claim(key not in facts, f"{where} says {key[:40]!r} twice")
        _claim(key.decode() in known, f"{where} says {key[:40]!r}, which is no word of it")
        facts[key] = value
    _claim(b"\0" not in block and b"\r" not in block, f"{where} holds bytes that are no text")
    return facts


def _one(facts: Said, name: bytes) -> int:
    values = _whole(facts, name)
    _claim(values.size == 1, f"{name.decode()} is no one number")
    return int(values[0])


def _numbers(value: bytes, what: str) -> np.ndarray:
    _claim(not value.translate(None, NUMBER), f"{what} holds more than numbers")
    return np.array([float(word) for word in value.split()])


def _whole(facts: Said, name: bytes) -> np.ndarray:
    _claim(not facts[name].translate(None, WHOLE), f"{name.decode()} holds no whole numbers")
    values = np.array([int(word) for word in facts[name].split()], dtype=np.int64)
    _claim(not values.size or np.abs(values).max() < 2**31, f"{name.decode()} holds numbers beyond 32 bits")
    return values


def _look_at_tree(tree: Said, number: int, columns: int) -> None:
    leaves, levels = _one(tree, b"num_leaves"), _one(tree, b"num_cat")
    where = f"tree {number}"
    _claim(_numbers(tree.get(b"shrinkage", b"1"), f"shrinkage of {where}").size == 1, f"{where} shrinks by no number")
    _claim(leaves >= 1, f"{where} has {leaves} leaves")
    _claim(tree.get(b"is_linear", b"0") == b"0", f"{where} has linear leaves, which are not read from a bundle")
    _look_at_sizes(tree, where, leaves, required=("leaf_value",) if leaves == 1 else (*OF_NODES, "leaf_value"))
    if leaves == 1:
        _claim(levels == 0, f"{where} has sets of levels and no split")
        return
    _claim(_is_tree(_whole(tree, b"left_child"), _whole(tree, b"right_child")), f"the nodes of {where} are no tree")
    feature, kind = _whole(tree, b"split_feature"), _whole(tree, b"decision_type")
    _claim((feature >= 0).all() and (feature < columns).all(), f"{where} splits a column that there is not")
    _claim((kind >= 0).all() and (kind < 16).all(), f"{where} has an unknown kind of split")
    threshold = _numbers(tree[b"threshold"], f"threshold of {where}")
    _look_at_levels(tree, where, levels, threshold[kind & CATEGORICAL > 0])


def _look_at_sizes(tree: Said, where: str, leaves: int, required: Sequence[str]) -> None:
    for name, size in _sizes(leaves):
        value = tree.get(name.encode())
        if value is None:
            _claim(name not in required, f"{where} has no {name}")
            continue
        count = _numbers(value, f"{name} of {where}").size
        is_left_out = leaves == 1 and name not in required and count == 0
        _claim(count == size or is_left_out, f"{name} of {where} has {count} numbers, not {size}")


def _sizes(leaves: int) -> Iterator[tuple[str, int]]:
    yield from ((name, leaves - 1) for name in (*OF_NODES, *ALSO_OF_NODES))
    yield from ((name, leaves) for name in OF_LEAVES)


def _is_tree(left: np.ndarray, right: np.ndarray) -> bool:
    """Return whether every node but the first, and every leaf, hangs below one node: then no walk goes on for ever."""
    child = np.sort(np.concatenate([left, right]))
    nodes = left.size
    return bool(np.array_equal(child, np.concatenate([np.arange(-nodes - 1, 0), np.arange(1, nodes)])))


def _look_at_levels(tree: Said, where: str, levels: int, places: np.ndarray) -> None:
    """Look at the sets of levels that go left; `places` are those that splits name."""
    if levels == 0 and not places.size:
        return
    _claim(np.isin(places, np.arange(levels)).all(), f"{where} splits by a set of levels that there is not")
    edges, words = _whole(tree, b"cat_boundaries"), tree[b"cat_threshold"]
    _claim(not words.translate(None, WHOLE), f"cat_threshold of {where} holds no whole numbers")
    sound = edges.size == levels + 1 and edges[0] == 0 and (np.diff(edges) >= 0).all()
    _claim(sound and edges[-1] == len(words.split()), f"the sets of levels of {where} do not fit together")
