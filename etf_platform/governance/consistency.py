"""Online against offline: the account as recorded against the back-test of the same configuration on today's data.

Stages in the order of the data flow: data, feature, signal, weight, order, fill, return; the first that differs is
where to look. A day looks back over the last `LOOK_BACK` sessions, because a look-ahead, a restated price or a missed
day shows only once later data are there. Not here: the sides (`consistency_sides`), reading and storing
(`orchestration.steps.consistency`).
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.core.tables import CONSISTENCY
from etf_platform.core.ticks import ETF_TICK
from etf_platform.governance.consistency_sides import PRICES, Side

STAGES = ("data", "feature", "signal", "weight", "order", "fill", "return")
LOOK_BACK = 5  # sessions, the day included
EXAMPLES = 5
PENDING = "pending_data"
NOISE = 1e-6  # relative difference of two floats that counts as none (the panel is float32)


@dataclass(frozen=True)
class About:
    """What was compared: digest of the configuration, JSON of table versions, source of the rows."""

    config: str
    data_version: str
    source: str


@dataclass(frozen=True)
class Reading:
    """One measure: its value, the rows that differ most, and a reason that goes before the standard one."""

    value: float
    examples: list[dict[str, object]]
    reason: str = ""


@dataclass(frozen=True)
class _Pair:
    """Both sides cut to the sessions that are looked back on; `missed` are those without a record."""

    online: Side
    offline: Side
    day: pd.Timestamp
    missed: list[str]


Measure = tuple[str, str, Callable[[_Pair], Reading], Callable[[ConsistencyThresholds], float], Literal["max", "min"]]


def consistency_rows(
    online: Side,
    offline: Side | None,
    day: pd.Timestamp,
    sessions: pd.DatetimeIndex,
    limits: ConsistencyThresholds,
    about: About,
) -> pd.DataFrame:
    """Rows of `CONSISTENCY` of one day.

    Parameters
    ----------
    online : Side
        As recorded, from the first session of the account to `day` or later.
    offline : Side or None
        As it comes out now; None when there is no data to make it from.
    day : Timestamp
    sessions : DatetimeIndex
        Sessions of the exchange from the first of the account on, `day` included.
    limits : ConsistencyThresholds
    about : About

    Returns
    -------
    DataFrame
        One row per measure. Without a counterpart every row is BLOCKED `pending_data`, never PASS.
    """
    span = sessions[sessions <= day][-LOOK_BACK:]
    if offline is None or day not in set(online.decisions["date"]) or day not in online.nav.index:
        judged = [_blocked(name, stage, limit(limits)) for stage, name, _, limit, _ in MEASURES]
    else:
        pair = _cut(online, offline, span, day)
        judged = [_judged(measure, pair, limits) for measure in MEASURES]
    first = next((row["stage"] for row in judged if row["state"] != "PASS"), None)
    frame = pd.DataFrame(judged)
    frame["is_first"] = (frame["stage"] == first) & (frame["state"] != "PASS")
    frame = frame.assign(date=day, config=about.config, data_version=about.data_version, source=about.source)
    return frame[[c.name for c in CONSISTENCY.columns]]


def verdict(rows: pd.DataFrame) -> str:
    """FAIL, BLOCKED or PASS of a day's rows; BLOCKED without rows."""
    states = set(rows["state"])
    return next((state for state in ("FAIL", "BLOCKED") if state in states), "PASS" if states else "BLOCKED")


def first_stage(rows: pd.DataFrame) -> str:
    """The first diverging stage of a day's rows; empty when all pass."""
    found = rows.loc[rows["is_first"].astype(bool), "stage"]
    return str(found.iloc[0]) if len(found) else ""


def _cut(online: Side, offline: Side, span: pd.DatetimeIndex, day: pd.Timestamp) -> _Pair:
    known = set(online.decisions["date"])
    kept = [session for session in span if session in known]
    missed = [f"{session:%Y-%m-%d}" for session in span if session not in known]

    def cut(side: Side) -> Side:
        frames = (side.bars, side.features, side.decisions)
        bars, features, decisions = (frame[frame["date"].isin(kept)] for frame in frames)
        fills = side.fills[side.fills["date"].isin(span)]
        return Side(bars, features, decisions, fills, side.nav.loc[:day])

    return _Pair(cut(online), cut(offline), day, missed)


def _judged(measure: Measure, pair: _Pair, limits: ConsistencyThresholds) -> dict[str, object]:
    stage, name, read, limit_of, kind = measure
    reading, limit = read(pair), float(limit_of(limits))
    if math.isnan(reading.value):
        return _blocked(name, stage, limit)
    passed = reading.value >= limit if kind == "min" else reading.value <= limit
    sign = "<" if kind == "min" else ">"
    said = reading.reason or f"{name} {reading.value:.6g} {sign} {limit:g}"
    return {
        "stage": stage,
        "measure": name,
        "value": reading.value,
        "limit": limit,
        "state": "PASS" if passed else "FAIL",
        "reason": "" if passed else said,
        "examples": json.dumps(reading.examples[:EXAMPLES]),
    }


def _blocked(name: str, stage: str, limit: float) -> dict[str, object]:
    return {
        "stage": stage,
        "measure": name,
        "value": math.nan,
        "limit": float(limit),
        "state": "BLOCKED",
        "reason": PENDING,
        "examples": "[]",
    }


def _missed(pair: _Pair) -> Reading:
    return Reading(float(len(pair.missed)), [{"date": d} for d in pair.missed], "missed: " + ", ".join(pair.missed))


def _prices(pair: _Pair) -> Reading:
    both = pair.online.bars.merge(pair.offline.bars, on=["date", "symbol"], how="outer", suffixes=("", "_now"))
    wrong = np.zeros(len(both), dtype=bool)
    for name in PRICES:
        was, now = both[name].to_numpy(dtype=np.float64), both[f"{name}_now"].to_numpy(dtype=np.float64)
        step = NOISE * np.abs(now) if name == "adj_factor" else ETF_TICK * (1.0 + NOISE)
        wrong |= (np.abs(was - now) > step) | (np.isnan(was) != np.isnan(now))
    shown = ["date", "symbol", "open", "open_now", "close", "close_now", "adj_factor", "adj_factor_now"]
    return Reading(_share(wrong), _examples(both.loc[wrong, shown]))


def _features(pair: _Pair) -> Reading:
    key = ["date", "symbol", "feature"]
    both = pair.online.features.merge(pair.offline.features, on=key, how="outer", suffixes=("", "_now"), indicator=True)
    wrong = _differ(both["value"], both["value_now"]) | (both["_merge"] != "both").to_numpy()
    return Reading(_share(wrong), _examples(both.loc[wrong, [*key, "value", "value_now"]]))


def _scores(pair: _Pair) -> Reading:
    both = _decisions(pair)
    wrong = _differ(both["score"], both["score_now"])
    return Reading(_share(wrong), _examples(both.loc[wrong, ["date", "symbol", "score", "score_now"]]))


def _signals(pair: _Pair) -> Reading:
    """The smallest Jaccard of selected sets over the sessions; two empty sets agree."""
    both = _decisions(pair)
    was, now = both["target"].fillna(0.0) > 0.0, both["target_now"].fillna(0.0) > 0.0
    shared, either = (flags.astype("float64").groupby(both["date"]).sum() for flags in (was & now, was | now))
    jaccard = (shared / either).where(either > 0, 1.0)
    changed = both[was != now].assign(kind=np.where(was[was != now], "extra online", "missing online"))
    return Reading(float(jaccard.min()), _examples(changed[["date", "symbol", "kind"]]))


def _weights(pair: _Pair) -> Reading:
    both = _decisions(pair)
    gap = (both["weight"].fillna(0.0) - both["weight_now"].fillna(0.0)).abs()
    far = both.assign(gap=gap)[gap > 0.0].sort_values("gap", ascending=False)
    half = 0.5 * gap.groupby(both["date"]).sum()
    return Reading(float(half.max()), _examples(far[["date", "symbol", "weight", "weight_now"]]))


def _orders(pair: _Pair) -> Reading:
    both = _fills(pair)
    alone = both[both["_merge"] != "both"]
    jaccard = 1.0 - len(alone) / len(both) if len(both) else 1.0
    side = alone["_merge"].map({"left_only": "online", "right_only": "offline"}).astype(str)
    return Reading(jaccard, _examples(alone.assign(only=side)[["date", "symbol", "side", "only"]]))


def _fill_states(pair: _Pair) -> Reading:
    both = _fills(pair)
    both = both[both["_merge"] == "both"]
    wrong = (both["status"] != both["status_now"]).to_numpy()
    return Reading(_share(wrong), _examples(both.loc[wrong, ["date", "symbol", "side", "status", "status_now"]]))


def _fill_prices(pair: _Pair) -> Reading:
    both = _fills(pair)
    both = both[(both["shares"] > 0.0) & (both["shares_now"] > 0.0)]
    wrong = ((both["price"] - both["price_now"]).abs() > ETF_TICK * (1.0 + NOISE)).to_numpy()
    return Reading(_share(wrong), _examples(both.loc[wrong, ["date", "symbol", "side", "price", "price_now"]]))


def _fill_sizes(pair: _Pair) -> Reading:
    """Half the sum of differences of filled values, of the day on which it is largest, over the account's value."""
    both = _fills(pair)
    gap = (both["value"].fillna(0.0) - both["value_now"].fillna(0.0)).abs()
    worth = both["date"].map(pair.online.nav)
    half = (0.5 * gap / worth).groupby(both["date"]).sum()
    far = both.assign(gap=gap)[gap > 0.0].sort_values("gap", ascending=False)
    value = float(half.max()) if len(half) else 0.0
    return Reading(value, _examples(far[["date", "symbol", "side", "value", "value_now"]]))


def _cost_rates(pair: _Pair) -> Reading:
    """Difference of cost over traded value, in basis points, over all fills of the sessions."""
    was, now = (_rate(side.fills) for side in (pair.online, pair.offline))
    return Reading(abs(was - now), [{"cost_bps": round(was, 4), "cost_bps_now": round(now, 4)}])


def _daily(pair: _Pair) -> Reading:
    return _returns(pair, 1)


def _weekly(pair: _Pair) -> Reading:
    days = pd.DatetimeIndex(pair.offline.nav.index)
    this = days.isocalendar()
    inside = (this["year"] == this["year"].iloc[-1]) & (this["week"] == this["week"].iloc[-1])
    return _returns(pair, int(inside.sum()))


def _monthly(pair: _Pair) -> Reading:
    days = pd.DatetimeIndex(pair.offline.nav.index)
    return _returns(pair, int((days.to_period("M") == days[-1].to_period("M")).sum()))


def _returns(pair: _Pair, sessions: int) -> Reading:
    """Difference of the two accounts' returns over the last sessions, bp; young ones from their first close."""
    values = [side.nav.reindex(pair.offline.nav.index).ffill() for side in (pair.online, pair.offline)]
    before = max(len(values[0]) - 1 - sessions, 0)
    was, now = (float(nav.iloc[-1] / nav.iloc[before] - 1.0) for nav in values)
    return Reading(abs(was - now) * 1e4, [{"return": round(was, 8), "return_now": round(now, 8)}])


def _decisions(pair: _Pair) -> pd.DataFrame:
    columns = ["date", "symbol", "score", "target", "weight"]
    sides = (pair.online.decisions[columns], pair.offline.decisions[columns])
    return sides[0].merge(sides[1], on=["date", "symbol"], how="outer", suffixes=("", "_now"))


def _fills(pair: _Pair) -> pd.DataFrame:
    key, columns = ["date", "symbol", "side"], ["shares", "price", "value", "status"]
    sides = [side.fills[[*key, *columns]].drop_duplicates(key) for side in (pair.online, pair.offline)]
    return sides[0].merge(sides[1], on=key, how="outer", suffixes=("", "_now"), indicator=True)


def _rate(fills: pd.DataFrame) -> float:
    value = float(fills["value"].sum())
    return 1e4 * float(fills["cost"].sum()) / value if value > 0.0 else 0.0


def _differ(was: pd.Series, now: pd.Series) -> np.ndarray:
    a, b = was.to_numpy(dtype=np.float64), now.to_numpy(dtype=np.float64)
    return (np.isnan(a) != np.isnan(b)) | (np.abs(a - b) > NOISE * np.maximum(np.abs(a), np.abs(b)) + 1e-12)


def _share(wrong: np.ndarray) -> float:
    return float(wrong.mean()) if len(wrong) else 0.0


def _examples(rows: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows.head(EXAMPLES).to_dict("records")]


def _plain(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return None if isinstance(value, float) and math.isnan(value) else value


MEASURES: tuple[Measure, ...] = (
    ("data", "missed_sessions", _missed, lambda limits: 0.0, "max"),
    ("data", "price_mismatch", _prices, lambda limits: limits.max_price_mismatch, "max"),
    ("feature", "value_mismatch", _features, lambda limits: limits.max_price_mismatch, "max"),
    ("signal", "score_mismatch", _scores, lambda limits: limits.max_price_mismatch, "max"),
    ("signal", "signal_jaccard", _signals, lambda limits: limits.min_signal_jaccard, "min"),
    ("weight", "weight_distance", _weights, lambda limits: limits.max_weight_distance, "max"),
    ("order", "order_jaccard", _orders, lambda limits: limits.min_signal_jaccard, "min"),
    ("fill", "status_mismatch", _fill_states, lambda limits: limits.max_price_mismatch, "max"),
    ("fill", "fill_price_mismatch", _fill_prices, lambda limits: limits.max_price_mismatch, "max"),
    ("fill", "fill_size_distance", _fill_sizes, lambda limits: limits.max_weight_distance, "max"),
    ("fill", "cost_rate_bps", _cost_rates, lambda limits: limits.max_cost_difference_bps, "max"),
    ("return", "daily_return_bps", _daily, lambda limits: limits.max_daily_return_bps, "max"),
    ("return", "weekly_return_bps", _weekly, lambda limits: limits.max_weekly_return_bps, "max"),
    ("return", "monthly_drift_bps", _monthly, lambda limits: limits.max_monthly_drift_bps, "max"),
)
