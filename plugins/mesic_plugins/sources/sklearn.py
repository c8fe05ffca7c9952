"""The tables that scikit-learn ships."""

import pyarrow as pa
import sklearn
from sklearn import datasets


class Sklearn:
    """A table of scikit-learn's, read from the installed package; nothing is fetched.

    Parameters
    ----------
    dataset : str
        ``breast_cancer``, ``diabetes``, ``digits``, ``iris``, ``linnerud`` or ``wine``.

    Examples
    --------
    >>> Sklearn("iris").columns()[-1]
    'target'
    """

    def __init__(self, dataset="breast_cancer"):
        self.dataset = dataset
        self._table = None
        self.target = "Weight" if dataset == "linnerud" else "target"

    def columns(self):
        """Return the column names."""
        return self._read().column_names

    def fingerprint(self):
        """Return a text that changes where the installed tables may have changed."""
        return f"{self.dataset} of scikit-learn {sklearn.__version__}"

    def batches(self, rows):
        """Yield record batches of at most `rows` rows each."""
        return iter(self._read().to_batches(max_chunksize=rows))

    def _read(self):
        if self._table is None:
            bunch = getattr(datasets, f"load_{self.dataset}")(as_frame=True)
            frame = bunch.frame
            if self.dataset in ("breast_cancer", "iris", "wine"):
                frame = frame.assign(target=bunch.target.map(dict(enumerate(map(str, bunch.target_names)))))
            self._table = pa.Table.from_pandas(frame, preserve_index=False)
        return self._table
