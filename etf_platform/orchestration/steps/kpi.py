"""Accounts, panels and holdings to KPI snapshots."""

import pandas as pd

from etf_platform.backtest.capacity import capacity_history, limits_of
from etf_platform.core import tables as t
from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.kpi.observed import observe_panel, seen_arrays
from etf_platform.kpi.snapshot import ACCOUNT_KPI, ROTATION_KPI, KpiRules, snapshot
from etf_platform.market.calendar import DateLike
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.backtest import facts_of
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.tables import StepTables

VIOLATIONS = {"adv_violations": "adv_constraint", "single_weight_violations": "single_position"}


def write_snapshot(platform: Platform, universe: str, window: Window) -> Outcome:
    """Key figures of every session of the window, each from rows up to that session only."""
    tables = StepTables(platform, window)
    equity = tables.read_if_there(t.EQUITY, universe, end=window.end)
    dates = platform.sessions(universe).between(*_range(window, equity))
    observed = None if universe == PORTFOLIO else _observed(platform, universe, tables, dates, window)
    kpis = ACCOUNT_KPI if universe == PORTFOLIO else ROTATION_KPI
    rows = snapshot(equity, observed, dates, platform.sessions(universe).index, rules_of(platform, universe), kpis)
    tables.write(t.KPI, universe, rows, window.start, window.end)
    last = rows[rows["date"] == rows["date"].max()]
    open_items = last.loc[last["status"] != "PASS", ["kpi", "status", "reason"]]
    return tables.outcome(facts={"not passed": ", ".join(open_items["kpi"]) or "none"})


def rules_of(platform: Platform, universe: str) -> KpiRules:
    """How the figures of a universe are judged."""
    settings = platform.config.etf_pools
    top_n = settings.strategy.top_n * (len(platform.config.pools) if universe == PORTFOLIO else 1)
    return KpiRules(settings.ci_thresholds, top_n, settings.costs.risk_free, universe == PORTFOLIO)


def holdings_violations(rebalances: pd.DataFrame, bars: pd.DataFrame, platform: Platform, pool: str) -> pd.DataFrame:
    """Violations of the holdings after every rebalance: one row per date (of the fills), one column per figure."""
    limits, facts = limits_of(platform.config.etf_pools, pool), facts_of(platform.config)
    judged = capacity_history(rebalances, bars, limits, facts)
    is_open = judged["status"] != "PASS"
    broken = {kpi: is_open & (judged["type"] == kind) for kpi, kind in VIOLATIONS.items()}
    return pd.DataFrame(broken).groupby(judged["date"]).sum().astype("float64")


def _observed(
    platform: Platform, pool: str, tables: StepTables, dates: pd.DatetimeIndex, window: Window
) -> pd.DataFrame:
    observed = _observed_panel(tables, pool, scored_factors(platform, pool, tables), dates, window)
    rebalances = tables.read_if_there(t.REBALANCES, pool)
    if rebalances is None or rebalances.empty:
        return observed
    known = rebalances[rebalances["date"] <= dates[-1]].sort_values("date")
    if known.empty:
        return observed
    relevant = known[known["date"] >= known["date"].where(known["date"] <= dates[0]).max()]
    bars = tables.read(t.BARS, pool, end=window.end, columns=["date", "symbol", "close", "amount", "source"])
    found = holdings_violations(relevant if len(relevant) else known, bars, platform, pool)
    daily = found.reindex(dates, method="ffill").dropna().rename_axis("date").reset_index()
    long = daily.melt("date", var_name="kpi", value_name="value")
    source = long["date"].map(bars.groupby("date")["source"].last())
    return pd.concat([observed, long.assign(source=source).dropna(subset="source")], ignore_index=True)


def _observed_panel(
    tables: StepTables, pool: str, factors: list[ScoredFactor], dates: pd.DatetimeIndex, window: Window
) -> pd.DataFrame:
    """Figures of the panel on the dates; of the years before their year only what is kept is looked at."""
    columns = list(dict.fromkeys(factor.column for factor in factors))
    before, since = tables.settled(t.PANEL, pool, columns, seen_arrays, window.end)
    if since is None or not len(dates) or dates[0].date() < since:
        before, since = None, None
    panel = tables.read(t.PANEL, pool, end=window.end, start=since, columns=["date", "symbol", "source", *columns])
    return observe_panel(panel, columns, before)


def _range(window: Window, equity: pd.DataFrame | None) -> tuple[DateLike, DateLike]:
    if window.start is not None and window.end is not None:
        return window.start, window.end
    assert equity is not None
    return equity["date"].iloc[0], equity["date"].iloc[-1]
