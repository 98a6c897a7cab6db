"""The one error tree: typed, with fields; the sentence is built from the fields.

An error says what we were doing, what we saw, and what to do. `retryable` says whether the same call may succeed
later without anybody changing anything. Only `orchestration.failures` translates these into Dagster's terms.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

ReplyKind = Literal[
    "cut",
    "encoding",
    "html",
    "empty",
    "blocked",
    "wrong_date",
    "not_ours",
    "layout",
    "provider",
    "token",
    "points",
    "rate",
]


@dataclass
class PlatformError(Exception):
    """Base of every error that the platform raises on purpose.

    Attributes
    ----------
    doing, saw, remedy : str
        The three parts of the sentence, each without a closing full stop.
    """

    doing: str
    saw: str
    remedy: str

    retryable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__init__(self.doing, self.saw, self.remedy)

    def __str__(self) -> str:
        return f"{self.doing}: {self.saw}; {self.remedy}."


class ConfigError(PlatformError):
    """A configuration file is missing, unreadable or wrong."""


class CalendarEndError(PlatformError):
    """A date lies beyond the last session that the exchange calendar knows."""


class NotASessionError(PlatformError):
    """A date is no trading session of the exchange."""


class SourceError(PlatformError):
    """A source gave nothing that can be used, and asking again will not help."""


class SourceUnavailableError(SourceError):
    """A source could not be reached or was cut off; a later attempt may succeed."""

    retryable = True


@dataclass
class ReplyError(SourceError):
    """A source answered, but the answer as a whole cannot be used.

    Attributes
    ----------
    kind : str
        `cut` off, in another `encoding`, an `html` page, `empty`, `blocked`, of the `wrong_date`, `not_ours` (about
        something else), of an unknown `layout`, an error of the `provider`, or a refused `token`, `points` or `rate`.
    """

    kind: ReplyKind = "layout"


@dataclass
class PassingReplyError(ReplyError):
    """An answer that cannot be used, of a kind that passes: cut off, blocked, too many calls, not yet there."""

    retryable = True


class BadInputError(PlatformError):
    """Input data violate their declared shape, type or unit."""


class SchemaError(PlatformError):
    """A frame does not fit the declared schema of its table."""


class InsufficientDataError(PlatformError):
    """Too few observations to compute the number that was asked for."""


class StorageError(PlatformError):
    """The lake or the ops database could not be read or written."""


class StorageConflictError(StorageError):
    """Another writer won every attempt; the same write may succeed later."""

    retryable = True


class MissingTableError(StorageError):
    """A table that was asked for has never been written."""


class GateClosedError(PlatformError):
    """A fuse forbids what was asked for."""


class SignedFileError(GateClosedError):
    """A file that people have signed would be changed; the weekly chain leaves it as it is and goes on."""


class UnknownUnitError(PlatformError):
    """A factor, fuse, strategy or source name does not exist."""


class MissingExtraError(PlatformError):
    """An optional dependency is not installed."""
