"""Daily bars of US listings and of indices such as ^VIX from Yahoo's chart endpoint (version 8).

Not verified against recorded bytes: the format is the public one (chart.result[0] with timestamp, indicators.quote and
indicators.adjclose, events). Yahoo's prices are adjusted for every later split, its `adjclose` for dividends too. Here
splits are taken out again, so that rows are as traded, and `adj_factor` grows by the events of each day: it never
depends on a later one. Ask up to today, else splits after `end` are not in the reply and prices stay adjusted for them.
The row of a session that is still open is in the reply: who knows the hours drops it (`market.freshness`).
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.units.source import BarAsk, Endpoint, LiveSource, Parsed, Reply, Request, reply_error
from etf_platform.market.codes import yahoo_ticker
from etf_platform.market.sources.barring import bar, bars, require_asked
from etf_platform.market.sources.envelope import json_object
from etf_platform.market.sources.judge import NAN, Gathered, Refusal, Values, needed, number, quantity, require

SOURCE = "live:yahoo"
ZONE = "America/New_York"
PRICES = ("open", "high", "low", "close")
# Prices come as single-precision floats: 123.45 arrives as 123.44999695.
DIGITS = 4
# Share by which the adjustment told by adjclose may differ from the one made of the events, from row to row.
ADJUSTMENT_STEP = 2e-4


@dataclass(frozen=True)
class Events:
    """Dividends (USD per share, adjusted for later splits) and split ratios (2.0 doubles the shares) by date."""

    dividends: dict[pd.Timestamp, float]
    splits: dict[pd.Timestamp, float]

    def later_splits(self, when: pd.Timestamp) -> float:
        """Product of the ratios of all splits after a date."""
        return math.prod(ratio for day, ratio in self.splits.items() if day > when)


def request_bars(ask: BarAsk) -> Request:
    """Daily bars with events; the provider's end is exclusive, so the day after `end` is asked for.

    Raises
    ------
    BadInputError
        No US symbol, another period than day, or adjusted prices.
    """
    if ask.period != "day" or ask.adjust != "none":
        raise BadInputError("asking yahoo for bars", f"{ask.period}, {ask.adjust}", "ask for day bars, unadjusted")
    ticker = yahoo_ticker(ask.symbol).replace("^", "%5E")
    params = (
        ("period1", _epoch(ask.start)),
        ("period2", _epoch(ask.end + timedelta(days=1))),
        ("interval", "1d"),
        ("events", "div,splits"),
        ("includeAdjustedClose", "true"),
    )
    url = f"https://query1.finance.yahoo.com/v8/finance/chart/{ticker}"
    return Request(url, params, {"User-Agent": "Mozilla/5.0"})


def parse_bars(ask: BarAsk, reply: Reply) -> Parsed:
    """Raw bars of a reply (`ROW_COLUMNS`): prices as traded in USD, volume in shares as traded, amount unknown.

    `adj_factor` is 1 on the first row of the reply and grows by split ratios and by 1 / (1 - dividend / close before).
    On the day of a split `prev_close` is the close before divided by the ratio.
    Rows whose prices are all null are days without a bar and come out as `missing_value`. A row whose `adjclose` moves
    otherwise than the events say is refused (`inconsistent`). Indices have volume 0.

    Raises
    ------
    ReplyError
        As `envelope.json_object`; provider (its error object), not_ours (another symbol), layout (columns missing or
        of unequal length).
    """
    doing = f"reading bars of {ask.symbol} from yahoo"
    result = _result(json_object(reply.body, doing), ask, doing)
    zone, columns = _zone(result, doing), _columns(result, doing)
    events = _events(result, zone, doing)
    gathered = Gathered(SOURCE, reply, ("date",))
    for row in columns:
        gathered.take(row, lambda raw: _read(raw, ask, zone, events), ask.symbol, _filed(row, zone))
    _adjust(gathered, events)
    return bars(gathered, ask)


def _epoch(day: Any) -> str:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE))
    return str(int(midnight.timestamp()))


def _result(whole: dict[str, Any], ask: BarAsk, doing: str) -> dict[str, Any]:
    chart = whole.get("chart")
    if not isinstance(chart, dict):
        raise reply_error("layout", doing, "there is no object `chart`")
    if chart.get("error") is not None:
        error = chart["error"] if isinstance(chart["error"], dict) else {}
        said = f"{error.get('code', '')}: {error.get('description', '')}"
        raise reply_error("rate" if "Too Many" in said else "provider", doing, said[:200])
    results = chart.get("result")
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        raise reply_error("layout", doing, "chart.result is not one object")
    meta = results[0].get("meta")
    told = meta.get("symbol") if isinstance(meta, dict) else None
    if told != yahoo_ticker(ask.symbol):
        raise reply_error("not_ours", doing, f"the reply is about {str(told)[:20]!r}")
    return results[0]


def _zone(result: dict[str, Any], doing: str) -> ZoneInfo:
    name = result["meta"].get("exchangeTimezoneName")
    if name not in ("America/New_York", "America/Chicago"):
        raise reply_error("layout", doing, f"the time zone is {str(name)[:40]!r}")
    return ZoneInfo(name)


def _columns(result: dict[str, Any], doing: str) -> list[Values]:
    indicators, stamps = result.get("indicators"), result.get("timestamp", [])
    quote = _only(indicators, "quote", doing)
    adjusted = _only(indicators, "adjclose", doing) if isinstance(indicators, dict) and "adjclose" in indicators else {}
    columns = {name: quote.get(name, []) for name in (*PRICES, "volume")} | {"time": stamps}
    columns["adjclose"] = adjusted.get("adjclose", [None] * len(stamps) if isinstance(stamps, list) else [])
    if not all(isinstance(column, list) for column in columns.values()):
        raise reply_error("layout", doing, "a column is no list")
    if len({len(column) for column in columns.values()}) != 1:
        raise reply_error("layout", doing, "columns of unequal length")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _only(indicators: Any, name: str, doing: str) -> dict[str, Any]:
    found = indicators.get(name) if isinstance(indicators, dict) else None
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise reply_error("layout", doing, f"indicators.{name} is not one object")
    return found[0]


def _events(result: dict[str, Any], zone: ZoneInfo, doing: str) -> Events:
    given = result.get("events") or {}
    try:
        dividends = {_day(e["date"], zone): _positive(e["amount"]) for e in _each(given, "dividends")}
        splits = {
            _day(e["date"], zone): _positive(e["numerator"]) / _positive(e["denominator"])
            for e in _each(given, "splits")
        }
    except (Refusal, KeyError, TypeError, AttributeError) as error:
        raise reply_error("layout", doing, f"an event cannot be read: {error}"[:200]) from error
    return Events(dividends, splits)


def _each(given: Any, name: str) -> list[Any]:
    return list(given.get(name, {}).values())


def _positive(value: Any) -> float:
    found = needed(number(value, "event"), "event")
    require(1e-6 < found < 1e6, "non_numeric", f"an event of {found:g}")
    return found


def _day(epoch: Any, zone: ZoneInfo) -> pd.Timestamp:
    seconds = needed(number(epoch, "time"), "time")
    require(0 < seconds < 7e9, "bad_time", f"the time {seconds:g} is none")
    return pd.Timestamp(datetime.fromtimestamp(seconds, UTC).astimezone(zone).date())


def _filed(row: Values, zone: ZoneInfo) -> Any:
    try:
        return _day(row["time"], zone).date()
    except Refusal:
        return None


def _read(row: Values, ask: BarAsk, zone: ZoneInfo, events: Events) -> Values:
    when = _day(row["time"], zone)
    require_asked(ask, when)
    is_index = ask.symbol.startswith("^")
    later = events.later_splits(when)
    prices = {name: round(needed(number(row[name], name), name) * later, DIGITS) for name in PRICES}
    volume = 0.0 if is_index else needed(quantity(row["volume"], "volume"), "volume") / later
    adjusted = number(row["adjclose"], "adjclose")
    require(not adjusted <= 0, "non_positive_price", f"adjclose is {adjusted:g}")
    values = bar(ask.symbol, when, prices, volume, NAN)
    quoted = number(row["close"], "close")
    return values | {"told": adjusted / quoted, "quoted": quoted}


def _adjust(gathered: Gathered, events: Events) -> None:
    """Work the events into `adj_factor`, and refuse rows whose `adjclose` contradicts them."""
    rows = sorted(gathered.accepted, key=lambda values: values["date"])
    kept: list[Values] = []
    factor, paid, before, previous = 1.0, 1.0, None, NAN
    for values in rows:
        step, dividend = _steps(events, before, values["date"], previous)
        factor, paid = factor * step * dividend, paid * dividend
        told = values["told"] / kept[-1]["told"] if kept else NAN
        expected = paid / kept[-1]["paid"] if kept else 1.0
        if math.isnan(expected) or abs(told / expected - 1.0) > ADJUSTMENT_STEP:
            raw = {name: values[name] for name in ("date", "close", "told")}
            reason = f"adjclose says a dividend step of {told:.6f}, the events {expected:.6f}"
            gathered.refuse(raw, "inconsistent", reason, values["symbol"], values["date"].date())
        else:
            if step != 1.0 and kept and _is_next(gathered, kept[-1]["date"], values["date"]):
                values["prev_close"] = round(kept[-1]["close"] / step, DIGITS)
            kept.append(values | {"adj_factor": factor, "paid": paid})
        before, previous = values["date"], values["quoted"]
    gathered.accepted[:] = kept


def _is_next(gathered: Gathered, before: pd.Timestamp, when: pd.Timestamp) -> bool:
    return not any(before < row["date"] <= when for row in gathered.refused)


def _steps(events: Events, before: pd.Timestamp | None, when: pd.Timestamp, previous: float) -> tuple[float, float]:
    if before is None:
        return 1.0, 1.0
    split = math.prod(ratio for day, ratio in events.splits.items() if before < day <= when)
    paid = sum(amount for day, amount in events.dividends.items() if before < day <= when)
    share = paid / previous
    return split, 1.0 / (1.0 - share) if share < 1.0 else NAN


YAHOO = LiveSource(
    "yahoo",
    ("query1.finance.yahoo.com", "query2.finance.yahoo.com"),
    (Endpoint("bars", request_bars, parse_bars, recorded=False),),
    rate=0.5,
)
