"""Delivers what is due: claim, send, settle, until nothing is due or the budget is used. Several processes may do it.

A message is sent exactly once where the service can tell repeats (files by name, mailboxes by Message-ID); on others a
process that is killed between the service's answer and our record makes it arrive twice, as the same message.
"""

import dataclasses
import datetime as dt
import random
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from etf_platform.alerts import wording
from etf_platform.alerts.channel import Line, Receipt, ready_names
from etf_platform.alerts.events import Event, Kind
from etf_platform.alerts.layout import Paper, fitting, message_of
from etf_platform.alerts.post import Desk, letters_of, mask_event, post
from etf_platform.alerts.routing import channels_for
from etf_platform.core.config.alerts import ChannelConfig, RetryConfig
from etf_platform.storage.letters import Letter, Parcel, Result, Settled, Terms, Verdict
from etf_platform.storage.outbox import bury_stranded, claim, enqueue, settle, transaction, unheard

Clock = Callable[[], dt.datetime]
MINUTE = dt.timedelta(seconds=60)


def utc_now() -> dt.datetime:
    """Now, aware."""
    return dt.datetime.now(dt.UTC)


@dataclasses.dataclass(frozen=True)
class Budget:
    """How long one call may go on, and how many messages it may send (None: as many as are due).

    `minute` is the span that rate limits and digests are counted over; only drills shorten it.
    """

    seconds: float = 20.0
    messages: int | None = None
    minute: dt.timedelta = MINUTE


@dataclasses.dataclass
class DispatchReport:
    """What one call did. `letters` counts events delivered, `messages` attempts; `errors` is the last of each line."""

    messages: int = 0
    letters: int = 0
    failed: int = 0
    limited: int = 0
    dead: int = 0
    errors: dict[str, str] = dataclasses.field(default_factory=dict)


def dispatch(
    engine: sa.Engine, lines: Sequence[Line], desk: Desk, clock: Clock = utc_now, budget: Budget | None = None
) -> DispatchReport:
    """Deliver due letters on every line in turn.

    Never sleeps: what waits for a retry, a rate limit or the end of the quiet hours is left to a later call.

    Raises
    ------
    StorageError
        The ops database fails; what was claimed comes back when its lease ends.
    """
    budget = budget or Budget()
    report = DispatchReport()
    end = time.monotonic() + budget.seconds
    _tidy(engine, lines, desk, clock())
    busy = list(lines)
    while busy:
        for line in list(busy):
            if time.monotonic() >= end or report.messages == budget.messages:
                return report
            if not _deliver_next(engine, line, desk, clock, budget.minute, report):
                busy.remove(line)
    return report


def backoff(attempts: int, first: float, longest: float, jitter: float) -> dt.timedelta:
    """Wait after so many failed attempts (1 = the first): doubling from `first`, moved by up to the share `jitter`."""
    seconds = min(longest, first * 2.0 ** min(attempts - 1, 30))
    return dt.timedelta(seconds=seconds * (1.0 + jitter * random.uniform(-1.0, 1.0)))


def result_of(
    receipt: Receipt, parcel: Parcel, settings: ChannelConfig, retry: RetryConfig, now: dt.datetime
) -> Result:
    """What a receipt means for the letters and for the channel."""
    if receipt.ok:
        return Result("sent", receipt.detail, now, now)
    if receipt.rate_limited:
        resume = now + dt.timedelta(seconds=settings.rate_limit_pause_seconds)
        return Result("limited", receipt.detail, now, now, resume)
    attempts = 1 + max(letter.attempts for letter in parcel.letters)
    next_try = now + backoff(attempts, retry.first_seconds, retry.longest_seconds, retry.jitter)
    pause = backoff(parcel.failures + 1, retry.pause_seconds, retry.longest_pause_seconds, retry.jitter)
    seen = now + dt.timedelta(seconds=settings.timeout_seconds if receipt.uncertain else 0.0)
    verdict: Verdict = "again" if receipt.retryable else "refused"
    return Result(verdict, receipt.detail, next_try, seen, now + pause, receipt.uncertain)


def terms_of(settings: ChannelConfig, retry: RetryConfig, minute: dt.timedelta = MINUTE) -> Terms:
    """Limits of one channel as the outbox wants them."""
    lease, expire = dt.timedelta(seconds=retry.lease_seconds), dt.timedelta(hours=retry.expire_hours)
    return Terms(settings.per_minute, minute, lease, retry.attempts, expire)


def _deliver_next(
    engine: sa.Engine, line: Line, desk: Desk, clock: Clock, minute: dt.timedelta, report: DispatchReport
) -> bool:
    """Send the next message of a line; False when there is none now."""
    settings, retry = line.outlet.config, desk.config.retry
    paper = Paper(line.channel.most_bytes(line.outlet), desk.config.timezone, desk.config.link)
    terms = terms_of(settings, retry, minute)
    with transaction(engine) as connection:
        parcel = claim(connection, line.name, terms, clock(), _picker(settings.digest_above, paper))
    if parcel is None:
        return False
    receipt = line.deliver(message_of(_events(parcel.letters), parcel.batch, paper))
    receipt = dataclasses.replace(receipt, detail=desk.secrets.mask(receipt.detail))
    with transaction(engine) as connection:
        now = clock()
        settled = settle(connection, parcel, result_of(receipt, parcel, settings, retry, now), terms, now)
        _tell_of_channel(connection, line, desk, settled, receipt.detail, now)
        _escalate(connection, desk, now)
    _count(report, line.name, receipt, settled)
    return True


def _picker(digest_above: int, paper: Paper) -> Callable[[Sequence[Letter], int], int]:
    """One letter at a time, or one digest of all when they are too many for a minute."""

    def pick(letters: Sequence[Letter], recent: int) -> int:
        return fitting(_events(letters), paper) if recent + len(letters) > digest_above else 1

    return pick


def _events(letters: Sequence[Letter]) -> list[Event]:
    return [Event.from_dict(letter.event) for letter in letters]


def _tell_of_channel(
    connection: sa.Connection, line: Line, desk: Desk, settled: Settled, detail: str, now: dt.datetime
) -> None:
    """A channel that stopped delivering, or delivers again, is told on the others."""
    limit, since = desk.config.escalation.after_attempts, settled.failing_since
    if since is None:
        return
    if settled.failures_before < limit <= settled.failures:
        event = wording.channel_down(line.name, settled.failures, since, detail, now)
    elif settled.failures == 0 and settled.failures_before >= limit:
        event = wording.channel_recovered(line.name, since, now)
    else:
        return
    others = [name for name in channels_for(event, desk.config, desk.ready) if name != line.name]
    enqueue(connection, letters_of(event, desk, now, others or desk.config.escalation.channels), now)


def _escalate(connection: sa.Connection, desk: Desk, now: dt.datetime) -> None:
    """Events that no channel takes go where the escalation goes, once."""
    lost = [x for x in unheard(connection, desk.config.escalation.after_attempts) if x.kind != Kind.UNDELIVERED]
    events = [wording.undelivered(Event.from_dict(x.event), x.channel, x.last_error or "", now) for x in lost]
    if events:
        post(connection, [mask_event(event, desk.secrets) for event in events], desk, now)


def _tidy(engine: sa.Engine, lines: Sequence[Line], desk: Desk, now: dt.datetime) -> None:
    with transaction(engine) as connection:
        bury_stranded(connection, ready_names(lines), now - dt.timedelta(hours=desk.config.retry.expire_hours))
        _escalate(connection, desk, now)


def _count(report: DispatchReport, name: str, receipt: Receipt, settled: Settled) -> None:
    report.messages += 1
    report.letters += settled.sent
    report.dead += settled.dead
    report.limited += receipt.rate_limited
    report.failed += not receipt.ok and not receipt.rate_limited
    if not receipt.ok:
        report.errors[name] = receipt.detail
