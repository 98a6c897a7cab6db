"""What passes through the outbox: letters, parcels, results, terms. Not here: what is done with them (`outbox`)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["sent", "again", "limited", "refused"]


@dataclass(frozen=True)
class Letter:
    """One event for one channel; `event` is a document, `due` the earliest time to deliver (aware)."""

    dedupe_key: str
    channel: str
    order_key: str
    kind: str
    severity: str
    subject: str
    event: Mapping[str, Any]
    due: dt.datetime
    attempts: int = 0
    id: int = 0
    created_at: dt.datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True)
class Terms:
    """Limits of one channel: messages per `window`, length of a lease, attempts after which a letter is dead."""

    per_window: int = 20
    window: dt.timedelta = dt.timedelta(seconds=60)
    lease: dt.timedelta = dt.timedelta(seconds=120)
    attempts: int = 12
    expire: dt.timedelta = dt.timedelta(hours=72)


@dataclass(frozen=True)
class Parcel:
    """Letters that go out as one message. `batch` names the message: a repeat carries the same letters and name.

    `failures` counts those of the channel in a row before this one. A repeat stays what it is whatever becomes of it:
    the server may have taken it the first time.
    """

    channel: str
    batch: str
    token: str
    letters: tuple[Letter, ...]
    failures: int = 0
    is_repeat: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a parcel.

    Attributes
    ----------
    verdict : str
        `sent`; `again` after `next_try`; `limited` = refused for the rate, costs no attempt; `refused` for good.
    next_try : datetime
        When the letters are due again.
    resume : datetime or None
        Before this the channel is left alone.
    same_again : bool
        Nobody knows whether the server took it: repeat exactly this message. False lets the letters be packed anew.
    arrived_by : datetime
        The server cannot see the message after this.
    """

    verdict: Verdict
    detail: str
    next_try: dt.datetime
    arrived_by: dt.datetime
    resume: dt.datetime | None = None
    same_again: bool = False


@dataclass(frozen=True)
class Settled:
    """After settling: letters sent and dead; failures of the channel in a row before and now, and since when."""

    sent: int
    dead: int
    failures_before: int
    failures: int
    failing_since: dt.datetime | None
