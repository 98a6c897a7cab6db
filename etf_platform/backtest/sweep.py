"""Parameter sweeps for research: momentum rotation over look-back x number of funds x cost, with the luck deflated.

Fractional shares, no lots or limits (see `sweep_kernels`); decisions at the last session of each complete month, fills
in the next session, like the account of `rotation`. Results rank ideas; they are no record of an account.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from math import isfinite, nan

import numpy as np
import pandas as pd

from etf_platform.backtest.matrices import dense, filled_forward, sources_of
from etf_platform.backtest.terms import ExecMode
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.grids import values_of
from etf_platform.measures.performance import SESSIONS_PER_YEAR, years
from etf_platform.measures.sharpe_tests import deflated_sharpe

Progress = Callable[[int, int], None]
_DOING = "sweeping rotation parameters"


@dataclass(frozen=True)
class Grid:
    """Every combination of look-back (sessions), number of funds, and one-way cost (fraction)."""

    lookback: tuple[int, ...] = (120,)
    top_n: tuple[int, ...] = (5,)
    cost: tuple[float, ...] = (0.00125,)

    @property
    def size(self) -> int:
        """Number of combinations."""
        return len(self.lookback) * len(self.top_n) * len(self.cost)


@dataclass(frozen=True)
class Prices:
    """Total-return prices laid out once for many runs.

    `by_session` (session x symbol) is for ranking; `fill` and `close` (symbol x session) are for trading and valuation.
    `month_ends` are the positions of the last sessions of complete months.
    """

    sessions: pd.DatetimeIndex
    month_ends: np.ndarray
    symbols: pd.Index
    by_session: np.ndarray
    has_bar: np.ndarray
    fill: np.ndarray
    close: np.ndarray
    source: str


def parse_grid(params: Sequence[str]) -> Grid:
    """A grid from `name=a:b:step` (both ends included) or `name=x,y,z`; names not given keep their default.

    Raises
    ------
    BadInputError
        An unknown or repeated name, a text that is no number, an empty or endless range, a value out of bounds.
    """
    values: dict[str, tuple[Decimal, ...]] = {}
    for param in params:
        name, _, text = param.partition("=")
        if name not in {field.name for field in fields(Grid)} or name in values:
            raise _bad_param(param, "the name is unknown or repeated")
        values[name] = _numbers(param, text)
    for name, least in (("lookback", 1), ("top_n", 1)):
        if any(v < least or v != v.to_integral_value() for v in values.get(name, ())):
            raise _bad_param(name, "it takes whole numbers from 1 up")
    if any(not 0 <= v < 1 for v in values.get("cost", ())):
        raise _bad_param("cost", "it takes fractions from 0 up to 1")
    whole = {n: tuple(int(v) for v in vs) for n, vs in values.items() if n != "cost"}
    costs = {"cost": tuple(float(v) for v in values["cost"])} if "cost" in values else {}
    return Grid(**whole, **costs)  # type: ignore[arg-type]


def lay_out(bars: pd.DataFrame, exec_mode: ExecMode = "next_close_close") -> Prices:
    """Total-return prices of bars, carried forward over missing bars; NaN before a fund's first bar."""
    sessions = pd.DatetimeIndex(bars["date"].unique()).sort_values().as_unit("ns")
    symbols = pd.Index(sorted(bars["symbol"].unique()))
    opens, close, adj = dense(bars, ["open", "close", "adj_factor"], sessions, symbols)
    known, carried = np.isfinite(close), filled_forward(close * adj)
    fill = carried if exec_mode == "next_close_close" else np.where(known, opens * adj, carried)
    by_symbol = np.ascontiguousarray(carried.T)
    fills = by_symbol if fill is carried else np.ascontiguousarray(fill.T)
    return Prices(sessions, _month_ends(sessions), symbols, carried, known, fills, by_symbol, sources_of(bars))


def sweep(
    bars: pd.DataFrame,
    grid: Grid,
    on_progress: Progress | None = None,
    exec_mode: ExecMode = "next_close_close",
    risk_free: float = 0.03,
) -> pd.DataFrame:
    """Figures of every combination of the grid over one common period.

    Parameters
    ----------
    bars : DataFrame
        Rows of `BARS`.
    grid : Grid
    on_progress : callable, optional
        Called with (combinations done, combinations in all).
    exec_mode : str
        Fill at the close or at the open of the session after the decision.
    risk_free : float
        Per year.

    Returns
    -------
    DataFrame
        One row per combination, in the order of the grid: lookback, top_n, cost, total_return, annual_return,
        max_drawdown, sharpe, annual_turnover, n_sessions, deflated_sharpe, is_best, source. `deflated_sharpe` is the
        probability that the row's Sharpe ratio is above what the best of so many worthless trials would show, from the
        variance of all trials' ratios; for the row `is_best` it answers whether the winner is more than luck. NaN where
        returns do not vary.

    Raises
    ------
    InsufficientDataError
        No complete month ends after the longest look-back.
    """
    return sweep_prices(lay_out(bars, exec_mode), grid, on_progress, risk_free)


def sweep_prices(
    prices: Prices, grid: Grid, on_progress: Progress | None = None, risk_free: float = 0.03
) -> pd.DataFrame:
    """`sweep` on prices that are laid out already."""
    from etf_platform.backtest.sweep_kernels import best_by_momentum, sweep_cells

    decisions = decision_sessions(prices, max(grid.lookback))
    top_ns, costs = np.array(grid.top_n), np.array(grid.cost, dtype=np.float64)
    blocks = []
    for lookback in grid.lookback:
        chosen = best_by_momentum(prices.by_session, prices.has_bar, decisions, lookback, max(grid.top_n))
        args = (prices.fill, prices.close, decisions + 1, chosen, top_ns, costs, risk_free / SESSIONS_PER_YEAR)
        blocks.append(sweep_cells(*args))
        if on_progress is not None:
            on_progress(len(blocks) * len(top_ns) * len(costs), grid.size)
    return _table(np.vstack(blocks), grid, prices, int(decisions[0]))


def equity_of(prices: Prices, lookback: int, top_n: int, cost: float) -> pd.Series:
    """Value of one combination at every close from its first decision on, starting at 1, indexed by session."""
    from etf_platform.backtest.sweep_kernels import best_by_momentum, drift

    decisions = decision_sessions(prices, lookback)
    chosen = best_by_momentum(prices.by_session, prices.has_bar, decisions, lookback, top_n)
    values, _ = drift(prices.fill, prices.close, decisions + 1, chosen, top_n, cost)
    return pd.Series(values, index=prices.sessions[decisions[0] :])


def decision_sessions(prices: Prices, lookback: int) -> np.ndarray:
    """Positions of the last sessions of complete months, at or after `lookback`.

    Raises
    ------
    InsufficientDataError
        There is none.
    """
    ends = prices.month_ends[prices.month_ends >= lookback]
    if ends.size == 0:
        raise InsufficientDataError(_DOING, f"no month ends after {lookback} sessions", "pass more sessions")
    return ends


def _month_ends(sessions: pd.DatetimeIndex) -> np.ndarray:
    months = sessions.to_numpy().astype("datetime64[M]")
    return np.flatnonzero(months[1:] != months[:-1])


def _table(cells: np.ndarray, grid: Grid, prices: Prices, first: int) -> pd.DataFrame:
    names = pd.MultiIndex.from_product([grid.lookback, grid.top_n, grid.cost], names=["lookback", "top_n", "cost"])
    span, n = years(prices.sessions[first:]), len(prices.sessions) - first - 1
    total, drawdown, mean, spread, skew, kurtosis, turnover = cells.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(spread > 0.0, mean / spread, nan)
    frame = pd.DataFrame(
        {
            "total_return": total,
            "annual_return": (1.0 + total) ** (1.0 / span) - 1.0,
            "max_drawdown": drawdown,
            "sharpe": ratio * np.sqrt(SESSIONS_PER_YEAR),
            "annual_turnover": turnover / span,
            "n_sessions": n + 1,
            "deflated_sharpe": _deflated(ratio, skew, kurtosis, n),
            "is_best": ratio == np.nanmax(ratio) if np.isfinite(ratio).any() else False,
            "source": prices.source,
        },
        index=names,
    )
    return frame.reset_index()


def _deflated(ratio: np.ndarray, skew: np.ndarray, kurtosis: np.ndarray, n: int) -> list[float]:
    """Deflated Sharpe ratio of every trial; `ratio` is per session."""
    known = ratio[np.isfinite(ratio)]
    variance = float(known.var(ddof=1)) if known.size > 1 else 0.0
    return [
        deflated_sharpe(r, n, known.size, variance, s, k) if isfinite(r) else nan
        for r, s, k in zip(ratio.tolist(), skew.tolist(), kurtosis.tolist(), strict=True)
    ]


def _numbers(param: str, text: str) -> tuple[Decimal, ...]:
    try:
        return values_of(text)
    except ValueError as error:
        raise _bad_param(param, str(error)) from None


def _bad_param(param: str, saw: str) -> BadInputError:
    names = ", ".join(field.name for field in fields(Grid))
    return BadInputError(f"reading --param {param!r}", saw, f"write name=a:b:step or name=x,y with a name of {names}")
