"""Fuses on bars and on what the market layer says of members: freshness, gaps, units, exclusions, calendar, events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # names listed in a reason


def _names(values: list[str]) -> str:
    return ", ".join(values[:SHOWN]) + (f" and {len(values) - SHOWN} more" if len(values) > SHOWN else "")


@fuse(guards="market/bars", on_fail="halt", limit=0)
def freshness(bars: pd.DataFrame, context: FuseContext) -> Reading:
    """The asked day is there, and it is a session. Observed is how many sessions the last bar is behind."""
    as_of, sessions = context.need("as_of"), context.need("sessions")
    last = bars["date"].max()
    behind = float(((sessions > last) & (sessions <= as_of)).sum())
    if as_of not in sessions:
        return Reading(behind, passed=False, reason=f"{as_of:%Y-%m-%d} is no session of the exchange")
    return Reading(behind, passed=last == as_of, reason="" if last == as_of else f"the last bar is of {last:%Y-%m-%d}")


@fuse(guards="market/bars", on_fail="halt", limit="settings.max_excluded_share")
def completeness(bars: pd.DataFrame, members: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Every member that should have traded has a row, and no session between the first and the last is empty.

    Observed is the share of members without a row on `as_of`; a member counts from its first bar on, while its status
    is `ok`. Some missing WARN, more than the limit FAIL; a session without any bar FAIL.
    """
    sessions, last = context.need("sessions"), bars["date"].max()
    empty = sessions[(sessions >= bars["date"].min()) & (sessions <= last)].difference(bars["date"].unique())
    expected = members.loc[(members["status"] == "ok") & (members["first_date"] <= last), "symbol"]
    absent = sorted(set(expected) - set(bars.loc[bars["date"] == last, "symbol"]))
    share = len(absent) / len(expected) if len(expected) else float("nan")
    reasons = [f"sessions without a bar: {_names([f'{day:%Y-%m-%d}' for day in empty])}"] if len(empty) else []
    reasons += [f"no row on {last:%Y-%m-%d}: {_names(absent)}"] if absent else []
    state = State.FAIL if len(empty) or share > limit else State.WARN if absent else State.PASS
    return Reading(share, state=state, reason="; ".join(reasons), details={"absent": absent, "empty": len(empty)})


@fuse(guards="market/bars", on_fail="halt", limit=1.0, scope="universe")
def closes_are_fresh(bars: pd.DataFrame, members: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """At least one member has its last three closes, the one of `as_of` among them.

    Observed is the share of members without them: some WARN with names (a strategy on such a member is blocked by
    itself), `limit` or more BLOCKED. A session missing further back is a WARN.
    """
    import pandas as pd

    from etf_platform.core.freshness import judge_closes

    as_of, sessions = context.need("as_of"), context.need("sessions")
    closes = bars[bars["close"].notna()]
    dates = {symbol: pd.DatetimeIndex(closes.loc[closes["symbol"] == symbol, "date"]) for symbol in members["symbol"]}
    judged = {symbol: judge_closes(known, sessions, as_of) for symbol, known in dates.items()}
    stale = [symbol for symbol, found in judged.items() if found.state is State.BLOCKED]
    share = len(stale) / len(judged)
    named = [f"{symbol}: {found.reason}" for symbol, found in judged.items() if found.reason]
    state = State.BLOCKED if share >= limit else State.WARN if named else State.PASS
    return Reading(share, state=state, reason="; ".join(named), details={"stale": stale})


@fuse(guards="market/bars", on_fail="halt", limit="settings.max_excluded_share", scope="market")
def broken_members(members: pd.DataFrame, limit: float) -> Reading:
    """Few members of the pool are left out. Observed is their share; some WARN with names, more than the limit FAIL."""
    out = members[members["status"] != "ok"]
    share = len(out) / len(members)
    named = [f"{row.symbol} ({row.status}: {row.reason})" for row in out.itertuples()]
    state = State.FAIL if share > limit else State.WARN if named else State.PASS
    return Reading(
        share, state=state, reason=f"left out: {_names(named)}" if named else "", details={"left_out": named}
    )


@fuse(guards="market/bars", on_fail="halt", limit="unit_factor")
def unit_mismatch(bars: pd.DataFrame, limit: float) -> Reading:
    """Turnover is close * volume within a factor of `limit`: shares are not lots, yuan are not thousands.

    BLOCKED when the last row of a fund, or the median over its rows, lies outside. Rows with an estimated amount or no
    trade say nothing and are left out; observed is the ratio farthest from 1.
    """
    import pandas as pd

    told = bars[(bars["volume"] > 0) & ~bars["amount_estimated"].astype(bool)]
    if told.empty:
        return Reading(state=State.WARN, reason="no fund reports a turnover, so the units cannot be checked")
    ratio = (told["amount"] / (told["close"] * told["volume"])).groupby(told["symbol"], sort=True)
    ratios = pd.concat([ratio.median(), ratio.last()])
    outside = ratios[~ratios.between(1.0 / limit, limit)]
    farthest = float(max(ratios, key=lambda ratio: max(ratio, 1.0 / max(ratio, 1e-12))))
    if outside.empty:
        return Reading(farthest, passed=True)
    named = [f"{symbol} {value:.4g}" for symbol, value in outside[~outside.index.duplicated()].items()]
    return Reading(farthest, state=State.BLOCKED, reason=f"unit_mismatch: amount / (close * volume) of {_names(named)}")


@fuse(guards="market/bars", on_fail="warn", limit="warn_sessions", scope="market")
def calendar_end(limit: float, context: FuseContext) -> Reading:
    """The exchange calendar reaches far enough ahead. Observed: sessions left after `as_of`."""
    as_of, sessions = context.need("as_of"), context.need("sessions")
    left = int((sessions > as_of).sum())
    end = f"the calendar ends on {sessions.max():%Y-%m-%d}, {left} sessions after {as_of:%Y-%m-%d}"
    remedy = "update exchange_calendars or add calendar.extra_holidays"
    if as_of > sessions.max():
        return Reading(float(left), state=State.BLOCKED, reason=f"{end}; {remedy}")
    return Reading(float(left), passed=left >= limit, reason="" if left >= limit else f"{end}; {remedy}")


@fuse(guards="market/adjustment_events", on_fail="hold", limit=0)
def adjustment_review(adjustment_events: pd.DataFrame, limit: float) -> Reading:
    """No detected corporate action waits for a person's review."""
    waiting = adjustment_events[adjustment_events["status"] == "review"]
    named = [f"{row.symbol} {row.date:%Y-%m-%d} ({row.kind})" for row in waiting.itertuples()]
    reason = f"waiting for review: {_names(named)}" if named else ""
    return Reading(float(len(named)), passed=len(named) <= limit, reason=reason, details={"waiting": named})
