"""How far prices stood from fair value in the week: (market - model) / |model| in basis points, per fund and moment.

The model is the indicative value (IOPV) that was known at the moment of the price: the newest one at most
`alignment_seconds` old. Where quotes are due, a session without them or without values is BLOCKED `pending_data`; where
the source by its declaration has none there is nothing live to deviate: `not_applicable`, which is named and WARN,
never PASS. Not here: recording quotes (`market`), the comparison with the back-test (`consistency_replay`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged, overall
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.reports.tables import records

NAME = "live_deviation_snapshot"
PENDING, NOT_APPLICABLE = "pending_data", "not_applicable"
NO_QUOTES = "the source has no quotes by its declaration"
MOST = 50
SIZES = ((1e7, "below 10m"), (1e8, "10m to 100m"), (np.inf, "100m and more"))  # CNY a day
COLUMNS = ["session", "strategy", "symbol", "at", "price", "model", "deviation_bps"]


@dataclass(frozen=True)
class Quoted:
    """Quotes of one strategy's funds.

    Attributes
    ----------
    quotes : DataFrame
        `date`, `symbol`, `at` (timestamp of the quote), `last`, `iopv`; NaN where a provider gives none.
    groups : mapping of symbol to str
        Sector.
    traded : mapping of symbol to float
        Mean turnover a day, CNY.
    are_due : bool
        The source has quotes of these funds, or some were recorded; False: it has none by its declaration.
    """

    quotes: pd.DataFrame
    groups: Mapping[str, str] = field(default_factory=dict)
    traded: Mapping[str, float] = field(default_factory=dict)
    are_due: bool = True


def build(quoted: Mapping[str, Quoted], limits: ConsistencyThresholds, about: About) -> Artefact:
    """The snapshot; FAIL above `max_online_alerts`, BLOCKED where quotes are due and a session has none."""
    parts = {strategy: aligned(each.quotes, limits.alignment_seconds) for strategy, each in quoted.items()}
    rows = pd.concat([_named(strategy, part) for strategy, part in parts.items()] or [_named("", _nothing())])
    far = rows["deviation_bps"].abs()
    is_alert = far >= limits.max_live_deviation_bps
    due = {strategy: part for strategy, part in parts.items() if quoted[strategy].are_due}
    pending = [entry for strategy, part in due.items() for entry in _pending(strategy, part, about.sessions)]
    without = [strategy for strategy in quoted if strategy not in due]
    body = {
        "as_of": f"{rows['at'].max().isoformat()}" if len(rows) else "",
        "summary": {
            "n_rows": len(rows),
            "n_alerts": int(is_alert.sum()),
            "max_abs_bps": float(far.max()) if len(rows) else None,
            "mean_abs_bps": float(far.mean()) if len(rows) else None,
            "threshold_bps": limits.max_live_deviation_bps,
            "alignment_seconds": limits.alignment_seconds,
        },
        "alerts": _alerts(rows[is_alert]),
        "heat_map": _heat_map(rows, quoted),
        "pending": pending,
        "not_applicable": [{"strategy": strategy, "reason": NO_QUOTES} for strategy in without],
    }
    judged = [*_judged(int(is_alert.sum()), pending, len(quoted), limits), *_without(without)]
    return about.artefact(NAME, overall(judged), body)


def aligned(quotes: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Every price with the newest model value at most `seconds` older: `date, symbol, at, price, model, deviation_bps`.

    Prices without such a value are left out; so are values that are not positive.
    """
    priced = quotes.loc[quotes["last"] > 0.0, ["date", "symbol", "at", "last"]].sort_values("at")
    valued = quotes.loc[quotes["iopv"] > 0.0, ["symbol", "at", "iopv"]].sort_values("at")
    if priced.empty or valued.empty:
        return _nothing()
    both = pd.merge_asof(
        priced, valued, on="at", by="symbol", direction="backward", tolerance=pd.Timedelta(seconds=seconds)
    )
    both = both.dropna(subset="iopv").rename(columns={"last": "price", "iopv": "model"})
    both["deviation_bps"] = (both["price"] - both["model"]) / both["model"].abs() * 1e4
    return both.sort_values(["at", "symbol"], ignore_index=True)


def _nothing() -> pd.DataFrame:
    names = ["date", "symbol", "at", "price", "model", "deviation_bps"]
    types = ["datetime64[ns]", "str", "datetime64[ns, UTC]", "float64", "float64", "float64"]
    return pd.DataFrame({name: pd.Series(dtype=type_) for name, type_ in zip(names, types, strict=True)})


def _named(strategy: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(strategy=strategy, session=rows["date"])[COLUMNS]


def _judged(
    n_alerts: int, pending: Sequence[Mapping[str, str]], strategies: int, limits: ConsistencyThresholds
) -> list[Judged]:
    parts: list[Judged] = []
    if pending or not strategies:
        named = dict.fromkeys(each["strategy"] for each in pending)
        parts.append(
            (State.BLOCKED, f"{PENDING}: no price beside a fair value for {', '.join(named) or 'any strategy'}")
        )
    if n_alerts > limits.max_online_alerts:
        parts.append(
            (State.FAIL, f"{n_alerts} price(s) at least {limits.max_live_deviation_bps:g} bps from fair value")
        )
    return parts


def _without(strategies: Sequence[str]) -> list[Judged]:
    return [(State.WARN, f"{NOT_APPLICABLE}: {NO_QUOTES} for {', '.join(strategies)}")] if strategies else []


def _pending(strategy: str, rows: pd.DataFrame, sessions: Sequence[dt.date]) -> list[dict[str, str]]:
    known = {day.date() for day in rows["date"]}
    return [{"strategy": strategy, "session": str(day), "reason": PENDING} for day in sessions if day not in known]


def _alerts(far: pd.DataFrame) -> list[dict[str, Any]]:
    """The worst moment of every fund and session, largest first, at most 50."""
    ranked = far.assign(size=far["deviation_bps"].abs()).sort_values(
        ["size", "at", "symbol"], ascending=[False, True, True]
    )
    return records(ranked.drop_duplicates(["session", "symbol"]).head(MOST)[COLUMNS])


def _heat_map(rows: pd.DataFrame, quoted: Mapping[str, Quoted]) -> list[dict[str, Any]]:
    """Largest and mean absolute deviation per group and size bucket."""
    groups = {symbol: group for each in quoted.values() for symbol, group in each.groups.items()}
    traded = {symbol: amount for each in quoted.values() for symbol, amount in each.traded.items()}
    keyed = rows.assign(
        group=[groups.get(symbol, "unknown") for symbol in rows["symbol"]],
        bucket=[_size(traded.get(symbol)) for symbol in rows["symbol"]],
        far=rows["deviation_bps"].abs(),
    )
    by = keyed.groupby(["group", "bucket"], sort=True)["far"]
    table = by.agg(n_rows="count", max_abs_bps="max", mean_abs_bps="mean").reset_index()
    return records(table.rename(columns={"bucket": "size"}))


def _size(amount: float | None) -> str:
    if amount is None or not np.isfinite(amount):
        return "unknown"
    return next(name for limit, name in SIZES if amount < limit)
