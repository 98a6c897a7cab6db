"""The running account on stored tables: decide at the close, fill what was decided the session before, record for ever.

A day is written once: its decisions, then its fills, then its account row, which closes it; a run that was cut goes on
where it stopped. Whoever runs a recorded day again writes nothing; a decision that would come out otherwise now is an
event, never another row. Not here: arithmetic (`paper`), comparison with the back-test (`steps.consistency`).
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance.ledger import by_system
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.paper_authority import standing_of
from etf_platform.orchestration.steps.paper_releases import Day, record_shadows, shadows_again, terms_of
from etf_platform.orchestration.steps.paper_shown import multipliers, recent
from etf_platform.orchestration.steps.strategies import with_limit_rates
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.paper.account import Session, Stepped, state_of, step
from etf_platform.paper.decisions import Authority, Known, Provenance, changes_hands, decide, differences, last_decision
from etf_platform.paper.shadows import mixed
from etf_platform.paper.terms import State

Moment = Callable[[Platform, str, dt.date], dt.datetime | None]


def write_account(platform: Platform, pool: str, window: Window) -> Outcome:
    """Carry the account up to the window's end; recorded days are compared, never written again."""
    return carry(platform, pool, window, moment_of)


def carry(platform: Platform, pool: str, window: Window, moment: Moment) -> Outcome:
    """As `write_account`, with the clock as an argument.

    Parameters
    ----------
    moment : callable of (platform, pool, session) to datetime or None
        When the session's decision is made; None when it is too late for one: the day is missed, and stays so.

    Raises
    ------
    BadInputError
        The window has no end, or lies before the account.
    """
    if window.end is None:
        raise BadInputError(f"running the account of {pool}", "no session is named", "run a partition")
    tables = StepTables(platform, window)
    found: list[_Day] = []
    account = tables.read_if_there(t.PAPER_ACCOUNT, pool)
    last = account["date"].max() if account is not None and len(account) else None
    sessions = platform.sessions(pool)
    first = sessions.next(last).date() if last is not None else _start(platform, window)
    for day in sessions.between(first, window.end) if first <= window.end else ():
        found.append(_record(platform, pool, tables, day, moment))
    differing = _compare(platform, pool, tables, window, last)
    shown = recent(account, [day.stepped.row for day in found])
    return tables.outcome(facts=_facts(found, differing), frames={"last sessions": shown})


def moment_of(platform: Platform, pool: str, session: dt.date) -> dt.datetime | None:
    """Now, until the next session opens, on a live source; on recorded or simulated data the hour of the schedule.

    On a live source nothing is decided once the next session has opened: that decision could not have been traded.
    """
    return decided_at(platform, pool, session, dt.datetime.now(dt.UTC))


def decided_at(platform: Platform, pool: str, session: dt.date, now: dt.datetime) -> dt.datetime | None:
    """See `moment_of`; `now` is aware."""
    if platform.source.kind != "live":
        return scheduled(platform, session)
    members = platform.config.etf_pools.pools.members[pool]
    opens = dt.time.fromisoformat(members.trading_hours[0][0])
    following = platform.sessions(pool).next(session).date()
    return now if now < dt.datetime.combine(following, opens, ZoneInfo(members.timezone)) else None


def scheduled(platform: Platform, session: dt.date) -> dt.datetime:
    """When `daily` is due on a session: the deterministic moment of its decisions in a replay, UTC."""
    schedule = platform.config.platform.schedule
    at = dt.time(schedule.hour, schedule.minute)
    return dt.datetime.combine(session, at, ZoneInfo(schedule.timezone)).astimezone(dt.UTC)


@dataclass(frozen=True)
class _By:
    """Authority of a decision, its moment (None: too late for one), and the shadows whose targets it mixes."""

    authority: Authority
    at: dt.datetime | None
    shadows: pd.DataFrame


@dataclass(frozen=True)
class _Day:
    stepped: Stepped
    decisions: pd.DataFrame | None
    authority: Authority


def _start(platform: Platform, window: Window) -> dt.date:
    configured = platform.config.governance.account.start
    assert window.end is not None
    return dt.date.fromisoformat(configured) if configured else window.start or window.end


def _record(platform: Platform, pool: str, tables: StepTables, day: pd.Timestamp, moment: Moment) -> _Day:
    before = platform.sessions(pool).previous(day)
    account = tables.read_if_there(t.PAPER_ACCOUNT, pool, start=before.date(), end=before.date())
    is_first = account is None or account.empty
    standing = standing_of(platform, pool, day.date())
    authority, at = standing.authority, _moment(platform, pool, tables, day, moment)
    shadows = record_shadows(platform, pool, tables, Day(before, day, at is not None), standing.shares)
    decisions = _decided(platform, pool, tables, day, _By(authority, at, shadows), is_first)
    stepped = _stepped(platform, pool, tables, (before, day), account, authority)
    if len(stepped.fills):
        tables.write(t.PAPER_FILLS, pool, stepped.fills, day.date(), day.date())
    tables.write(t.PAPER_ACCOUNT, pool, stepped.row, day.date(), day.date())
    return _Day(stepped, decisions, authority)


def _moment(platform: Platform, pool: str, tables: StepTables, day: pd.Timestamp, moment: Moment) -> dt.datetime | None:
    """When the day's decision is made; that of a run that was cut, where it made one."""
    stored = _rows(tables, t.PAPER_DECISIONS, pool, day)
    found: dt.datetime | None = (
        stored["decided_at"].iloc[0].to_pydatetime() if len(stored) else moment(platform, pool, day.date())
    )
    return found


def _decided(
    platform: Platform,
    pool: str,
    tables: StepTables,
    day: pd.Timestamp,
    by: _By,
    is_first: bool,
) -> pd.DataFrame | None:
    stored = _rows(tables, t.PAPER_DECISIONS, pool, day)
    if len(stored) or by.at is None:
        return stored if len(stored) else None
    rows = _decision(platform, pool, tables, day, by, is_first)
    tables.write(t.PAPER_DECISIONS, pool, rows, day.date(), day.date())
    return rows


def _decision(
    platform: Platform,
    pool: str,
    tables: StepTables,
    day: pd.Timestamp,
    by: _By,
    is_first: bool,
) -> pd.DataFrame:
    at = day.date()
    assert by.at is not None
    targets, bars = (tables.read(table, pool, start=at, end=at) for table in (t.TARGETS, t.BARS))
    columns = list(dict.fromkeys(factor.column for factor in scored_factors(platform, pool, tables)))
    panel = tables.read(t.PANEL, pool, start=at, end=at, columns=["date", "symbol", *columns])
    features = panel.set_index("symbol")[columns]
    closes = tables.read(t.BARS, pool, end=at, columns=["date", "symbol", "close"]).groupby("symbol")["close"].last()
    if len(by.shadows):
        mix = mixed(by.shadows)
        in_force = pd.Series(mix.weights, dtype="float64")
        aimed = targets["symbol"].map(in_force).fillna(0.0).astype("float64")
        targets = targets.assign(target_weight=aimed, is_decision=mix.is_decision)
    else:
        in_force = _in_force(tables, pool, day, is_first or _had_shadows(platform, pool, tables, day))
    facts = Provenance(tables.versions(), platform.config.digest, code_commit(), by.at)
    return decide(Known(targets, closes, bars, features), in_force, by.authority, facts, is_first)


def _in_force(tables: StepTables, pool: str, day: pd.Timestamp, is_first: bool) -> pd.Series:
    """Weights of the strategy's last decision: as recorded, or as stored for an account that starts."""
    if is_first:
        return last_decision(tables.read(t.TARGETS, pool, end=day.date()))
    return _last_before(tables, pool, day).set_index("symbol")["target"].astype("float64")


def _had_shadows(platform: Platform, pool: str, tables: StepTables, day: pd.Timestamp) -> bool:
    """Whether the last decision on record may be a mix: after a rollback to cash nothing of it is kept."""
    return len(_rows(tables, t.PAPER_RELEASES, pool, platform.sessions(pool).previous(day))) > 0


def _last_before(tables: StepTables, pool: str, day: pd.Timestamp) -> pd.DataFrame:
    """The last decision on record before a session; no rows before the first one."""
    end = (day - pd.Timedelta(days=1)).date()
    for start in (end - dt.timedelta(days=30), None):
        rows = tables.read_if_there(t.PAPER_DECISIONS, pool, start=start, end=end)
        if rows is not None and len(rows):
            return rows[rows["date"] == rows["date"].max()]
    return t.PAPER_DECISIONS.no_rows()


def _stepped(
    platform: Platform,
    pool: str,
    tables: StepTables,
    days: tuple[pd.Timestamp, pd.Timestamp],
    account: pd.DataFrame | None,
    authority: Authority,
) -> Stepped:
    before, day = days
    bars = with_limit_rates(platform.config, tables.read(t.BARS, pool, start=day.date(), end=day.date()))
    given = _rows(tables, t.PAPER_FILLS, pool, day)
    source = str(bars["source"].iloc[0]) if len(bars) else platform.source_label
    session = Session(day, bars, authority.multiplier, source, given if len(given) else None)
    if account is None or account.empty:
        return step(State(platform.config.governance.account.capital), None, session, terms_of(platform, pool))
    state = state_of(account.iloc[0], _rows(tables, t.PAPER_FILLS, pool, before))
    return step(state, _due(platform, pool, tables, before), session, terms_of(platform, pool))


def _due(platform: Platform, pool: str, tables: StepTables, before: pd.Timestamp) -> pd.DataFrame | None:
    """The decision that fills now; None on a day after one that kept everything, or that was missed."""
    rows = _rows(tables, t.PAPER_DECISIONS, pool, before)
    if rows.empty:
        return None
    previous = _last_before(tables, pool, before)
    return rows if changes_hands(rows, previous if len(previous) else None) else None


def _compare(platform: Platform, pool: str, tables: StepTables, window: Window, last: pd.Timestamp | None) -> list[str]:
    """Recorded sessions of the window whose decision would be another one now; each is put into the ledger."""
    from etf_platform.storage.events import append
    from etf_platform.storage.outbox import transaction

    if last is None or window.start is None:
        return []
    assert window.end is not None
    end = min(window.end, last.date())
    days = platform.sessions(pool).between(window.start, end) if window.start <= end else ()
    events = [event for day in days if (event := _difference(platform, pool, tables, day)) is not None]
    if events:
        with transaction(platform.ops) as connection:
            append(connection, events)
    return [str(event.as_of) for event in events]


def _difference(platform: Platform, pool: str, tables: StepTables, day: pd.Timestamp) -> Event | None:
    stored = _rows(tables, t.PAPER_DECISIONS, pool, day)
    if stored.empty:
        return None
    first = tables.read(t.PAPER_ACCOUNT, pool, columns=["date"])["date"].min()
    at = stored["decided_at"].iloc[0].to_pydatetime()
    by = _By(_as_recorded(tables, pool, stored, day), at, shadows_again(platform, pool, tables, day))
    again = _decision(platform, pool, tables, day, by, day == first)
    found = differences(stored, again)
    if not found:
        return None
    payload = {"pool": pool, "config": platform.config.digest, "recorded_config": str(stored["config"].iloc[0])}
    key = f"{kinds.DECISION_DIFFERS}/{pool}/{day:%Y-%m-%d}/{_digest(found)}"
    return Event(key, kinds.DECISION_DIFFERS, pool, by_system("paper"), payload | {"funds": found}, day.date())


def _as_recorded(tables: StepTables, pool: str, stored: pd.DataFrame, day: pd.Timestamp) -> Authority:
    """The authority of a recorded day: releases and the breaker are a matter of record, not of later data."""
    row = _rows(tables, t.PAPER_ACCOUNT, pool, day)
    return Authority(str(stored["release_id"].iloc[0]), float(row["exposure"].iloc[0]) if len(row) else 1.0)


def _digest(found: object) -> str:
    import hashlib

    return hashlib.sha256(kinds.canonical(found).encode()).hexdigest()[:12]


def _rows(tables: StepTables, table: t.Table, pool: str, day: pd.Timestamp) -> pd.DataFrame:
    rows = tables.read_if_there(table, pool, start=day.date(), end=day.date())
    return table.no_rows() if rows is None else rows


def _facts(days: list[_Day], differing: list[str]) -> dict[str, object]:
    missed = [f"{d.stepped.row['date'].iloc[0]:%Y-%m-%d}" for d in days if d.decisions is None]
    facts: dict[str, object] = {
        "sessions recorded": len(days),
        "decisions missed": ", ".join(missed) or "none",
        "decisions that would differ now": ", ".join(differing) or "none",
    }
    if days:
        row, fills = days[-1].stepped.row.iloc[0], pd.concat([day.stepped.fills for day in days])
        facts |= {
            "nav": round(float(row["nav"]), 2),
            "release": days[-1].authority.label,
            "exposure": float(row["exposure"]),
            "exposure is the product of": multipliers(days[-1].authority),
            "orders": fills["status"].value_counts().to_dict(),
            "imported fills": int((fills["origin"] != "modelled").sum()),
        }
    return facts
