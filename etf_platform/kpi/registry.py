"""The key figures of a rotation, as values: formula, unit, threshold, and how serious a breach is.

A figure is computed from the account (`measure`), or handed in by name where other tables know it (`measure` is None).
Not here: rows and dates (`snapshot`), the numbers of the thresholds (`etf_pools.yaml`, `ci_thresholds`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etf_platform.core.config.models import CiThresholds
from etf_platform.core.states import State
from etf_platform.kpi.account import Account
from etf_platform.measures import performance

MAX_ADV_VIOLATIONS = 5

Limit = Callable[[CiThresholds, int], float]


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
    measure : callable (Account) -> float, or None
        None: the value is handed in. NaN or `InsufficientDataError` mean that it is not defined yet.
    """

    name: str
    formula: str
    unit: str
    direction: Literal["min", "max", "none"] = "none"
    limit: Limit | None = None
    on_breach: State = State.WARN
    on_pool_breach: State = State.WARN
    fail_limit: Limit | None = None
    measure: Callable[[Account], float] | None = None


def _sharpe(account: Account) -> float:
    return performance.sharpe(performance.returns_of(account.values), account.risk_free)


def _extreme(pick: Callable[[np.ndarray], float], account: Account) -> float:
    months = account.months
    return float(pick(months)) if months.size else float("nan")


def _last_positions(account: Account) -> float:
    return float(account.n_positions[-1]) if account.n_positions.size else float("nan")


RETURNS = (
    Kpi(
        "annual_return", "(V_T / V_0) ** (1 / years) - 1, years = calendar days / 365.25", "fraction",
        "min", lambda t, _: t.min_annual_return, State.FAIL,
        measure=lambda a: performance.annual_return(a.values, a.dates),
    ),
    Kpi(
        "max_drawdown", "min(V / running maximum of V - 1), not positive", "fraction",
        "min", lambda t, _: t.max_drawdown, State.FAIL,
        measure=lambda a: performance.max_drawdown(a.values),
    ),
    Kpi(
        "sharpe", "sqrt(252) * mean(r - risk_free / 252) / std(r, ddof 1)", "ratio",
        "min", lambda t, _: t.min_sharpe, State.FAIL,
        measure=_sharpe,
    ),
    Kpi("total_return", "V_T / V_0 - 1", "fraction", measure=lambda a: performance.total_return(a.values)),
    Kpi("years", "calendar days / 365.25", "years", measure=lambda a: a.span),
)  # fmt: skip

MONTHS = (
    Kpi(
        "monthly_win_rate", "complete calendar months with a return above 0 / complete months", "fraction",
        "min", lambda t, _: t.min_winrate, State.FAIL,
        measure=lambda a: performance.monthly_win_rate(a.months),
    ),
    Kpi(
        "worst_month", "lowest return of a complete calendar month", "fraction",
        "min", lambda t, _: -t.max_abs_month_return,
        measure=lambda a: _extreme(np.min, a),
    ),
    Kpi(
        "best_month", "highest return of a complete calendar month", "fraction",
        "max", lambda t, _: t.max_abs_month_return,
        measure=lambda a: _extreme(np.max, a),
    ),
)  # fmt: skip

TRADING = (
    Kpi(
        "annual_turnover", "sum of half the traded value over the value before trading, per year", "1 per year",
        "max", lambda t, _: t.max_annual_turnover,
        measure=lambda a: performance.annual_turnover(a.turnover, a.span),
    ),
    Kpi(
        "cost_drag", "sum of costs / mean account value / years", "fraction",
        measure=lambda a: performance.cost_drag(a.costs, a.values, a.span),
    ),
    Kpi(
        "n_positions", "funds held at the close", "count",
        "min", lambda _, top_n: float(top_n),
        measure=_last_positions,
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
