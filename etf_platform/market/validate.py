"""Which raw rows become bars: named rules on one row each, and one causal rule on a series.

Every verdict on a row dated t uses data dated t or earlier, so that a row alone and the same row in a long range are
judged alike. A refused row is kept with its reason, never repaired. The one value filled in is a missing turnover,
and it is flagged. Nothing is read or stored here.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.core.tables import BARS, QUARANTINE
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.instruments import board
from etf_platform.market.limits import rates_of

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "prev_close", "volume", "amount", "adj_factor")
REQUIRED = (*PRICES, "volume", "adj_factor")
BROKEN_RULES = ("non_positive_price", "implausible_move")
BROKEN_SERIES = "broken_series"


@dataclass(frozen=True)
class Tolerance:
    """How far a row may stray, by what the source's prices are.

    Attributes
    ----------
    move_factor, move_floor : float
        |close / prev_close - 1| may be limit * move_factor + move_floor.
    amount_factor : float
        amount / (close * volume) must lie in [1 / amount_factor, amount_factor].
    gaps_are_actions : bool
        prev_close knows no ex-rights price: a jump that already stands at the open is left to `market.actions`.
    price_rounding : float
        Share of the price by which open or close may stick out of [low, high]: adjusted prices are products.
    max_broken_rows : int
        From the day on which a symbol has this many broken rows, all its rows are refused as `broken_series`.
    """

    move_factor: float = 1.1
    move_floor: float = 0.01
    amount_factor: float = 2.0
    gaps_are_actions: bool = False
    price_rounding: float = 0.0
    max_broken_rows: int = 3


EXCHANGE = Tolerance()
UNADJUSTED = Tolerance(gaps_are_actions=True)
# Subtracting later dividends shrinks old prices but not their changes. Of 800 real funds 799 stay within three times
# the limit (the worst at 25 %, limit 10 %), and the one that does not is beyond repair. Old levels are down to 1/17 of
# what was traded (splits included), while a unit error is a factor of 100 or more.
FORWARD_SUBTRACTED = Tolerance(move_factor=3.0, amount_factor=50.0)
# Multiplying by later dividends keeps changes and shrinks old levels (SPY of 2000 to 0.63 of what was traded).
TOTAL_RETURN = Tolerance(amount_factor=50.0, price_rounding=1e-9)


@dataclass(frozen=True)
class RowRule:
    """A named condition that refuses a row; `reason` is filled with the row's own values."""

    name: str
    refuses: Callable[[pd.DataFrame], pd.Series]
    reason: str


# The first rule that refuses a row names it.
ROW_RULES: tuple[RowRule, ...] = (
    RowRule("duplicate", lambda r: r["is_repeated"], "this date and symbol stand more than once, with other values"),
    RowRule("non_session", lambda r: ~r["is_session"], "{date} is no trading session"),
    RowRule("future_date", lambda r: r["is_future"], "{date} lies in the future"),
    RowRule("non_numeric", lambda r: r["non_numeric"] != "", "no number in {non_numeric}"),
    RowRule("missing_value", lambda r: r["missing"] != "", "no value in {missing}"),
    RowRule("negative_volume", lambda r: r["volume"] < 0, "volume {volume:g}"),
    RowRule("zero_volume", lambda r: (r["volume"] == 0) & r["has_volume"], "nothing was traded"),
    RowRule("non_positive_price", lambda r: r["lowest"] <= 0, "a price of {lowest:g}"),
    RowRule("bad_adj_factor", lambda r: r["adj_factor"] <= 0, "adj_factor {adj_factor:g}"),
    RowRule(
        "high_low_order",
        lambda r: (r["high"] < r["highest"] * r["rounded_down"]) | (r["low"] * r["rounded_down"] > r["lowest"]),
        "open {open:g}, high {high:g}, low {low:g}, close {close:g}",
    ),
    RowRule("negative_amount", lambda r: r["amount"] < 0, "amount {amount:g}"),
    RowRule(
        "implausible_move",
        lambda r: (r["move"] > r["max_move"]) & ~r["is_action"],
        "close {close:g} against prev_close {prev_close:g}: {move:.4f}, at most {max_move:.4f} is plausible",
    ),
    RowRule(
        "unit_mismatch",
        lambda r: (
            ((r["amount_ratio"] > r["max_amount_ratio"]) | (r["amount_ratio"] < 1 / r["max_amount_ratio"]))
            & ~r["is_average_inside"]
        ),
        "amount / (close * volume) is {amount_ratio:.4g}, at most {max_amount_ratio:g} or its inverse is plausible",
    ),
)


@dataclass(frozen=True, eq=False)
class Verdict:
    """Accepted rows as BARS, refused ones as QUARANTINE, and what was dropped as an identical repetition.

    `identical` has one row per date and symbol: `date`, `symbol`, `n_dropped`. Rows judged = rows of `bars` + rows of
    `quarantine` + the sum of `n_dropped`.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    identical: pd.DataFrame

    @property
    def n_identical(self) -> int:
        """Number of identical repetitions dropped."""
        return int(self.identical["n_dropped"].sum())


def validate(
    rows: pd.DataFrame,
    sessions: Sessions,
    instruments: Mapping[str, Instrument],
    prior_breaks: Mapping[str, int] | None = None,
    tolerance: Tolerance = EXCHANGE,
    today: DateLike | None = None,
) -> Verdict:
    """Judge raw rows.

    Parameters
    ----------
    rows : DataFrame
        Columns of BARS without `amount_estimated` and `revision`; numbers may still be text. Any order.
    sessions : Sessions
        Calendar of the exchange.
    instruments : mapping
        Facts of the funds (price limit).
    prior_breaks : mapping of symbol to count, optional
        Broken rows (non-positive price, implausible move) already known from before these rows.
    tolerance : Tolerance
        What the source's prices allow.
    today : date-like, optional
        Rows dated later are refused; None accepts every known session.

    Returns
    -------
    Verdict
        Both frames sorted by date and symbol. A refused row on a day without trading is filed under the next session.
    """
    is_repetition = rows.drop(columns="fetched_at").duplicated()
    distinct = rows[~is_repetition].reset_index(drop=True)
    facts = _facts(distinct, sessions, instruments, tolerance, today)
    rule = _first_rule(facts)
    rule = _with_broken_series(facts, rule, prior_breaks or {}, tolerance.max_broken_rows)
    return Verdict(
        bars=_bars(distinct, facts, rule == ""),
        quarantine=_quarantine(distinct, facts, rule, sessions, tolerance.max_broken_rows),
        identical=rows[is_repetition].groupby(["date", "symbol"]).size().reset_index(name="n_dropped"),
    )


def broken_counts(quarantine: pd.DataFrame) -> dict[str, int]:
    """Broken rows per symbol in a QUARANTINE frame: the `prior_breaks` of whatever comes after it."""
    broken = quarantine[quarantine["rule"].isin(BROKEN_RULES)]
    return {str(symbol): int(n) for symbol, n in broken.groupby("symbol").size().items()}


def _facts(
    rows: pd.DataFrame,
    sessions: Sessions,
    instruments: Mapping[str, Instrument],
    tolerance: Tolerance,
    today: DateLike | None,
) -> pd.DataFrame:
    facts = rows[["date", "symbol"]].copy()
    facts["is_repeated"] = rows.duplicated(["date", "symbol"], keep=False)
    facts["is_session"] = rows["date"].isin(sessions.index)
    facts["is_future"] = rows["date"] > (day(today) if today is not None else sessions.known_until)
    _add_numbers(facts, rows)
    facts["lowest"] = facts[list(PRICES)].min(axis=1)
    facts["highest"] = facts[list(PRICES)].max(axis=1)
    facts["rounded_down"] = 1.0 - tolerance.price_rounding
    facts["has_volume"] = ~rows["symbol"].isin({s for s, i in instruments.items() if not i.has_volume})
    limits, is_fund = np.full(len(rows), np.nan), _is_fund(rows["symbol"]).to_numpy()
    limits[is_fund] = rates_of(rows[is_fund], instruments)
    unlimited = {s: i.plausible_move for s, i in instruments.items() if i.price_limit is None}
    within_limits = limits * tolerance.move_factor + tolerance.move_floor
    facts["max_move"] = np.where(np.isnan(limits), rows["symbol"].map(unlimited).astype("float64"), within_limits)
    facts["move"] = (facts["close"] / facts["prev_close"] - 1.0).abs()
    gap = (facts["open"] / facts["prev_close"] - 1.0).abs()
    facts["is_action"] = (gap > facts["max_move"]) & tolerance.gaps_are_actions & ~np.isnan(limits)
    facts["amount_estimated"] = facts["amount"].isna() | (facts["amount"] == 0)
    facts["amount_ratio"] = np.where(
        facts["amount_estimated"], 1.0, facts["amount"] / (facts["close"] * facts["volume"]).replace(0.0, np.nan)
    )
    facts["max_amount_ratio"] = tolerance.amount_factor
    # 301487 on 2023-08-09, its first day, went from 20 to 202: the close says nothing about the average price.
    average = facts["amount"] / facts["volume"].replace(0.0, np.nan)
    facts["is_average_inside"] = average.between(facts["low"], facts["high"])
    return facts


def _is_fund(symbols: pd.Series) -> pd.Series:
    # Shares have days without a limit (the first ones) that daily bars cannot tell; funds have none.
    return symbols.map({s: board(s) == "fund" for s in symbols.unique()}).astype(bool)


def _add_numbers(facts: pd.DataFrame, rows: pd.DataFrame) -> None:
    facts["non_numeric"], facts["missing"] = "", ""
    for name in NUMBERS:
        given = rows[name]
        number = given if given.dtype == np.float64 else pd.to_numeric(given, errors="coerce").astype("float64")
        blank = given.isna() | (given.astype(str).str.strip() == "") if given.dtype == object else given.isna()
        no_number = (number.isna() & ~blank) | np.isinf(number)
        if no_number.any():
            facts.loc[no_number, "non_numeric"] += name + " "
        if name in REQUIRED and blank.any():
            facts.loc[blank, "missing"] += name + " "
        facts[name] = number
    facts["prev_close"] = facts["prev_close"].where(facts["prev_close"] > 0)


def _first_rule(facts: pd.DataFrame) -> pd.Series:
    names = np.full(len(facts), "", dtype=object)
    for rule in reversed(ROW_RULES):
        names[rule.refuses(facts).to_numpy(dtype=bool)] = rule.name
    return pd.Series(names, index=facts.index)


def _with_broken_series(facts: pd.DataFrame, rule: pd.Series, prior: Mapping[str, int], limit: int) -> pd.Series:
    refused = rule.copy()
    broken = facts[rule.isin(BROKEN_RULES)].sort_values("date", kind="stable")
    seen = broken.groupby("symbol").cumcount() + 1 + broken["symbol"].map(lambda s: prior.get(s, 0)).astype(int)
    first = broken[seen >= limit].groupby("symbol")["date"].min().to_dict()
    first |= {symbol: pd.Timestamp.min for symbol, count in prior.items() if count >= limit}
    for symbol, since in first.items():
        refused[(facts["symbol"] == symbol) & (facts["date"] >= since) & (rule == "")] = BROKEN_SERIES
    return refused


def _bars(rows: pd.DataFrame, facts: pd.DataFrame, accepted: pd.Series) -> pd.DataFrame:
    bars = facts[accepted].copy()
    bars["amount"] = bars["amount"].where(~bars["amount_estimated"], bars["close"] * bars["volume"])
    bars["source"], bars["fetched_at"] = rows.loc[accepted, "source"], rows.loc[accepted, "fetched_at"]
    bars["revision"] = 0
    return bars[[c.name for c in BARS.columns]].sort_values(["date", "symbol"], ignore_index=True)


def _quarantine(
    rows: pd.DataFrame, facts: pd.DataFrame, rule: pd.Series, sessions: Sessions, max_broken_rows: int
) -> pd.DataFrame:
    refused = rule != ""
    if not refused.any():
        return QUARANTINE.no_rows()
    kept = facts[refused]
    filed = pd.DataFrame({"date": _session_of(kept["date"], sessions), "symbol": kept["symbol"]})
    filed["rule"] = rule[refused].astype("str")
    filed["reason"] = pd.Series(_reasons(kept, rule[refused], max_broken_rows), index=kept.index, dtype="str")
    as_json = [_as_json(row) for row in rows[refused].to_dict("records")]
    filed["row"] = pd.Series(as_json, index=kept.index, dtype="str")
    filed["source"] = rows.loc[refused, "source"]
    filed["position"] = filed.groupby(["date", "symbol"]).cumcount().astype("int64")
    names = [c.name for c in QUARANTINE.columns]
    return filed[names].sort_values(["date", "symbol", "position"], ignore_index=True)


def _session_of(dates: pd.Series, sessions: Sessions) -> pd.Series:
    place = sessions.index.searchsorted(dates)
    known = place < sessions.index.size
    session = sessions.index.to_numpy()[np.minimum(place, sessions.index.size - 1)]
    return dates.where(~known, pd.Series(session, index=dates.index))


def _reasons(kept: pd.DataFrame, rule: pd.Series, max_broken_rows: int) -> list[str]:
    templates = {r.name: r.reason for r in ROW_RULES}
    templates[BROKEN_SERIES] = f"the series has {max_broken_rows} or more broken rows up to this day"
    return [
        templates[name].format_map({str(k): v for k, v in values.items()} | {"date": values["date"].date()}).strip()
        for name, values in zip(rule, kept.to_dict("records"), strict=True)
    ]


def _as_json(row: Mapping[Hashable, object]) -> str:
    plain = {str(k): None if pd.isna(v) else v for k, v in row.items()}  # type: ignore[call-overload]
    plain["date"] = str(plain["date"])[:10]
    return json.dumps(plain, default=str, ensure_ascii=False)
