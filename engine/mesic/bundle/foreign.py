"""Steps that have no portable description: what skops wrote, made of trusted types only."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mesic.bundle.estimators import skops_estimator
from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep
from mesic.errors import CheckFailed


def skops(step: PortableStep, trusted: frozenset[str], *, is_last: bool) -> Callable[[Matrix], Any]:
    """Load a step and return what runs it: its predictions if it is the last one, else its ``transform``.

    Raises
    ------
    CheckFailed
        It asks for a type that is not trusted; nothing was made of it then.
    """
    from skops import io

    asked = set(step.params["types"]) | set(io.get_untrusted_types(data=step.blob))
    if strange := sorted(asked - trusted):
        raise CheckFailed(f"a step of the pipeline is made of types that are not trusted: {', '.join(strange)}")
    model = io.loads(step.blob, trusted=sorted(asked))
    return skops_estimator(model) if is_last else lambda matrix: _transformed(model, matrix)


def _transformed(model: Any, matrix: Matrix) -> Matrix:
    if len(matrix) == 0:  # which scikit-learn refuses to transform
        names = tuple(map(str, model.get_feature_names_out()))
        return Matrix(np.empty((0, len(names))), names)
    result = model.transform(matrix.frame())
    if hasattr(result, "columns"):
        return Matrix.from_frame(result)
    dense = result.toarray() if hasattr(result, "toarray") else np.asarray(result)
    return Matrix(dense, tuple(map(str, model.get_feature_names_out())))
