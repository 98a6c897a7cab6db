"""Runs a strategy over the rows of one symbol and keeps what is held, row by row.

What is held follows the advice at the close. Every row of the result therefore carries the state that the next row
needs: a live signal is the last row, and one more row continued from a stored one equals the row of a whole replay.
Not here: fills, costs and equity (`backtest`).
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.tables import SIGNALS
from etf_platform.core.units.signal import FLAT, NAN, Held, Row, Signal, SignalStrategy
from etf_platform.strategies.signals.terms import NOT_YET

CONTEXT_ROWS = 20  # rows before the first decided one that every strategy's `prepare` can do with
SYMBOLS = {True: "1", False: "0", None: "-"}


def signals(
    columns: pd.DataFrame,
    strategy: SignalStrategy,
    settings: Any,
    sessions: pd.DatetimeIndex,
    warmup_bars: int,
    n_before: int = 0,
    held: Held = FLAT,
    start: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """What the strategy says at every close of one symbol, with what it then holds.

    Parameters
    ----------
    columns : DataFrame
        One symbol, ascending dates: `date`, `symbol`, `close` (adjusted), `source`, the strategy's indicator columns.
        A column that is absent makes every row BLOCKED.
    sessions : DatetimeIndex
        All sessions of the exchange calendar, from before the first row to beyond the last.
    warmup_bars : int
        Rows up to and including the first one that may be decided; before, `insufficient_data`, BLOCKED.
    n_before : int
        Bars of the symbol that lie before the first row of `columns`.
    held : Held
        Position at the close before the first decided row (`held_after` of the stored row before it).
    start : Timestamp, optional
        First row to decide; earlier rows of `columns` are context only (`CONTEXT_ROWS` are enough).

    Returns
    -------
    DataFrame
        Columns of SIGNALS, one row per row from `start` on.

    Raises
    ------
    BadInputError
        Several symbols, dates not ascending or twice, a close that is null or not positive.
    """
    if columns.empty:
        return pd.DataFrame(columns=[c.name for c in SIGNALS.columns])
    _check(columns, strategy.name)
    prepared = strategy.prepare(columns.reset_index(drop=True), settings, sessions)
    rows = []
    prepared = prepared.assign(n_bars=range(n_before + 1, n_before + 1 + len(prepared)))
    decided = prepared if start is None else prepared[prepared["date"] >= start]
    records: list[dict[str, Any]] = decided.to_dict("records")  # type: ignore[assignment]
    for row in records:
        said = decide(row, strategy, settings, held, warmup_bars)
        held = follow(held, said, float(row["close"]))
        rows.append(_row(row, strategy.name, said, held))
    return pd.DataFrame(rows, columns=[c.name for c in SIGNALS.columns]).astype(
        {"position": float, "weight": float, "entry_price": float, "stop_loss": float, "take_profit": float}
    )


def decide(row: Row, strategy: SignalStrategy, settings: Any, held: Held, warmup_bars: int) -> Signal:
    """The strategy's step, or `insufficient_data` where fewer than `warmup_bars` rows are known (`row["n_bars"]`)."""
    if row["n_bars"] < warmup_bars:
        position = 0.0 if getattr(settings, "original_compatible", False) else None
        return Signal("hold", position, NOT_YET, State.BLOCKED)
    return strategy.step(row, settings, held)


def follow(held: Held, said: Signal, close: float) -> Held:
    """What is held once the advice is followed at this close; None keeps, an opened or turned position is a new one."""
    if said.position is None or said.position == held.weight:
        return held
    if said.position == 0.0:
        return FLAT
    if held.weight * said.position > 0.0:
        return Held(said.position, held.entry_price, held.entry_reason)
    return Held(said.position, close, said.reason)


def held_after(row: Mapping[str, Any]) -> Held:
    """The state that a stored row of SIGNALS carries to the next session."""
    weight = float(row["weight"])
    if weight == 0.0:
        return FLAT
    return Held(weight, float(row["entry_price"]), str(row["entry_reason"]))


def _check(columns: pd.DataFrame, name: str) -> None:
    doing = f"running {name}"
    symbols = columns["symbol"].unique()
    if len(symbols) > 1:
        raise BadInputError(doing, f"rows of {', '.join(map(str, symbols))}", "pass one symbol at a time")
    dates = columns["date"]
    if not dates.is_monotonic_increasing or not dates.is_unique:
        wrong = dates[dates.diff() <= pd.Timedelta(0)].iloc[0]
        raise BadInputError(
            doing, f"{symbols[0]} at {wrong:%Y-%m-%d} stands twice or out of order", "repair the bars first"
        )
    bad = columns.loc[~(columns["close"] > 0.0), "date"]
    if len(bad):
        raise BadInputError(
            doing,
            f"the close of {symbols[0]} on {bad.iloc[0]:%Y-%m-%d} is missing or not positive ({len(bad)} row(s))",
            "quarantine these bars before indicators are computed",
        )


def _row(row: Row, name: str, said: Signal, held: Held) -> dict[str, Any]:
    is_open = held.weight != 0.0
    return {
        "date": row["date"],
        "symbol": row["symbol"],
        "strategy": name,
        "signal": said.signal,
        "position": NAN if said.position is None else said.position,
        "reason": said.reason,
        "state": said.state.value,
        "conditions": "".join(SYMBOLS[met] for met in said.conditions),
        "close": float(row["close"]),
        "weight": held.weight,
        "entry_price": held.entry_price if is_open else NAN,
        "entry_reason": held.entry_reason if is_open else "",
        "stop_loss": _or_nan(said.stop_loss),
        "take_profit": _or_nan(said.take_profit),
        "source": row["source"],
    }


def _or_nan(level: float | None) -> float:
    return NAN if level is None or math.isnan(level) else level
