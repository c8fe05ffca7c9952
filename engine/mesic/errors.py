"""Everything mesic raises on purpose, and the exit status that each becomes.

MesicError
├── CheckFailed        1  a check or gate said no
├── MemoryLimitReached 1  the run holds more than resources.memory_mb
├── UsageError         2  wrong configuration or usage
│   ├── SettingError   2  one setting has a value that cannot work
│   └── ConfigError    2  all the problems of a configuration, together
├── DataError          3  the data broke its contract
└── ComponentError     4  a component or plugin is missing or broken
"""

from collections.abc import Sequence
from typing import ClassVar


class MesicError(Exception):
    """Base of all errors that a user can mend."""

    exit_status: ClassVar[int] = 1


def message_of(error: BaseException) -> str:
    """Return an error's message with the notes that it was given on its way.

    Examples
    --------
    >>> error = DataError("column 'age' is empty")
    >>> error.add_note("in fold 2 of 5")
    >>> message_of(error)
    "column 'age' is empty (in fold 2 of 5)"
    """
    return str(error) + "".join(f" ({note})" for note in getattr(error, "__notes__", ()))


class CheckFailed(MesicError):
    """A check or gate said no.

    Parameters
    ----------
    message
        What people read.
    problems
        Each by itself, for those who read ``--json``; by default the message.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = list(problems) or [message]
        super().__init__(message)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (str(self), self.problems)


class MemoryLimitReached(MesicError):
    """The run holds more memory than it may."""


class UsageError(MesicError, ValueError):
    """The configuration or the command is wrong."""

    exit_status = 2


class SettingError(UsageError):
    """A setting has a value that cannot work.

    Parameters
    ----------
    setting
        The name that the user typed.
    value
        The value seen.
    allowed
        What can be given instead, as the end of the sentence "give ...".

    Examples
    --------
    >>> str(SettingError("min_share", 7, "a share of rows from 0 to 1"))
    'min_share=7 cannot work: give a share of rows from 0 to 1'
    """

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        self.setting, self.value, self.allowed = setting, value, allowed
        super().__init__(f"{setting}={value!r} cannot work: give {allowed}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.setting, self.value, self.allowed)


class ConfigError(UsageError):
    """All the problems of a configuration, one a line.

    Examples
    --------
    >>> print(ConfigError(["no key 'sed'", "seed='x' is not a whole number"]))
    2 problems in the configuration:
      1. no key 'sed'
      2. seed='x' is not a whole number
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = [f"  {number}. {problem}" for number, problem in enumerate(self.problems, 1)]
        super().__init__("\n".join([f"{count} in the configuration:", *lines]))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.problems,)


class DataError(MesicError, ValueError):
    """The data broke its contract."""

    exit_status = 3


class ComponentError(MesicError, LookupError):
    """A component or plugin is missing or broken."""

    exit_status = 4
