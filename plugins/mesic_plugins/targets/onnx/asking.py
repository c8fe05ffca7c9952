"""How a row is answered by a file of ONNX: cells are read as the bundle reads them, then the file is asked.

It is copied behind what reads cells into a file that needs onnxruntime, and NumPy as that does.
"""

import numpy as np
import onnxruntime

from mesic_plugins.targets.static.answering import Model


class Spelling(dict):  # type: ignore[type-arg]  # Python 3.8 reads the file, too
    """Levels that stay as they are spelt: the file knows their codes."""

    def get(self, key, default=None):  # noqa: ARG002 - as of every dict
        """Return the level itself."""
        return key


class OnnxModel(Model):
    """What answers rows by a file of ONNX, one thread."""

    def __init__(self, file, inputs, classes, *, blanks, truths, last_day=None):
        super().__init__(inputs, None, classes, blanks=blanks, truths=truths, last_day=last_day)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def answer(self, numbers, texts):
        """Return scores as people read them."""
        fed, waiting = {}, list(texts)
        for column, cell in zip(self.inputs, numbers):  # noqa: B905 - as the other files
            value = waiting.pop(0) if column.reading == "text" else cell
            if column.reading in ("level", "text"):
                text = value if isinstance(value, str) else ""
                fed[column.name] = np.array([[text]], dtype=object)
            else:
                fed[column.name] = np.array([[value]], dtype=np.float64)
        prediction, *more = self.session.run(None, fed)
        if not self.classes:
            return {"prediction": float(prediction[0])}
        shares = zip(self.classes, more[0][0])  # noqa: B905
        return {"prediction": str(prediction[0]), **{"p_" + label: float(share) for label, share in shares}}
