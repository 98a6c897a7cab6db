"""Key figures to the rows of `kpi/<pool>/snapshot`: one per figure and date, judged.

A row of date t uses equity rows and handed-in figures dated up to t. Missing input is BLOCKED, never PASS. Not here:
the list of figures (`registry`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etf_platform.core.config.models import CiThresholds
from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.states import State
from etf_platform.kpi.account import Account
from etf_platform.kpi.registry import CAPACITY, MONTHS, PANEL, RETURNS, TRADING, Kpi

ROTATION_KPI: tuple[Kpi, ...] = (*RETURNS, *MONTHS, *TRADING, *PANEL, *CAPACITY)
ACCOUNT_KPI: tuple[Kpi, ...] = tuple(kpi for kpi in ROTATION_KPI if kpi.measure is not None)

NO_SOURCE = "none"


@dataclass(frozen=True)
class KpiRules:
    """How figures are judged: thresholds, the places of the selection, the risk-free rate per year, and whose they are.

    For the combined portfolio (`is_portfolio`) a breach of a performance threshold is a FAIL; for a pool it is a WARN.
    """

    thresholds: CiThresholds = field(default_factory=CiThresholds)
    top_n: int = 5
    risk_free: float = 0.03
    is_portfolio: bool = False


@dataclass(frozen=True)
class Figure:
    """A value, or NaN with the reason why there is none."""

    value: float
    missing: str = ""


def snapshot(
    equity: pd.DataFrame | None,
    observed: pd.DataFrame | None,
    dates: Iterable[pd.Timestamp],
    sessions: pd.DatetimeIndex,
    rules: KpiRules,
    kpis: Sequence[Kpi] = ROTATION_KPI,
) -> pd.DataFrame:
    """Every figure on each of the dates.

    Parameters
    ----------
    equity : DataFrame or None
        `backtest/<pool>/equity` from its first row on; None when there is no back-test.
    observed : DataFrame or None
        `date`, `kpi`, `value`, `source`: figures that other tables know, as `observed.observe_panel` makes them. One of
        an older date does not stand in for a missing one.
    dates : iterable of Timestamp
        Sessions to describe.
    sessions : DatetimeIndex
        Sessions of the exchange, beyond the last date: they say whether a month is complete.
    rules : KpiRules
    kpis : sequence of Kpi
        `ACCOUNT_KPI` leaves out what is handed in.

    Returns
    -------
    DataFrame
        Rows of `kpi/<pool>/snapshot`, by date and name. A figure without input is BLOCKED, with the reason.
    """
    account, others = (None if f is None else f.sort_values("date", kind="stable") for f in (equity, observed))
    rows = []
    for date in map(pd.Timestamp, dates):
        known = _known(date, account, others, sessions, rules.risk_free)
        rows += _rows_of(date, known, rules, kpis)
    columns = ["date", "kpi", "value", "unit", "threshold", "direction", "status", "reason", "source"]
    frame = pd.DataFrame(rows, columns=columns).sort_values(["date", "kpi"], ignore_index=True)
    types = {"value": "float64", "threshold": "float64", "date": "datetime64[ns]"}
    return frame.astype(types | {c: "str" for c in columns if c not in types})


def judge(kpi: Kpi, figure: Figure, rules: KpiRules) -> tuple[State, str]:
    """State of a figure and the reason why it is not PASS (empty when it is)."""
    if np.isnan(figure.value):
        return State.BLOCKED, figure.missing or "not defined on this history"
    limits = rules.thresholds, rules.top_n
    if kpi.fail_limit is not None and _is_beyond(kpi, figure.value, kpi.fail_limit(*limits)):
        return State.FAIL, _breach(kpi, figure.value, kpi.fail_limit(*limits))
    if kpi.limit is not None and _is_beyond(kpi, figure.value, kpi.limit(*limits)):
        state = kpi.on_breach if rules.is_portfolio else kpi.on_pool_breach
        return state, _breach(kpi, figure.value, kpi.limit(*limits))
    return State.PASS, ""


@dataclass(frozen=True)
class Known:
    """All that is known on one date: the account, the figures handed in, and where they come from."""

    account: Account | None
    given: Mapping[str, float]
    source: str


def _known(
    date: pd.Timestamp,
    equity: pd.DataFrame | None,
    observed: pd.DataFrame | None,
    sessions: pd.DatetimeIndex,
    risk_free: float,
) -> Known:
    today = _on(equity, date)
    others = _on(observed, date)
    account = Account.until(equity, date, sessions, risk_free) if equity is not None and today is not None else None
    sources = sorted({str(s) for frame in (today, others) if frame is not None for s in frame["source"]})
    given = {} if others is None else dict(zip(others["kpi"], others["value"].astype(float), strict=True))
    return Known(account, given, "; ".join(sources) or NO_SOURCE)


def _on(frame: pd.DataFrame | None, date: pd.Timestamp) -> pd.DataFrame | None:
    """Rows of one date of a frame sorted by date; None when there are none."""
    if frame is None:
        return None
    first, end = (int(frame["date"].searchsorted(date, side=side)) for side in ("left", "right"))
    return frame.iloc[first:end] if end > first else None


def _rows_of(date: pd.Timestamp, known: Known, rules: KpiRules, kpis: Sequence[Kpi]) -> list[tuple]:
    rows = []
    for kpi in kpis:
        figure = _figure(kpi, known)
        state, reason = judge(kpi, figure, rules)
        threshold = np.nan if kpi.limit is None else kpi.limit(rules.thresholds, rules.top_n)
        rows.append(
            (date, kpi.name, figure.value, kpi.unit, threshold, kpi.direction, str(state), reason, known.source)
        )
    return rows


def _figure(kpi: Kpi, known: Known) -> Figure:
    if kpi.measure is None:
        return Figure(known.given.get(kpi.name, float("nan")), "no figure was handed in for this date")
    if known.account is None:
        return Figure(float("nan"), "the back-test has no account value on this date")
    try:
        return Figure(kpi.measure(known.account))
    except InsufficientDataError as error:
        return Figure(float("nan"), error.saw)


def _is_beyond(kpi: Kpi, value: float, limit: float) -> bool:
    return value < limit if kpi.direction == "min" else value > limit


def _breach(kpi: Kpi, value: float, limit: float) -> str:
    side = "below" if kpi.direction == "min" else "above"
    return f"{value:.4g} is {side} {limit:.4g}"
