"""Whole groups."""

import numpy as np

from mesic import Sample, SettingError


class Cluster:
    """Draw groups without replacement, all with the same chance, and take all rows of each.

    Rows of one group are alike, so such a sample says less than its rows suggest: the record tells the design effect
    and the effective number of rows.

    Parameters
    ----------
    share : float, default=0.1
        Share of the groups (``source.group``) that are drawn, in (0, 1]; at least one, and two where there are two.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> view = TrainingView(None, np.zeros(9), groups=np.repeat([0, 1, 2], 3))
    >>> sample = Cluster(share=0.7).sample(view, np.random.default_rng(0))
    >>> len(sample), sample.weight[0]
    (6, np.float64(1.5))
    """

    def __init__(self, share=0.1):
        self.share = share

    def sample(self, view, rng):
        """Return the rows of the drawn groups; each stands for one over the share of groups drawn."""
        if view.groups is None:
            raise SettingError("sampler", "cluster", "source.group=COLUMN too: it draws whole groups")
        if not 0 < self.share <= 1:
            raise SettingError("share", self.share, "a share of groups above 0, to 1")
        groups, group_of_row = np.unique(view.groups, return_inverse=True)
        size = min(groups.size, max(2, round(self.share * groups.size)))
        drawn = rng.choice(groups.size, size, replace=False)
        index = np.flatnonzero(np.isin(group_of_row, drawn))
        return Sample(index, np.full(index.size, groups.size / size), clusters=group_of_row[index])
