"""The event back-test that a person asks for now, with parameters of the original; nothing is stored here.

The signals, trades and figures are those of the asset (`steps.event_study`); parameters only narrow them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pandas as pd

from etf_platform.backtest.events.statistics import statistics
from etf_platform.backtest.events.terms import Variant, every_variant
from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.event_study import (
    Materials,
    event_terms,
    materials,
    signal_terms,
    signals_of,
    traded,
    with_interpolation,
)
from etf_platform.orchestration.steps.tables import StepTables

Advance = Callable[[float, str], None]
READ, SIGNALLED = 0.4, 0.5
DOING = "starting an event back-test"


@dataclass(frozen=True)
class Params:
    """What is asked: days, least weight of a stock, evaluator, interpolation, most stocks and funds (None: all)."""

    start: date | None
    end: date | None
    min_weight: float
    evaluator: str
    interpolation: str
    max_stocks: int | None
    max_etfs: int | None


def run_backtest(platform: Platform, params: Mapping[str, Any], advance: Advance) -> dict[str, Any]:
    """Signals, counts, trades and figures between two days.

    Parameters
    ----------
    params : mapping
        `start_date`, `end_date` (YYYYMMDD or YYYY-MM-DD), `granularity`, `min_weight`, `evaluator_type`,
        `interpolation`, `max_stocks`, `max_etfs`; what is missing is as configured. A bound on stocks keeps those with
        the largest sum of weights, one on funds those that come first in `watch_etfs`.
    advance : callable
        Told the finished share (0 to 1) and what is being done.

    Returns
    -------
    dict
        Values that JSON can hold: `params`, `variant` (the configured entry and exit) and its figures over all trades
        (`n_trades`, `n_days`, `mean_net`, `mean_extra`, `low`, `high`, `win_rate`; None where there are none),
        `signals`, `statistics`, `figures` (all variants and buckets), `trades` (of the configured variant), `notes`.

    Raises
    ------
    BadInputError, UnknownUnitError
        A parameter is none, minutes are asked for, or interpolation looks ahead.
    MissingTableError
        Nothing is stored yet.
    """
    asked = params_of(platform, params)
    advance(0.0, "reading boards, holdings and prices")
    found = _narrowed(platform, materials(platform, StepTables(platform, Window(asked.start, asked.end))), asked)
    advance(READ, "looking for signals")
    signals = signals_of(found, signal_terms(platform, asked.evaluator, asked.min_weight))
    advance(SIGNALLED, f"trading {len(signals)} signals")
    own = Variant(platform.config.arbitrage.backtest.entry, platform.config.arbitrage.backtest.exit)
    trades, figures = traded(
        found,
        signals,
        every_variant(),
        event_terms(platform, found),
        lambda share: advance(SIGNALLED + (1.0 - SIGNALLED) * share, "trading"),
    )
    return {
        "params": {**params, "start_date": _text(asked.start), "end_date": _text(asked.end)},
        "variant": own.name,
        **_headline(figures, own),
        "signals": _records(signals),
        "statistics": statistics(signals),
        "figures": _records(figures),
        "trades": _records(trades[trades["variant"] == own.name]),
        "notes": _notes(found, signals, asked),
    }


def _headline(figures: pd.DataFrame, own: Variant) -> dict[str, Any]:
    mine = figures[(figures["variant"] == own.name) & (figures["bucket"] == "all")]
    names = {"trades": "n_trades", "days": "n_days"}
    kept = ["trades", "days", "mean_net", "mean_extra", "low", "high", "win_rate"]
    return _records(mine[kept].rename(columns=names))[0]


def params_of(platform: Platform, given: Mapping[str, Any]) -> Params:
    """The parameters, checked; raises BadInputError."""
    start, end = (_day(given.get(name), name) for name in ("start_date", "end_date"))
    if start is not None and end is not None and start > end:
        raise BadInputError(DOING, f"start_date {start} lies after end_date {end}", "swap them")
    granularity, how = given.get("granularity") or "daily", given.get("interpolation") or "step"
    if granularity != "daily":
        _refuse_minutes(platform, str(granularity))
    if how not in ("step", "linear"):
        raise BadInputError(DOING, f"there is no interpolation {how!r}", "use step")
    least = given.get("min_weight")
    return Params(
        start,
        end,
        platform.config.arbitrage.strategy.min_weight if least is None else float(least),
        str(given.get("evaluator_type") or platform.config.arbitrage.strategy.evaluator_type),
        how,
        given.get("max_stocks") or None,
        given.get("max_etfs") or None,
    )


def _refuse_minutes(platform: Platform, granularity: str) -> None:
    has_minutes = platform.lake.exists(t.MINUTES, platform.config.arbitrage.stocks)
    saw = "boards are found in daily bars only" if has_minutes else "no minutes of stocks are stored"
    raise BadInputError(DOING, f"granularity {granularity}: {saw}", "use granularity daily")


def _narrowed(platform: Platform, found: Materials, asked: Params) -> Materials:
    """The materials of these days, funds and stocks."""
    kept = found.during(asked.start, asked.end)
    if asked.interpolation == "linear":
        kept = with_interpolation(kept, platform.config.arbitrage.strategy.original_compatible)
    holdings = kept.holdings
    if asked.max_etfs is not None:
        order = [*platform.config.arbitrage.watch_etfs, *sorted(set(holdings["symbol"]))]
        held = set(holdings["symbol"])
        chosen = [fund for fund in dict.fromkeys(order) if fund in held][: asked.max_etfs]
        holdings = holdings[holdings["symbol"].isin(chosen)]
    if asked.max_stocks is None:
        return replace(kept, holdings=holdings)
    largest = holdings.groupby("stock")["weight"].sum().sort_values(ascending=False, kind="stable").index
    return replace(kept, holdings=holdings, boards=kept.boards[kept.boards["symbol"].isin(largest[: asked.max_stocks])])


def _notes(found: Materials, signals: pd.DataFrame, asked: Params) -> list[str]:
    """What a reader has to know beside the numbers."""
    notes = ["daily bars know a board at the close: signals are of the close, and the risk word always says 高"]
    if len(found.holdings):
        notes.append(f"holdings are first usable on {found.holdings['published_at'].min():%Y-%m-%d}")
    if asked.interpolation == "linear":
        notes.append("weights between reports are interpolated, which looks ahead")
    if len(signals) and signals["premium"].isna().any():
        notes.append("premium and edge are null where prices of 5 % or more of a fund's weight are missing")
    return notes


def _day(value: Any, name: str) -> date | None:
    if value in (None, ""):
        return None
    for form in ("%Y%m%d", "%Y-%m-%d"):
        try:
            return datetime.strptime(str(value), form).date()
        except ValueError:
            continue
    raise BadInputError(DOING, f"{name} {value!r} is no date", "write YYYYMMDD")


def _text(day: date | None) -> str | None:
    return None if day is None else f"{day:%Y%m%d}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values: dates as YYYY-MM-DD, NaN as None."""
    dates = [str(name) for name, kind in frame.dtypes.items() if pd.api.types.is_datetime64_any_dtype(kind)]
    plain = frame.assign(**{name: frame[name].dt.strftime("%Y-%m-%d") for name in dates}).astype(object)
    return [{str(k): v for k, v in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")]
