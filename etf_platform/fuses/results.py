"""Fuses on targets and on results of the back-test: checks 4, 5, 9, capacity, month parts, turnover, selection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.states import State, worst
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

NOT_PARTS = ("total", "selection")  # rows of `months` that are no part of the sum
TOLERANCE = 1e-9


@fuse(guards="backtest/metrics", on_fail="hold", limit=0, scope="every")
def backtest_thresholds(metrics: pd.DataFrame, equity: pd.DataFrame, context: FuseContext) -> Reading:
    """Return, drawdown, Sharpe ratio and monthly win rate stay within their limits.

    Observed is the number of figures outside. For the portfolio these are a FAIL, for a single pool a WARN; a missing
    figure, or an account that ends before `as_of`, is BLOCKED.
    """
    limits = context.thresholds
    rules = {
        "annual_return": limits.min_annual_return,
        "max_drawdown": limits.max_drawdown,
        "sharpe": limits.min_sharpe,
        "monthly_win_rate": limits.min_winrate,
    }
    values = metrics.set_index("metric")["value"].astype(float)
    seen = {name: float(values.get(name, float("nan"))) for name in rules}
    if undefined := [name for name, value in seen.items() if math.isnan(value)]:
        return Reading(reason=f"not defined: {', '.join(undefined)}", details=seen)
    low = [f"{name} {seen[name]:.4f} < {least:g}" for name, least in rules.items() if seen[name] < least]
    failed = State.FAIL if context.universe == "portfolio" else State.WARN
    return Reading(float(len(low)), state=failed if low else State.PASS, reason="; ".join(low), details=seen)


@fuse(guards="backtest/months", on_fail="warn", limit="thresholds.max_abs_month_return", scope="every")
def extreme_month(months: pd.DataFrame, limit: float) -> Reading:
    """No month moves so much that it is more likely wrong than earned. Observed is the largest absolute return."""
    total = months.loc[months["part"] == "total"].set_index("month")["contribution"]
    if total.empty or total.isna().any():
        return Reading(reason="the return of a month is not defined")
    beyond = total[total.abs() > limit]
    reason = ", ".join(f"{month} {value:+.2%}" for month, value in beyond.items())
    return Reading(float(total.abs().max()), passed=beyond.empty, reason=reason, details={"beyond": beyond.to_dict()})


@fuse(guards="backtest/months", on_fail="hold", limit=TOLERANCE)
def months_sum(months: pd.DataFrame, limit: float) -> Reading:
    """The parts of every month sum to its return. Observed is the largest gap."""
    total = months.loc[months["part"] == "total"].set_index("month")["contribution"]
    parts = months[~months["part"].isin(NOT_PARTS)].groupby("month")["contribution"].sum(min_count=1)
    gap = (parts.reindex(total.index) - total).abs()
    if total.empty or gap.isna().any():
        return Reading(reason="a month has no total or no parts")
    month = gap.idxmax()
    return Reading(
        float(gap.max()),
        passed=float(gap.max()) <= limit,
        reason="" if gap.max() <= limit else f"{month} is off by {gap.max():.3g}",
    )


@fuse(guards="backtest/metrics", on_fail="warn", limit="thresholds.max_annual_turnover", scope="every")
def turnover(metrics: pd.DataFrame, limit: float) -> Reading:
    """The account is not traded more often than planned. Observed is the one-way turnover per year."""
    value = _metric(metrics, "annual_turnover")
    if value is None:
        return Reading(reason="annual_turnover is missing")
    return Reading(
        value, passed=value <= limit, reason="" if value <= limit else f"{value:.2f} per year, planned {limit:g}"
    )


@fuse(guards="backtest/metrics", on_fail="warn", limit="thresholds.min_vol_target_scale")
def vol_target_scale(metrics: pd.DataFrame, limit: float) -> Reading:
    """Volatility targeting, when it is used, does not scale the account down too far; PASS when it is not used."""
    value = _metric(metrics, "vol_target_scale")
    if value is None:
        return Reading(passed=True, reason="no volatility target in use")
    return Reading(value, passed=value >= limit, reason="" if value >= limit else f"scale {value:.2f} < {limit:g}")


@fuse(guards="backtest/capacity", on_fail="hold", limit=0)
def capacity(capacity: pd.DataFrame, context: FuseContext) -> Reading:
    """The positions fit turnover and position limits at the pool's capital.

    Observed is the number of violations. A row that could not be judged is BLOCKED; in a pool outside the portfolio a
    violation is a WARN.
    """
    bad = capacity[capacity["status"] != "PASS"]
    blocked = bad["status"] == "BLOCKED"
    failed = State.FAIL if context.in_portfolio else State.WARN
    state = worst([State.BLOCKED] * bool(blocked.any()) + [failed] * bool((~blocked).any()))
    return Reading(float((~blocked).sum()), state=state, reason="; ".join(bad["message"].head(10)))


@fuse(guards="strategies/targets", on_fail="warn", limit=0)
def selection_void(targets: pd.DataFrame, limit: float) -> Reading:
    """There are more eligible funds than places, so that something is selected. Observed is 1 when not."""
    today = targets[targets["date"] == targets["date"].max()]
    void = bool(today["selection_void"].any())
    eligible = int(today["is_eligible"].sum())
    reason = f"{eligible} eligible funds on {today['date'].iloc[0]:%Y-%m-%d}: nothing is selected" if void else ""
    return Reading(float(void), passed=void <= limit, reason=reason)


@fuse(guards="backtest/rebalances", on_fail="warn", limit="top_n")
def positions_below_top_n(rebalances: pd.DataFrame, limit: float) -> Reading:
    """The last rebalance filled every place. Observed is the number of funds held after it."""
    last = rebalances.sort_values("decision_date").iloc[-1]
    held = int(last["num_positions"])
    reason = "" if held >= limit else f"{held} of {limit:g} places filled on {last['date']:%Y-%m-%d}"
    return Reading(float(held), passed=held >= limit, reason=reason)


@fuse(guards="backtest/equity", on_fail="hold", limit=0.0005, enabled=False)
def run_agreement(equity: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """Two independent runs of the same targets have the same total return. Observed is the gap. Optional check 9."""
    gap = abs(_total_return(equity) - _total_return(context.need("second_equity")))
    return Reading(gap, passed=gap <= limit, reason="" if gap <= limit else f"the total returns differ by {gap:.6f}")


def _total_return(equity: pd.DataFrame) -> float:
    value = equity.sort_values("date")["portfolio_value"]
    if len(value) < 2:
        raise InsufficientDataError("comparing two runs", f"{len(value)} sessions", "run at least two")
    return float(value.iloc[-1] / value.iloc[0] - 1.0)


def _metric(metrics: pd.DataFrame, name: str) -> float | None:
    value = metrics.loc[metrics["metric"] == name, "value"]
    return None if value.empty else float(value.iloc[0])
