"""The rotation account: target weights and bars in; equity, rebalances, fills and positions out.

A decision at the close of a session fills in the next session: this is the only shift. The rules of trade are those of
`terms`; the loop over sessions stands in `kernels`. Scores and weights come from `strategies`, figures from `metrics`.
"""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.backtest.limits import at_limits, limit_rates
from etf_platform.backtest.matrices import Market, Plan, Rules, dense, sources_of
from etf_platform.backtest.terms import Terms
from etf_platform.core.errors import BadInputError, InsufficientDataError

STATUS = ("filled", "limit_up", "limit_down", "no_trade", "no_cash", "below_lot")
SIDE = ("buy", "sell")
_DOING = "back-testing a rotation"


@dataclass(frozen=True)
class Account:
    """The four tables of a back-test: `EQUITY`, `REBALANCES`, `FILLS`, `POSITIONS` of `core.tables`."""

    equity: pd.DataFrame
    rebalances: pd.DataFrame
    fills: pd.DataFrame
    positions: pd.DataFrame


@dataclass(frozen=True)
class _Decisions:
    """Decision dates, weights (decision x symbol), and the void flag of each decision."""

    dates: pd.DatetimeIndex
    weights: np.ndarray
    is_void: np.ndarray


def run_rotation(
    targets: pd.DataFrame, bars: pd.DataFrame, terms: Terms, sessions: pd.DatetimeIndex | None = None
) -> Account:
    """Trade the target weights of every decision in the session after it, and value the account at every close.

    Parameters
    ----------
    targets : DataFrame
        Rows of `TARGETS`; only those with `is_decision` matter. Symbols without a row have weight 0; the rest is cash.
    bars : DataFrame
        Rows of `BARS`, prices as traded; a column `limit_rate` (the daily limit of the row as a fraction, NaN for none)
        goes before `terms.limit_of`, because limits change in time.
    terms : Terms
        Costs, limits, lots, fill price, start.
    sessions : DatetimeIndex, optional
        Exchange sessions of the period; default: every date on which some fund has a bar.

    Returns
    -------
    Account
        From the first session (value = initial capital) to the last one. Row t depends on nothing later than t.

    Raises
    ------
    InsufficientDataError
        There is no decision, or the account would start after the last bar.
    BadInputError
        A weight is NaN or negative, or the weights of a day exceed 1; a weight for a fund without any bar; a decision
        on no session; repeated rows.
    """
    from etf_platform.backtest.kernels import run

    calendar = _sessions(bars, sessions)
    symbols = pd.Index(sorted(bars["symbol"].unique()))
    decisions = _decisions(targets, calendar, symbols)
    first = _first_session(decisions, calendar, terms)
    market = Market(*(np.ascontiguousarray(m[first:]) for m in _market(bars, calendar, symbols, terms)))
    plan = Plan(_fill_sessions(decisions, calendar, first), decisions.weights)
    days, fills, held = run(market, plan, _rules(symbols, terms), float(terms.initial_capital))
    equity = _equity(days, calendar[first:], sources_of(bars))
    orders = _fills(fills, decisions, equity, symbols)
    positions = _positions(held, equity, symbols)
    return Account(equity, _rebalances(decisions, equity, orders, positions), orders, positions)


def _sessions(bars: pd.DataFrame, sessions: pd.DatetimeIndex | None) -> pd.DatetimeIndex:
    if sessions is not None:
        return sessions[sessions <= bars["date"].max()].as_unit("ns")
    return pd.DatetimeIndex(bars["date"].unique()).sort_values().as_unit("ns")


def _decisions(targets: pd.DataFrame, calendar: pd.DatetimeIndex, symbols: pd.Index) -> _Decisions:
    rows = targets[targets["is_decision"].astype(bool)]
    if rows.empty:
        raise InsufficientDataError(
            _DOING, "there is no decision", "pass targets that reach the end of a complete month"
        )
    dates = pd.DatetimeIndex(rows["date"].unique()).sort_values().as_unit("ns")
    stray = dates.difference(calendar)
    if len(stray):
        raise BadInputError(_DOING, f"{stray[0]:%Y-%m-%d} is a decision but no session", "decide on sessions only")
    _check_weights(rows, symbols)
    known = rows[rows["symbol"].isin(symbols)]
    (weights,) = dense(known, ["target_weight"], dates, symbols)
    is_void = (
        rows.groupby("date")["selection_void"].any() if "selection_void" in rows else pd.Series(False, index=dates)
    )
    return _Decisions(dates, np.nan_to_num(weights), is_void.reindex(dates).to_numpy(dtype=bool))


def _check_weights(rows: pd.DataFrame, symbols: pd.Index) -> None:
    weights = rows["target_weight"].to_numpy(dtype=np.float64)
    if not np.isfinite(weights).all() or (weights < 0.0).any():
        raise BadInputError(_DOING, "a target weight is NaN, infinite or negative", "weights are fractions from 0 to 1")
    sums = rows.groupby("date")["target_weight"].sum()
    if (sums > 1.0 + 1e-9).any():
        raise BadInputError(
            _DOING, f"the weights of {sums.idxmax():%Y-%m-%d} sum to {sums.max():g}", "keep them at or below 1"
        )
    unknown = rows.loc[(weights > 0.0) & ~rows["symbol"].isin(symbols), "symbol"]
    if len(unknown):
        raise BadInputError(_DOING, f"{unknown.iloc[0]} has a target but no bar", "pass the bars of every target")


def _first_session(decisions: _Decisions, calendar: pd.DatetimeIndex, terms: Terms) -> int:
    if terms.start is not None:
        first = int(calendar.searchsorted(pd.Timestamp(terms.start)))
    else:
        selecting = decisions.weights.sum(axis=1) > 0.0
        first = int(calendar.searchsorted(decisions.dates[int(selecting.argmax())]))
    if first >= len(calendar):
        raise InsufficientDataError(
            _DOING, f"the account starts on {terms.start}, after the last bar", "start it earlier"
        )
    return first


def _fill_sessions(decisions: _Decisions, calendar: pd.DatetimeIndex, first: int) -> np.ndarray:
    """For every session from `first` on, the decision that fills in it, or -1: the one shift of the platform."""
    fills = np.full(len(calendar) + 1, -1, dtype=np.int64)
    fills[calendar.get_indexer(decisions.dates) + 1] = np.arange(len(decisions.dates))
    fills[first] = -1
    return fills[first:-1]


def _market(bars: pd.DataFrame, calendar: pd.DatetimeIndex, symbols: pd.Index, terms: Terms) -> Market:
    price = "open" if terms.exec_mode == "next_open_close" else "close"
    names = [price, "close", "adj_factor", "prev_close", "volume"]
    fill, close, adj, prev_close, volume = dense(bars, names, calendar, symbols)
    at_down, at_up = at_limits(fill, prev_close, limit_rates(bars, calendar, symbols, terms.limit_of))
    is_traded = np.isfinite(fill) & (volume > 0.0)
    return Market(fill, close, adj, is_traded, at_down, at_up)


def _rules(symbols: pd.Index, terms: Terms) -> Rules:
    cost = np.array([terms.cost_of.get(s, terms.cost) for s in symbols], dtype=np.float64)
    sale = np.zeros_like(cost) if terms.original_compatible else cost
    return Rules(cost, sale, float(terms.lot), float(terms.min_weight_change), bool(terms.original_compatible))


def _equity(days: np.ndarray, calendar: pd.DatetimeIndex, source: str) -> pd.DataFrame:
    names = ["portfolio_value", "holdings_value", "cash", "cost", "turnover", "n_positions", "n_stale"]
    frame = pd.DataFrame(days, columns=names).astype({"n_positions": "int64", "n_stale": "int64"})
    frame.insert(0, "date", calendar)
    return frame.assign(source=source)


def _fills(log: np.ndarray, decisions: _Decisions, equity: pd.DataFrame, symbols: pd.Index) -> pd.DataFrame:
    decision, session, symbol, side, status = (log[:, c].astype(np.int64) for c in (0, 1, 2, 3, 7))
    frame = pd.DataFrame(
        {
            "decision_date": decisions.dates[decision],
            "date": equity["date"].to_numpy()[session],
            "symbol": symbols.to_numpy()[symbol],
            "side": np.array(SIDE, dtype=object)[side],
            "shares": log[:, 4],
            "price": log[:, 5],
            "value": np.where(log[:, 4] > 0.0, log[:, 4] * np.nan_to_num(log[:, 5]), 0.0),
            "cost": log[:, 6],
            "status": np.array(STATUS, dtype=object)[status],
            "source": _source(equity),
        }
    )
    return frame.sort_values(["decision_date", "date", "symbol", "side"], ignore_index=True)


def _positions(log: np.ndarray, equity: pd.DataFrame, symbols: pd.Index) -> pd.DataFrame:
    session, symbol = log[:, 0].astype(np.int64), log[:, 1].astype(np.int64)
    value = log[:, 2] * log[:, 3]
    return pd.DataFrame(
        {
            "date": equity["date"].to_numpy()[session],
            "symbol": symbols.to_numpy()[symbol],
            "shares": log[:, 2],
            "price": log[:, 3],
            "value": value,
            "weight": value / equity["portfolio_value"].to_numpy()[session],
            "is_stale": log[:, 4] > 0.0,
            "source": _source(equity),
        }
    )


def _source(equity: pd.DataFrame) -> str:
    return str(equity["source"].iloc[0])


def _rebalances(
    decisions: _Decisions, equity: pd.DataFrame, fills: pd.DataFrame, positions: pd.DataFrame
) -> pd.DataFrame:
    calendar = pd.DatetimeIndex(equity["date"])
    at = calendar.searchsorted(decisions.dates, side="right")
    kept = (at < len(calendar)) & (decisions.dates >= calendar[0])
    at, day = at[kept], equity.iloc[at[kept]].reset_index(drop=True)
    done = fills[fills["status"] == "filled"]
    paid = done[done["date"].isin(day["date"])].groupby("date")["cost"].sum()
    return pd.DataFrame(
        {
            "decision_date": decisions.dates[kept],
            "date": day["date"],
            "portfolio_value": day["portfolio_value"],
            "cash": day["cash"],
            "transaction_cost": paid.reindex(day["date"]).fillna(0.0).to_numpy(),
            "cumulative_cost": equity["cost"].cumsum().to_numpy()[at],
            "num_positions": day["n_positions"],
            "positions": _json_by_date(positions, "shares", day["date"]),
            "execution_prices": _json_by_date(done, "price", day["date"]),
            "selection_void": decisions.is_void[kept],
            "source": _source(equity),
        }
    )


def _json_by_date(frame: pd.DataFrame, column: str, dates: pd.Series) -> list[str]:
    """One JSON object symbol -> value for each date."""
    wanted = frame[frame["date"].isin(dates)]
    by_date: dict[pd.Timestamp, dict[str, float]] = {day: {} for day in dates}
    for day, symbol, value in zip(*(wanted[name].tolist() for name in ("date", "symbol", column)), strict=True):
        by_date[day][symbol] = value
    return [json.dumps(by_date[day]) for day in dates]
