"""Key figures to the rows of `kpi/<pool>/snapshot`: one per figure and date, judged.

A row of date t uses equity rows and handed-in figures dated up to t. Missing input is BLOCKED, never PASS. Not here:
the list of figures (`registry`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etf_platform.core.config.models import CiThresholds
from etf_platform.core.states import State
from etf_platform.kpi.account import Account
from etf_platform.kpi.registry import CAPACITY, MONTHS, PANEL, RETURNS, TRADING, Kpi, Measure

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
    """Values on the dates, NaN where there is none, and the reason that holds where one is missing: (n_dates,) each."""

    values: np.ndarray
    missing: np.ndarray


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
    wanted = pd.DatetimeIndex(list(dates)).as_unit("ns").unique().sort_values()
    given, source = _handed_in(observed, wanted), _sources((equity, observed), wanted)
    account, place = _account(equity, wanted, sessions, rules.risk_free)
    ordered = sorted(kpis, key=lambda kpi: kpi.name)
    figures = [_given(k, given) if k.measure is None else _measured(k, k.measure, account, place) for k in ordered]
    judged = [judge(kpi, figure, rules) for kpi, figure in zip(ordered, figures, strict=True)]
    limits = [np.nan if k.limit is None else k.limit(rules.thresholds, rules.top_n) for k in ordered]
    n = len(wanted)
    frame = pd.DataFrame(
        {
            "date": wanted.repeat(len(ordered)),
            "kpi": _each_day([kpi.name for kpi in ordered], n),
            "value": _by_date([figure.values for figure in figures]),
            "unit": _each_day([kpi.unit for kpi in ordered], n),
            "threshold": np.tile(np.array(limits, dtype=np.float64), n),
            "direction": _each_day([kpi.direction for kpi in ordered], n),
            "status": _by_date([states for states, _ in judged]),
            "reason": _by_date([reasons for _, reasons in judged]),
            "source": source.repeat(len(ordered)),
        }
    )
    return frame.astype(dict.fromkeys(("kpi", "unit", "direction", "status", "reason", "source"), "str"))


def judge(kpi: Kpi, figure: Figure, rules: KpiRules) -> tuple[np.ndarray, np.ndarray]:
    """State of a figure on each date, and the reason why it is not PASS (empty when it is); shape (n_dates,) both."""
    unknown = np.isnan(figure.values)
    states = np.where(unknown, str(State.BLOCKED), str(State.PASS)).astype(object)
    reasons = np.where(unknown, figure.missing, "").astype(object)
    on_breach = kpi.on_breach if rules.is_portfolio else kpi.on_pool_breach
    for limit_of, state in ((kpi.limit, on_breach), (kpi.fail_limit, State.FAIL)):
        if limit_of is not None:
            limit = limit_of(rules.thresholds, rules.top_n)
            beyond = figure.values < limit if kpi.direction == "min" else figure.values > limit
            states[beyond] = str(state)
            reasons[beyond] = [_breach(kpi, value, limit) for value in figure.values[beyond].tolist()]
    return states, reasons


def _account(
    equity: pd.DataFrame | None, wanted: pd.DatetimeIndex, sessions: pd.DatetimeIndex, risk_free: float
) -> tuple[Account | None, np.ndarray]:
    """The account up to the last date, and the row of each date in it, -1 where there is none."""
    nowhere = np.full(len(wanted), -1)
    if equity is None or wanted.empty:
        return None, nowhere
    past = equity[equity["date"] <= wanted[-1]].sort_values("date", kind="stable")
    if past.empty:
        return None, nowhere
    account = Account.of(past, sessions, risk_free)
    last = np.searchsorted(account.dates, wanted.to_numpy(), side="right") - 1
    return account, np.where((last >= 0) & (account.dates[last] == wanted.to_numpy()), last, -1)


def _measured(kpi: Kpi, measure: Measure, account: Account | None, place: np.ndarray) -> Figure:
    there = place >= 0
    values, missing = np.full(place.size, np.nan), np.full(place.size, "not defined on this history", dtype=object)
    if account is not None:
        values[there] = measure(account)[place[there]]
    for n in range(1, kpi.least):
        missing[place == n - 1] = f"only {n} of the {kpi.least} sessions it takes"
    missing[~there] = "the back-test has no account value on this date"
    return Figure(values, missing)


def _handed_in(observed: pd.DataFrame | None, wanted: pd.DatetimeIndex) -> pd.DataFrame:
    """Handed-in figures, one row per date, one column per figure; NaN where there is none."""
    if observed is None:
        return pd.DataFrame(index=wanted)
    last = observed[observed["date"].isin(wanted)].drop_duplicates(["date", "kpi"], keep="last")
    return last.pivot(index="date", columns="kpi", values="value").astype(np.float64).reindex(wanted)


def _given(kpi: Kpi, given: pd.DataFrame) -> Figure:
    values = given[kpi.name].to_numpy() if kpi.name in given else np.full(len(given), np.nan)
    return Figure(values, np.full(len(given), "no figure was handed in for this date", dtype=object))


def _sources(frames: Sequence[pd.DataFrame | None], wanted: pd.DatetimeIndex) -> np.ndarray:
    """The distinct sources of each date's rows, `a; b`, as strings of shape (n_dates,)."""
    rows = pd.concat(
        [f[["date", "source"]] for f in frames if f is not None] or [pd.DataFrame(columns=["date", "source"])]
    )
    rows = rows[rows["date"].isin(wanted)]
    codes, names = pd.factorize(rows["source"].astype(object), sort=True)
    present = np.zeros((len(wanted), len(names)), dtype=bool)
    present[wanted.get_indexer(pd.DatetimeIndex(rows["date"])), codes] = True
    kinds, kind = np.unique(present, axis=0, return_inverse=True)
    texts = ["; ".join(np.asarray(names, dtype=str)[chosen]) or NO_SOURCE for chosen in kinds]
    return np.array(texts, dtype=object)[kind]


def _each_day(texts: Sequence[str], n_dates: int) -> np.ndarray:
    return np.tile(np.array(texts, dtype=object), n_dates)


def _by_date(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One array per figure to the order of the rows: by date, then by figure."""
    return np.column_stack(columns).ravel()


def _breach(kpi: Kpi, value: float, limit: float) -> str:
    side = "below" if kpi.direction == "min" else "above"
    return f"{value:.4g} is {side} {limit:.4g}"
