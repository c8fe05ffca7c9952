"""No search: the configured options are tried once."""


class Single:
    """Ask for the configured options, once.

    Parameters
    ----------
    space : mapping
        Not searched.
    start : mapping
        Not needed: the configured options stand.

    Examples
    --------
    >>> tuner = Single({}, {})
    >>> tuner.ask(), tuner.ask()
    ({}, None)
    """

    def __init__(self, space, start):
        self.space, self.start = space, start
        self._is_done = False

    def ask(self):
        """Return an empty change to the configured options, once."""
        if self._is_done:
            return None
        self._is_done = True
        return {}

    def tell(self, loss):
        """Hear the loss; nothing depends on it."""
