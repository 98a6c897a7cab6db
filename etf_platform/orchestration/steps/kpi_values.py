"""Accounts, forecasts, attribution, drift and events to the values of every registered metric."""

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.kpi.values import value_rows
from etf_platform.orchestration.kpi_facts import Gathering, facts_of, stamp_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables

SHOWN = ["kpi", "period", "value", "baseline", "trend", "warn", "major", "status", "reason", "as_of"]


def write_pool_values(platform: Platform, universe: str, window: Window) -> Outcome:
    """Metrics of one pool on every session of the window.

    Raises
    ------
    BadInputError
        The window has no end.
    """
    return _write(platform, universe, window)


def write_portfolio_values(platform: Platform, universe: str, window: Window) -> Outcome:
    """Metrics of all running accounts taken together; raises as `write_pool_values`."""
    return _write(platform, universe, window)


def _write(platform: Platform, strategy: str, window: Window) -> Outcome:
    if window.end is None:
        raise BadInputError(f"measuring {strategy}", "no session is named", "run a partition")
    tables = StepTables(platform, window)
    days = platform.sessions(strategy).between(window.start or window.end, window.end)
    if days.empty:
        return tables.outcome(facts={"kpi": "no session to measure"})
    gathering = Gathering(platform, tables, strategy, window.end)
    facts = facts_of(gathering)
    rows = value_rows(facts, days, stamp_of(gathering, days))
    tables.write(t.KPI_VALUES, strategy, rows, days[0].date(), days[-1].date())
    last = rows[rows["date"] == days[-1]]
    return tables.outcome(facts=_facts(last), frames={"status": _shown(last)})


def _facts(rows: pd.DataFrame) -> dict[str, object]:
    daily = rows[rows["period"] == "day"]
    counts = {str(status): int(n) for status, n in daily["status"].value_counts().items()}
    failed = daily.loc[daily["status"] == "FAIL", "kpi"]
    return {**counts, "failed": ", ".join(failed) or "none"}


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[SHOWN]
