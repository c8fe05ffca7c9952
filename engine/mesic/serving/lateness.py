"""Whether a process still comes back: what it says of itself in shared memory, and whether that goes on changing."""

from time import monotonic

TURNED, TRYING = 0, 1
CANDIDATE, ANYTHING = "candidate", "anything"


class Marks:
    """What a process says of itself.

    Parameters
    ----------
    own
        Two numbers, 0 at first: when its loop turned last, and since when the version that is tried answers.

    Examples
    --------
    >>> marks = Marks([0.0, 0.0])
    >>> marks.turned()
    >>> late = Lateness(marks, limit_s=1.0, look_s=0.5)
    >>> late.look(), late.look(), late.look()
    (None, None, 'anything')
    """

    def __init__(self, own: "memoryview[float] | list[float]") -> None:
        self.own = own

    def forget(self) -> None:
        """Say nothing: another process takes the place of one that has ended."""
        self.own[TURNED] = self.own[TRYING] = 0.0

    def turned(self) -> None:
        """Say that the loop turns."""
        self.own[TURNED] = monotonic()

    def began(self) -> None:
        """Say that the version that is tried answers from now on."""
        self.own[TRYING] = monotonic()

    def ended(self) -> None:
        """Say that it has come back."""
        self.own[TRYING] = 0.0


class Lateness:
    """Looks at what a process says, again and again.

    Time in which nobody looked is not counted: a machine that stood still made nobody late.

    Parameters
    ----------
    marks
        What the process says.
    limit_s
        Seconds after which one that says nothing new is late.
    look_s
        Seconds between two looks.
    """

    def __init__(self, marks: Marks, *, limit_s: float, look_s: float) -> None:
        self.marks, self.limit_s, self.look_s = marks, limit_s, look_s
        self._said: tuple[str, float] | None = None
        self._waited_s = 0.0

    def look(self) -> str | None:
        """Return what does not come back: ``"candidate"``, ``"anything"``, or None: nothing is late."""
        turned, trying = self.marks.own[TURNED], self.marks.own[TRYING]
        said = (CANDIDATE, trying) if trying else (ANYTHING, turned)
        self._waited_s = self._waited_s + self.look_s if said == self._said and said[1] else 0.0
        self._said = said
        return said[0] if self._waited_s >= self.limit_s else None

    def is_back(self) -> bool:
        """Return whether what was late has come back since the last look."""
        return self._said not in ((CANDIDATE, self.marks.own[TRYING]), (ANYTHING, self.marks.own[TURNED]))
