"""Bars of all stocks to limit states, to what boards earn; and outcomes of the signals that the monitor gave."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from etf_platform.arbitrage.board_returns import carried_on
from etf_platform.arbitrage.boards import board_counts
from etf_platform.arbitrage.expectation import all_expectations
from etf_platform.arbitrage.outcomes import hit_rate, outcomes
from etf_platform.arbitrage.states import last_rows, states_of_bars
from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.core.schema import Table
from etf_platform.market.limits import stock_limits
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps import stocks
from etf_platform.orchestration.steps.tables import StepTables

BAR_COLUMNS = ("date", "symbol", "open", "high", "low", "close", "prev_close", "volume", "amount", "source")
STATE_COLUMNS = (
    *("date", "symbol", "board", "rate", "at_limit", "touched", "boards_in_row", "seal_amount", "float_cap"),
    *("first_seal", "source"),
)
LAST_COLUMNS = ("date", "symbol", "at_limit", "boards_in_row")
SHOWN = ["date", "board", "stocks", "at_limit", "opened", "seal_rate", "longest_row", "unknown", "no_limit"]


def load_stock_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """As `stocks.load_stock_bars`, of everything since `history_start` when nothing is stored, and of missed days.

    A live source gives one session at a time: five years of 5,000 stocks by the wire are loaded by hand, as a range.
    """
    return stocks.load_stock_bars(platform, universe, _caught_up(platform, universe, window))


def load_fund_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """As `stocks.load_fund_bars`, of everything since `history_start` when nothing is stored, and of missed days."""
    return stocks.load_fund_bars(platform, universe, _caught_up(platform, universe, window, is_small=True))


def write_states(platform: Platform, universe: str, window: Window) -> Outcome:
    """Limit states of every stock on the window's days and on those missed before; everything when nothing is stored.

    Written year by year, for all years at once would need gigabytes; a run that was stopped goes on where it ended.
    """
    tables = StepTables(platform, window)
    first = tables.first_day(t.LIMIT_STATES, universe, window)
    before = _last_states(tables, universe, first)
    counted: list[pd.DataFrame] = []
    for start, end in _years(platform, universe, first, window.end):
        bars = tables.read(t.BARS, universe, start=start, end=end, columns=BAR_COLUMNS)
        if bars.empty:
            continue
        states = _states(platform, tables, universe, bars, before)
        before = last_rows(pd.concat([before, states[list(LAST_COLUMNS)]]) if before is not None else states)
        counts = board_counts(states)
        tables.write(t.LIMIT_STATES, universe, states, start, end)
        tables.write(t.BOARD_COUNTS, universe, counts, start, end)
        counted.append(counts)
    made = pd.concat(counted, ignore_index=True) if counted else pd.DataFrame(columns=SHOWN)
    last = made[made["date"] == made["date"].max()]
    return tables.outcome(
        facts={"sessions": int(made["date"].nunique()), "limit-ups": int(_of_all(made)["at_limit"].sum())},
        frames={"last session": last[SHOWN]},
    )


def write_expectations(platform: Platform, universe: str, window: Window) -> Outcome:
    """What boards earned, as far as it is known, and from that what a board may be expected to earn on each day."""
    tables = StepTables(platform, window)
    first = tables.first_day(t.EXPECTATIONS, universe, window)
    returns, days = _board_returns(platform, tables, universe, first, window)
    tables.write(t.BOARD_RETURNS, universe, returns)
    due = days[(days >= pd.Timestamp(first or date.min))] if first else days
    weight = platform.config.arbitrage.economics.shrinkage_events
    rows = all_expectations(returns, due, weight)
    tables.write_days(t.EXPECTATIONS, universe, rows, window)
    last = rows[rows["date"] == rows["date"].max()]
    shown = last[(last["seal_bucket"] == "all") & (last["time_bucket"] == "all")]
    return tables.outcome(
        facts={"boards": len(returns), "waiting for an outcome": int(returns["known_on"].isna().sum())},
        frames={"expected extra return to the next open": shown.drop(columns=["date", "source"])},
    )


def write_outcomes(platform: Platform, universe: str, window: Window) -> Outcome:
    """What the fund of every signal of the monitor did in the next session; into the lake, and to the signals."""
    from etf_platform.storage import tracker

    tables = StepTables(platform, window)
    given = _signals(tracker.signals(platform.ops, limit=None))
    bars = tables.read(t.BARS, platform.config.arbitrage.funds) if len(given) else pd.DataFrame()
    made = outcomes(given, bars) if len(given) else pd.DataFrame(columns=[c.name for c in t.SIGNAL_OUTCOMES.columns])
    if len(made):
        tables.write(t.SIGNAL_OUTCOMES, universe, made)
        told = made.assign(evaluated_on=made["evaluated_on"].dt.strftime("%Y-%m-%d")).set_index("signal_id")
        kept = told[["entry", "evaluated_on", "next_open", "next_close", "best", "worst"]]
        tracker.set_outcomes(platform.ops, kept.to_dict("index"), datetime.now(UTC))  # type: ignore[arg-type]
    rate = hit_rate(made)
    return tables.outcome(
        facts={"signals": len(given), "with an outcome": rate.n, "gained by the next open": rate.wins}
        | ({"hit rate": f"{rate.rate:.1%} ({rate.low:.1%} to {rate.high:.1%})"} if rate.n else {})
    )


def special_treatment(platform: Platform) -> pd.DataFrame | None:
    """Periods of special treatment: `symbol`, `start`, `end` (null is still running); None where nobody says.

    Raises
    ------
    BadInputError
        The configured file is absent, no CSV, or lacks one of these columns.
    """
    relative = platform.config.arbitrage.recorded.special_treatment
    if relative is None or platform.source.kind != "local" or platform.workspace.data is None:
        return None
    path = platform.workspace.data / relative
    try:
        rows = pd.read_csv(path, dtype=str)[["symbol", "start", "end"]]
        return rows.assign(start=pd.to_datetime(rows["start"]), end=pd.to_datetime(rows["end"]))
    except (OSError, ValueError, KeyError) as error:
        saw = str(error).splitlines()[0]
        raise BadInputError(f"reading {path}", saw, "write a CSV with the columns symbol, start, end") from error


def _caught_up(platform: Platform, universe: str, window: Window, is_small: bool = False) -> Window:
    """The window from the first day on that is not stored."""
    if window.start is None or (platform.source.kind == "live" and not is_small):
        return window
    start = date.fromisoformat(platform.config.arbitrage.history_start)
    if platform.lake.exists(t.BARS, universe):
        last = platform.lake.read(t.BARS, universe, columns=["date"])["date"].max()
        start = start if last != last else last.date() + timedelta(days=1)
    return replace(window, start=min(window.start, start))


def _years(platform: Platform, universe: str, first: date | None, last: date | None) -> Iterator[tuple[date, date]]:
    """[first, last] in calendar years; open ends are those of the stored bars."""
    days = platform.lake.read(t.BARS, universe, columns=["date"])["date"]
    if days.empty:
        return
    start, end = first or days.min().date(), last or days.max().date()
    for year in range(start.year, end.year + 1):
        yield max(start, date(year, 1, 1)), min(end, date(year, 12, 31))


def _states(
    platform: Platform, tables: StepTables, universe: str, bars: pd.DataFrame, before: pd.DataFrame | None
) -> pd.DataFrame:
    listed = tables.read_if_there(t.STOCK_LIST, universe)
    if listed is None:
        listed = pd.DataFrame({"symbol": pd.Series(dtype="str"), "list_date": pd.Series(dtype="datetime64[ns]")})
    sessions = platform.sessions(universe).index
    limits = stock_limits(
        bars, listed, special_treatment(platform), sessions, _of_days(tables, t.LIMIT_PRICES, universe, bars)
    )
    pool = _of_days(tables, t.LIMIT_POOL, universe, bars)
    return states_of_bars(pd.concat([bars, limits.drop(columns=["limit_down"])], axis=1), before, pool)


def _of_days(tables: StepTables, table: Table, universe: str, bars: pd.DataFrame) -> pd.DataFrame | None:
    """Rows of what a provider may have said about these days; None without any."""
    rows = tables.read_if_there(table, universe, end=bars["date"].max().date())
    return None if rows is None else rows[rows["date"] >= bars["date"].min()]


def _last_states(tables: StepTables, universe: str, first: date | None) -> pd.DataFrame | None:
    if first is None:
        return None
    rows = tables.read(t.LIMIT_STATES, universe, end=first - timedelta(days=1), columns=LAST_COLUMNS)
    return last_rows(rows) if len(rows) else None


def _board_returns(
    platform: Platform, tables: StepTables, universe: str, first: date | None, window: Window
) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """BOARD_RETURNS of everything stored, and the days that were read.

    The days after the last one go on from what is stored; a day of the past makes all of it again.
    """
    stored = tables.read_if_there(t.BOARD_RETURNS, universe)
    done = tables.read_if_there(t.EXPECTATIONS, universe)
    known, since = t.BOARD_RETURNS.no_rows(), None
    if first is not None and stored is not None and done is not None and done["date"].max().date() < first:
        known, since = stored, done["date"].max().date()
    end = window.end if since is not None else None
    days: list[pd.DatetimeIndex] = []
    for start, last in _years(platform, universe, since, end):
        begin = start if since is None else min(start, since)
        states = tables.read(t.LIMIT_STATES, universe, start=begin, end=last, columns=STATE_COLUMNS)
        bars = tables.read(t.BARS, universe, start=begin, end=last, columns=BAR_COLUMNS)
        known = carried_on(known, states, bars)
        found = pd.DatetimeIndex(states["date"].unique())
        days.append(found)
        since = found.max().date() if len(found) else since
    index = pd.DatetimeIndex(sorted({day for part in days for day in part}))
    return known, index[index <= pd.Timestamp(window.end)] if window.end is not None else index


def _signals(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    entry = pd.to_numeric(frame["etf_price"], errors="coerce").astype("float64")
    dates = pd.to_datetime(frame["trade_date"]).astype("datetime64[ns]")
    return frame.assign(date=dates, entry=entry, actionable=frame["actionable"].astype(bool))


def _of_all(counts: pd.DataFrame) -> pd.DataFrame:
    return counts[counts["board"] == "all"] if "board" in counts else counts
