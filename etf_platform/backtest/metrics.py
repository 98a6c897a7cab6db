"""The figures of an account, as rows of `METRICS` and as the document `backtest_metrics.json` with its Chinese names.

Formulas stand in `measures.performance`; months and their parts in `months`.
"""

from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import pandas as pd

from etf_platform.measures import performance

SCHEMA_VERSION = 1
EXTREME_MONTHS = 3


@dataclass(frozen=True)
class Figure:
    """One metric: its name, unit, Chinese name in the original's files, and how its text form looks."""

    name: str
    unit: str
    chinese: str
    text: str


FIGURES = (
    Figure("annual_return", "fraction", "年化收益", "{:.2%}"),
    Figure("max_drawdown", "fraction", "最大回撤", "{:.2%}"),
    Figure("sharpe", "ratio", "夏普比率", "{:.2f}"),
    Figure("monthly_win_rate", "fraction", "月胜率", "{:.2%}"),
    Figure("annual_turnover", "1 per year", "年化换手", "{:.2f}"),
    Figure("cost_drag", "fraction per year", "", ""),
    Figure("total_return", "fraction", "总收益", "{:.2%}"),
    Figure("years", "years", "回测年数", "{:.2f}"),
)
CHINESE = {figure.name: figure.chinese for figure in FIGURES if figure.chinese}


def figures_of(
    equity: pd.DataFrame, risk_free: float = 0.03, next_session: str | None = None, original_compatible: bool = False
) -> dict[str, float]:
    """The eight figures of an account.

    Parameters
    ----------
    equity : DataFrame
        Rows of `EQUITY`, ascending.
    risk_free : float
        Per year.
    next_session : str, optional
        ISO date of the first session after the last row; tells whether the last month is complete.
    original_compatible : bool
        Partial months count, and turnover shows the cost drag, as the original did.

    Returns
    -------
    dict of str to float
        In the order of `FIGURES`; NaN where the account is too short to tell.
    """
    if len(equity) < 2:
        return {figure.name: nan for figure in FIGURES}
    values, dates = equity["portfolio_value"].to_numpy(), equity["date"].to_numpy()
    span = performance.years(dates)
    months = performance.monthly_returns(values, dates, not original_compatible, next_session)
    drag = performance.cost_drag(equity["cost"], values, span)
    returns = performance.returns_of(values)
    return {
        "annual_return": performance.annual_return(values, dates),
        "max_drawdown": performance.max_drawdown(values),
        "sharpe": performance.sharpe(returns, risk_free) if returns.size > 1 else nan,
        "monthly_win_rate": performance.monthly_win_rate(months),
        "annual_turnover": drag if original_compatible else performance.annual_turnover(equity["turnover"], span),
        "cost_drag": drag,
        "total_return": performance.total_return(values),
        "years": span,
    }


def metric_rows(figures: dict[str, float], source: str) -> pd.DataFrame:
    """Rows of `METRICS`, in the order of `FIGURES`."""
    return pd.DataFrame(
        {
            "metric": [figure.name for figure in FIGURES],
            "value": [float(figures[figure.name]) for figure in FIGURES],
            "unit": [figure.unit for figure in FIGURES],
            "source": source,
        }
    )


def extreme_months(months: pd.DataFrame, complete_only: bool = True) -> dict[str, dict[str, float]]:
    """`worst_3` and `best_3`: month -> return, worst and best first; months is `MONTHS`.

    With fewer than six months the two overlap, as any ranking of few months does.
    """
    total = months[(months["part"] == "total") & (months["is_complete"] | (not complete_only))]
    ordered = total.sort_values(["contribution", "month"])
    worst, best = ordered.head(EXTREME_MONTHS), ordered.tail(EXTREME_MONTHS).iloc[::-1]
    return {"worst_3": _by_month(worst), "best_3": _by_month(best)}


def metrics_document(
    figures: dict[str, float], months: pd.DataFrame, exec_mode: str, original_compatible: bool = False
) -> dict[str, Any]:
    """`backtest_metrics.json`: numbers, Chinese names with text, extreme months and the parts that made them.

    Parameters
    ----------
    figures : dict of str to float
        From `figures_of`.
    months : DataFrame
        Rows of `MONTHS`.
    exec_mode : str
    original_compatible : bool
        Write the original's layout: only Chinese keys with text, and the extreme months among them.

    Returns
    -------
    dict
        JSON-ready; a figure that is not defined is null, its text `n/a`.
    """
    extremes, display = extreme_months(months, not original_compatible), display_of(figures)
    if original_compatible:
        return {"exec_mode": exec_mode, "metrics": {**display, "极端月": extremes}}
    wanted = sorted({m for side in extremes.values() for m in side})
    rows = months[months["month"].isin(wanted)]
    shares: dict[str, dict[str, float]] = {month: {} for month in wanted}
    for month, part, share in zip(*(rows[name].tolist() for name in ("month", "part", "contribution")), strict=True):
        shares[month][part] = float(share)
    parts = {month: _parts(shares[month]) for month in wanted}
    return {
        "schema_version": SCHEMA_VERSION,
        "exec_mode": exec_mode,
        "metrics": {name: value if isfinite(value) else None for name, value in figures.items()},
        "display": display,
        "months": {"极端月": extremes, "attribution": parts},
    }


def display_of(figures: dict[str, float]) -> dict[str, str]:
    """Chinese name -> text, as the original printed it."""
    shown = ((figure, figures[figure.name]) for figure in FIGURES if figure.chinese)
    return {figure.chinese: figure.text.format(value) if isfinite(value) else "n/a" for figure, value in shown}


def _by_month(rows: pd.DataFrame) -> dict[str, float]:
    return dict(zip(rows["month"].tolist(), rows["contribution"].tolist(), strict=True))


def _parts(shares: dict[str, float]) -> dict[str, Any]:
    special = {"total", "cash", "cost", "selection"}
    symbols = {part: share for part, share in shares.items() if part not in special}
    return {**{part: shares[part] for part in sorted(special & set(shares))}, "symbols": symbols}
