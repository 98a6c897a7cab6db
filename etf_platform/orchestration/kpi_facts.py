"""Reads what the metrics of a strategy need: lake, ledger, calendars, configuration; computes nothing itself.

A day counts as made in time on recorded or simulated data when it was made at all, as its decision does; on a live
source a decision counts by the moment that it carries, and consistency and drift by the commit that first held them.
Not here: metrics (`kpi`), writing (`steps.kpi_values`).
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.strict import ScheduleConfig
from etf_platform.core.schema import Table
from etf_platform.core.units import event as kinds
from etf_platform.governance import alarms, experiments, releases
from etf_platform.governance.ledger import counted
from etf_platform.kpi import inputs
from etf_platform.kpi.facts import Facts, Rows, Settings
from etf_platform.kpi.metrics.deviations import DRIFT_OF_NAV
from etf_platform.kpi.values import Stamp
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.storage import events as ledger

if TYPE_CHECKING:
    from etf_platform.core.units.event import Event

SERIES = "rotation"


@dataclass(frozen=True)
class Gathering:
    """One gathering: which strategy, up to when, and the tables it is read through."""

    platform: Platform
    tables: StepTables
    strategy: str
    end: dt.date

    @property
    def parts(self) -> tuple[str, ...]:
        """Pools that the strategy is made of."""
        return tuple(self.platform.config.pools) if self.strategy == PORTFOLIO else (self.strategy,)

    def each(self, table: Table, columns: list[str]) -> dict[str, pd.DataFrame]:
        """Part -> rows up to the end; parts without the table are absent."""
        found = {part: self.tables.read_if_there(table, part, end=self.end) for part in self.parts}
        return {part: rows[columns] for part, rows in found.items() if rows is not None and len(rows)}

    def together(self, table: Table, columns: list[str]) -> pd.DataFrame | None:
        """Rows of all parts, with a column `part`."""
        found = [rows.assign(part=part) for part, rows in self.each(table, columns).items()]
        return pd.concat(found, ignore_index=True) if found else None


def facts_of(gathering: Gathering) -> Facts:
    """Everything on record about a strategy up to the end of the gathering."""
    platform = gathering.platform
    accounts = gathering.each(t.PAPER_ACCOUNT, ["date", "nav", "exposure"])
    calendars = {part: platform.sessions(part).index for part in accounts}
    account = inputs.account_rows(accounts, calendars)
    frames = {
        "account": account if accounts else None,
        "breaches": _breaches(gathering, account),
        "attribution": _attribution(gathering),
        "slippage": _slippage(gathering),
        "consistency": _deviations(gathering),
        "drift": gathering.together(t.DRIFT, ["date", "feature", "level"]),
        "runs": _runs(gathering),
        "failovers": _failovers(gathering),
        "trials": _trials(gathering),
        "alarms": _alarms(gathering),
    }
    rows = {name: Rows.of(frame) for name, frame in frames.items() if frame is not None}
    signals = _signals(gathering) if gathering.strategy == PORTFOLIO else None
    rows |= {"signals": Rows.of(signals, "evaluated_on")} if signals is not None else {}
    started = {part: held["date"].min() for part, held in accounts.items()}
    return Facts(gathering.strategy, rows, platform.sessions(gathering.strategy).index, settings_of(platform), started)


def settings_of(platform: Platform) -> Settings:
    """What the metrics need of the configuration."""
    risk = platform.config.risk
    return Settings(
        platform.config.governance,
        platform.config.etf_pools.costs.risk_free,
        round(1.0 - risk.governing_level, 12),
        risk.min_forecasts,
        risk.test_window,
    )


def stamp_of(gathering: Gathering, days: pd.DatetimeIndex) -> Stamp:
    """What every row says of where it comes from; to be taken after `facts_of`."""
    versions = json.dumps(dict(sorted(gathering.tables.versions().items())))
    return Stamp(
        gathering.platform.config.digest, versions, gathering.platform.source_label, _in_force(gathering, days)
    )


def _breaches(gathering: Gathering, account: pd.DataFrame) -> pd.DataFrame | None:
    found = [_judged(gathering, table) for table in (t.FORECASTS, t.EXCEPTIONS)]
    if all(rows is None for rows in found):
        return None
    forecasts, exceptions = (
        table.no_rows() if rows is None else rows
        for table, rows in zip((t.FORECASTS, t.EXCEPTIONS), found, strict=True)
    )
    return inputs.breach_rows(account, forecasts, exceptions)


def _judged(gathering: Gathering, table: Table) -> pd.DataFrame | None:
    """Rows of the strategy's own series, by the method and at the level that govern."""
    risk = gathering.platform.config.risk
    rows = gathering.tables.read_if_there(table, gathering.strategy, end=gathering.end)
    if rows is None:
        return None
    is_mine = (rows["series"] == SERIES) & (rows["method"] == risk.governing_method)
    return rows[is_mine & (rows["level"] == risk.governing_level)]


def _attribution(gathering: Gathering) -> pd.DataFrame | None:
    parts = []
    for part in gathering.parts:
        rows = gathering.tables.read_if_there(t.FILL_ATTRIBUTION, part)
        known = None if rows is None else rows[rows["date"] <= pd.Timestamp(gathering.end)]
        if known is not None and len(known):
            parts.append(inputs.attribution_rows(known, part, _idle(gathering, part, known["date"].min())))
    return pd.concat(parts, ignore_index=True) if parts else None


def _idle(gathering: Gathering, part: str, first: pd.Timestamp) -> pd.DatetimeIndex:
    """Sessions since the first attributed one at whose close the back-test held nothing."""
    equity = gathering.tables.read_if_there(t.EQUITY, part, end=gathering.end)
    if equity is None:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    return pd.DatetimeIndex(equity.loc[(equity["n_positions"] == 0) & (equity["date"] >= first), "date"])


def _slippage(gathering: Gathering) -> pd.DataFrame | None:
    costs, parts = gathering.platform.config.etf_pools.costs, []
    for part, fills in gathering.each(t.PAPER_FILLS, list(t.PAPER_FILLS.key) + _OF_FILLS).items():
        days = fills["date"]
        bars = gathering.tables.read(
            t.BARS, part, start=days.min().date(), end=gathering.end, columns=["date", "symbol", "open"]
        )
        parts.append(inputs.slippage_rows(fills, bars, costs.slippage, costs.commission))
    return pd.concat(parts, ignore_index=True) if parts else None


_OF_FILLS = ["symbol", "side", "shares", "price", "value", "cost", "origin"]


def _deviations(gathering: Gathering) -> pd.DataFrame | None:
    rows = gathering.together(t.CONSISTENCY, ["date", "measure", "value"])
    return None if rows is None else rows[rows["measure"] == DRIFT_OF_NAV].reset_index(drop=True)


def _runs(gathering: Gathering) -> pd.DataFrame | None:
    """What was owed of every session: a decision, the comparison, the look for drift."""
    parts = []
    for part in gathering.parts:
        made = _made(gathering, part)
        if any(made.values()):
            sessions = gathering.platform.sessions(part).index
            parts.append(inputs.run_rows(made, part, sessions, pd.Timestamp(gathering.end)))
    return pd.concat(parts, ignore_index=True) if parts else None


def _made(gathering: Gathering, part: str) -> dict[str, dict[pd.Timestamp, bool]]:
    """Duty -> session -> whether it was made in time, from the first decision of the account on."""
    platform = gathering.platform
    found: dict[str, dict[pd.Timestamp, bool]] = {}
    decided = gathering.tables.read_if_there(t.PAPER_DECISIONS, part, end=gathering.end)
    if decided is not None and len(decided):
        moments = decided.groupby("date")["decided_at"].min()
        days = [pd.Timestamp(day) for day in moments.index]
        limits = [decision_deadline(platform, day) for day in days]
        found["decision"] = {d: bool(at <= limit) for d, at, limit in zip(days, moments, limits, strict=True)}
    if "decision" not in found:
        return {}
    first = min(found["decision"]).date()
    for duty, table in (("consistency", t.CONSISTENCY), ("drift", t.DRIFT)):
        rows = gathering.tables.read_if_there(table, part, end=gathering.end, start=first)
        found[duty] = {} if rows is None else {pd.Timestamp(day): True for day in rows["date"].unique()}
        if platform.source.kind == "live" and found[duty]:
            found[duty] |= in_time(platform, table, part, found[duty])
    return found


def decision_deadline(platform: Platform, day: pd.Timestamp) -> pd.Timestamp:
    """When the decision of a session must be on record."""
    return _after(platform, day, platform.config.platform.schedule)


def operations_deadline(platform: Platform, pool: str, day: pd.Timestamp) -> pd.Timestamp:
    """When the operations of a session must be done: the next session, at their hour and the grace."""
    return _after(platform, platform.sessions(pool).next(day), platform.config.governance.daily)


def _after(platform: Platform, day: pd.Timestamp, at: ScheduleConfig) -> pd.Timestamp:
    moment = dt.datetime.combine(day.date(), dt.time(at.hour, at.minute), ZoneInfo(at.timezone))
    grace = dt.timedelta(minutes=platform.config.alerts.sensors.grace_minutes)
    return pd.Timestamp(moment + grace).tz_convert("UTC")


def in_time(platform: Platform, table: Table, pool: str, days: Mapping[pd.Timestamp, bool]) -> dict[pd.Timestamp, bool]:
    """Session -> whether a commit between its close and its deadline stands in the table's log.

    A commit does not say which session it is about. One inside the session's own time must be, for a run of another
    session would have to be late itself.
    """
    commits = [pd.Timestamp(each["timestamp"], unit="ms", tz="UTC") for each in platform.lake.versions(table, pool)]
    return {day: any(_closes(day) < at <= operations_deadline(platform, pool, day) for at in commits) for day in days}


def _closes(day: pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp(day.date(), tz=ZoneInfo("Asia/Shanghai")) + pd.Timedelta(hours=15)


def _failovers(gathering: Gathering) -> pd.DataFrame:
    from etf_platform.storage.source_states import source_events

    platform = gathering.platform
    exchanges = {platform.exchange(part) for part in gathering.parts}
    rows = [row for row in source_events(platform.ops, limit=100_000) if row["topic"].rpartition("/")[2] in exchanges]
    days = [
        row["recorded_at"].astimezone(ZoneInfo("Asia/Shanghai")).date() for row in rows if row["kind"] == "switched"
    ]
    return pd.DataFrame({"date": pd.to_datetime(pd.Series(days, dtype="object")).astype("datetime64[ns]")})


def _trials(gathering: Gathering) -> pd.DataFrame | None:
    """Trials on record after every day that added one: date, n, variance of their annual ratios."""
    known = experiments.registry(gathering.platform.config.governance, gathering.platform.ops)
    dated = {name: each for name, each in known.items() if each.created_at is not None}
    names = [f"rotation:{part}" for part in gathering.parts]
    days = sorted({_day_of(each.created_at) for each in dated.values() if each.plan.strategy_id in names})
    rows = []
    for day in days:
        then = [each for each in dated.values() if _day_of(each.created_at) <= day]
        found = [experiments.spread_of_trials(then, name) for name in names]
        n = sum(each for each, _ in found)
        rows.append((day, n, sum(count * variance for count, variance in found) / max(n, 1)))
    frame = pd.DataFrame(rows, columns=["date", "n", "variance"])
    return frame.astype({"date": "datetime64[ns]"}) if rows else None


def _alarms(gathering: Gathering) -> pd.DataFrame | None:
    """Alarms that people closed: date, is_false."""
    platform, wanted = gathering.platform, (*gathering.parts, gathering.strategy)
    known = ledger.events(platform.ops, {*alarms.RAISED, kinds.ALARM_CLOSED}, until=gathering.end)
    closed = [each for each in alarms.alarms(counted(platform.config.governance, known)) if each.closed_on is not None]
    rows = [(each.closed_on, each.reason == alarms.NO_ACTION) for each in closed if each.strategy in wanted]
    frame = pd.DataFrame(rows, columns=["date", "is_false"])
    return frame.astype({"date": "datetime64[ns]", "is_false": bool}) if rows else None


def _signals(gathering: Gathering) -> pd.DataFrame | None:
    """Signals of the tracker with what each predicted itself and what happened."""
    from etf_platform.storage import tracker

    rows = gathering.tables.read_if_there(t.SIGNAL_OUTCOMES, gathering.platform.config.arbitrage.stocks)
    if rows is None or rows.empty:
        return None
    return inputs.signal_rows(rows, tracker.signals(gathering.platform.ops, limit=None))


def _in_force(gathering: Gathering, days: pd.DatetimeIndex) -> dict[pd.Timestamp, str]:
    """Session -> experiments of the releases that were in force when it opened, one per part, in their order."""
    platform = gathering.platform
    known = ledger.events(platform.ops, releases.KINDS)
    return {day: ", ".join(_experiments(gathering, known, day)) for day in days} if known else {}


def _experiments(gathering: Gathering, known: "list[Event]", day: pd.Timestamp) -> list[str]:
    before = gathering.platform.sessions(gathering.strategy).previous(day)
    then = [event for event in known if _dated(event) <= before]
    found = [releases.fold(then, gathering.platform.config.governance, part) for part in gathering.parts]
    ids = [state.by_id[state.in_force[0]].experiment_id for state in found if state.in_force]
    return list(dict.fromkeys(ids))


def _dated(event: "Event") -> pd.Timestamp:
    """Session that an event is about; without one the day of its recording."""
    if event.as_of is not None:
        return pd.Timestamp(event.as_of)
    return _day_of(event.recorded_at)


def _day_of(moment: dt.datetime | None) -> pd.Timestamp:
    at = moment or dt.datetime.max.replace(tzinfo=dt.UTC)
    return pd.Timestamp(at.astimezone(ZoneInfo("Asia/Shanghai")).date())
