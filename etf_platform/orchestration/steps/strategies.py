"""Panel and bars to rotation targets."""

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.market.limits import rates_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.strategies.rotation import RotationRules, needed_from, targets, targets_since

if TYPE_CHECKING:
    from etf_platform.storage.lake import Lake


def write_targets(platform: Platform, pool: str, window: Window) -> Outcome:
    """Score the pool up to the window's end and store the window's rows."""
    tables = StepTables(platform, window)
    rows = target_rows(platform, pool, tables, window)
    tables.write(t.TARGETS, pool, window.cut(rows), window.start, window.end)
    return tables.outcome(facts=_facts(rows))


def target_rows(platform: Platform, pool: str, tables: StepTables, window: Window) -> pd.DataFrame:
    """Rows of TARGETS under the platform's configuration, those of the window at least, from what its end knows."""
    bars = tables.read(t.BARS, pool, end=window.end)
    selected = scored_factors(platform, pool, tables)
    reference = reference_bars(platform, tables, bars, window.end)
    rows = _rows_since(platform, pool, tables, bars, selected, reference, window)
    if rows is None:
        panel = tables.read(t.PANEL, pool, end=window.end, columns=_columns(selected))
        rows = targets_of(platform, pool, bars, panel, selected, reference)
    return rows


def _rows_since(
    platform: Platform,
    pool: str,
    tables: StepTables,
    bars: pd.DataFrame,
    selected: list[ScoredFactor],
    reference: pd.DataFrame | None,
    window: Window,
) -> pd.DataFrame | None:
    """The window's rows, from the last rows of the panel; None where all of it may matter."""
    if window.start is None or bars.empty or pd.Timestamp(window.start) > bars["date"].max():
        return None
    since, rules = pd.Timestamp(window.start), RotationRules.from_config(platform.config)
    sessions, limited = platform.sessions(pool).index, with_limit_rates(platform.config, bars)
    first = needed_from(bars, rules, sessions, since).date()
    panel = tables.read(t.PANEL, pool, end=window.end, start=first, columns=_columns(selected))
    return targets_since(panel, limited, selected, rules, sessions, since, reference)


def _columns(selected: list[ScoredFactor]) -> list[str]:
    return ["date", "symbol", *dict.fromkeys(c for f in selected for c in (f.column, f.raw_column or f.column))]


def targets_of(
    platform: Platform,
    pool: str,
    bars: pd.DataFrame,
    panel: pd.DataFrame,
    selected: list[ScoredFactor] | None = None,
    reference: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """TARGETS rows of every session of the bars."""
    config = platform.config
    rules = RotationRules.from_config(config)
    chosen = scored_factors(platform, pool) if selected is None else selected
    return targets(panel, with_limit_rates(config, bars), chosen, rules, platform.sessions(pool).index, reference)


def with_limit_rates(config: Config, bars: pd.DataFrame) -> pd.DataFrame:
    """The bars and `limit_rate`, the daily price limit of each row as a fraction (ChiNext: 10 % until August 2020)."""
    return bars.assign(limit_rate=rates_of(bars, config.instruments.instruments))


def reference_bars(
    platform: Platform, source: "StepTables | Lake", bars: pd.DataFrame, end: date | None
) -> pd.DataFrame | None:
    """Bars of the regime gate's fund, when the gate is on and the fund is in another pool."""
    gate = platform.config.strategies.rotation.regime_gate
    if gate is None or gate.symbol in set(bars["symbol"]):
        return None
    home = next(name for name, symbols in platform.config.pools.items() if gate.symbol in symbols)
    return source.read(t.BARS, home, end=end)


def _facts(rows: pd.DataFrame) -> dict[str, object]:
    last = rows[rows["date"] == rows["date"].max()]
    held = last[last["target_weight"] > 0.0].sort_values("rank")
    return {
        "last session": str(last["date"].iloc[0].date()),
        "eligible": int(last["is_eligible"].sum()),
        "targets": ", ".join(held["symbol"]) or "none",
    }
