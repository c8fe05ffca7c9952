"""No search: the configured options are tried once, of each learner."""


class Single:
    """Ask for what is configured, once; of several learners for each.

    Parameters
    ----------
    space : mapping
        Not searched, but for the learner.
    starts : sequence of mapping
        What could be tried first.

    Examples
    --------
    >>> tuner = Single({}, [{}])
    >>> tuner.ask(), tuner.ask()
    ({}, None)
    """

    def __init__(self, space, starts):
        self.space, self.starts = space, starts
        learners = space["learner"].values if "learner" in space else ()
        self._left = [{"learner": name} for name in learners] or [{}]

    def ask(self):
        """Return an empty change to the configured options, once a learner."""
        return self._left.pop(0) if self._left else None

    def tell(self, loss):
        """Hear the loss; nothing depends on it."""
