"""The key figures of a rotation, as values: formula, unit, threshold, and how serious a breach is.

A figure is computed from the account (`measure`), or handed in by name where other tables know it (`measure` is None).
Not here: rows and dates (`snapshot`), arithmetic (`expanding`), the numbers of the thresholds (`etf_pools.yaml`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etf_platform.core.config.models import CiThresholds
from etf_platform.core.states import State
from etf_platform.kpi import expanding
from etf_platform.kpi.account import Account

MAX_ADV_VIOLATIONS = 5

Limit = Callable[[CiThresholds, int], float]
Measure = Callable[[Account], np.ndarray]


@dataclass(frozen=True)
class Kpi:
    """One key figure.

    Attributes
    ----------
    name, formula, unit : str
        The formula is for people.
    direction : {"min", "max", "none"}
        `min`: the value must reach the limit; `max`: it must not exceed it; `none`: only observed.
    limit : callable (thresholds, top_n) -> float, or None
    on_breach, on_pool_breach : State
        For the combined portfolio, and for a single pool.
    fail_limit : callable or None
        A second, looser limit; beyond it the state is FAIL whatever `on_breach` says.
    measure : callable (Account) -> ndarray of shape (n_sessions,), or None
        The figure at every close of the account, entry t from rows up to t only; NaN: not defined. None: handed in.
    least : int
        Sessions of an account without which the figure cannot be defined.
    """

    name: str
    formula: str
    unit: str
    direction: Literal["min", "max", "none"] = "none"
    limit: Limit | None = None
    on_breach: State = State.WARN
    on_pool_breach: State = State.WARN
    fail_limit: Limit | None = None
    measure: Measure | None = None
    least: int = 2


RETURNS = (
    Kpi(
        "annual_return", "(V_T / V_0) ** (1 / years) - 1, years = calendar days / 365.25", "fraction",
        "min", lambda t, _: t.min_annual_return, State.FAIL,
        measure=lambda a: expanding.annual_return(a.values, a.dates),
    ),
    Kpi(
        "max_drawdown", "min(V / running maximum of V - 1), not positive", "fraction",
        "min", lambda t, _: t.max_drawdown, State.FAIL,
        measure=lambda a: expanding.max_drawdown(a.values),
    ),
    Kpi(
        "sharpe", "sqrt(252) * mean(r - risk_free / 252) / std(r, ddof 1)", "ratio",
        "min", lambda t, _: t.min_sharpe, State.FAIL,
        measure=lambda a: expanding.sharpe(a.values, a.risk_free), least=3,
    ),
    Kpi("total_return", "V_T / V_0 - 1", "fraction", measure=lambda a: expanding.total_return(a.values)),
    Kpi("years", "calendar days / 365.25", "years", measure=lambda a: expanding.years(a.dates)),
)  # fmt: skip

MONTHS = (
    Kpi(
        "monthly_win_rate", "complete calendar months with a return above 0 / complete months", "fraction",
        "min", lambda t, _: t.min_winrate, State.FAIL,
        measure=lambda a: expanding.monthly_win_rate(a.values, a.dates, a.is_month_end),
    ),
    Kpi(
        "worst_month", "lowest return of a complete calendar month", "fraction",
        "min", lambda t, _: -t.max_abs_month_return,
        measure=lambda a: expanding.worst_month(a.values, a.dates, a.is_month_end),
    ),
    Kpi(
        "best_month", "highest return of a complete calendar month", "fraction",
        "max", lambda t, _: t.max_abs_month_return,
        measure=lambda a: expanding.best_month(a.values, a.dates, a.is_month_end),
    ),
)  # fmt: skip

TRADING = (
    Kpi(
        "annual_turnover", "sum of half the traded value over the value before trading, per year", "1 per year",
        "max", lambda t, _: t.max_annual_turnover,
        measure=lambda a: expanding.annual_turnover(a.turnover, expanding.years(a.dates)),
    ),
    Kpi(
        "cost_drag", "sum of costs / mean account value / years", "fraction",
        measure=lambda a: expanding.cost_drag(a.costs, a.values, expanding.years(a.dates)),
    ),
    Kpi(
        "n_positions", "funds held at the close", "count",
        "min", lambda _, top_n: float(top_n),
        measure=lambda a: a.n_positions, least=1,
    ),
)  # fmt: skip

PANEL = (
    Kpi(
        "coverage", "non-null share of the scored columns, over all rows so far", "fraction",
        "min", lambda t, _: t.min_coverage, fail_limit=lambda t, _: t.warn_coverage_floor,
    ),
    Kpi(
        "effective_factors", "scored columns that have a value and vary", "count",
        "min", lambda t, _: float(t.min_factors), State.FAIL, State.FAIL,
    ),
    Kpi(
        "zero_variance", "scored columns that have held one value only", "count",
        "max", lambda *_: 0.0, fail_limit=lambda t, _: t.max_zero_variance - 1.0,
    ),
)  # fmt: skip

CAPACITY = (
    Kpi(
        "adv_violations", "positions above their share of the average daily turnover", "count",
        "max", lambda *_: float(MAX_ADV_VIOLATIONS),
    ),
    Kpi("single_weight_violations", "positions above the weight limit", "count", "max", lambda *_: 0.0),
)  # fmt: skip
