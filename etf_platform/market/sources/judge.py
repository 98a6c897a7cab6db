"""Rows of a reply, one by one: a reader turns a raw row into values or refuses it with a rule and a reason.

Every raw row ends either in the frame or in the quarantine. What makes a whole reply unusable is `envelope`'s.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables import QUARANTINE
from etf_platform.core.units.source import Ask, Parsed, Reply

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAN = float("nan")
# Clocks of providers run up to a few minutes ahead of ours.
MAX_AHEAD = pd.Timedelta(minutes=10)
LONGEST_NAME = 60
_NUMBER = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DTYPES: dict[str, Any] = {
    "date": "datetime64[ns]",
    "string": "str",
    "float64": "float64",
    "int64": "Int64",
    "bool": "bool",
    "timestamp": "datetime64[us, UTC]",
}

Values = dict[str, Any]


class Refusal(Exception):
    """A row that cannot be used: the rule's name and what was seen."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(rule, reason)
        self.rule, self.reason = rule, reason


@dataclass
class Gathered:
    """Rows of one reply, sorted into accepted and refused.

    Attributes
    ----------
    source : str
        What rows carry, `live:<name>`.
    reply : Reply
    key : tuple of str
        Columns that may not repeat in the reply.
    seen : set
        Keys accepted so far.
    n_undated : int
        Refused rows whose date is not known; they are filed under the day of the reply.
    """

    source: str
    reply: Reply
    key: tuple[str, ...] = ("symbol",)
    accepted: list[Values] = field(default_factory=list)
    refused: list[Values] = field(default_factory=list)
    n_undated: int = 0
    seen: set[tuple[Any, ...]] = field(default_factory=set)

    def take(self, raw: Any, read: Callable[[Any], Values], symbol: str = "", when: date | None = None) -> None:
        """Read one raw row; a refusal files it under `symbol` and `when` (default: the day of the reply)."""
        try:
            values = read(raw)
            key = tuple(values[name] for name in self.key)
            require(key not in self.seen, "duplicate", f"{', '.join(map(str, key))} stands twice in the reply")
        except Refusal as refusal:
            self.refuse(raw, refusal.rule, refusal.reason, symbol, when)
        else:
            self.seen.add(key)
            self.accepted.append(values)

    def refuse(self, raw: Any, rule: str, reason: str, symbol: str = "", when: date | None = None) -> None:
        """File a raw row as refused."""
        row = json.dumps(raw, ensure_ascii=True, default=str)[:4000]
        self.n_undated += when is None
        day = pd.Timestamp(when or beijing(self.reply).date())
        self.refused.append({"date": day, "symbol": plain(symbol), "rule": rule, "reason": plain(reason), "row": row})

    def parsed(self, table: Table, columns: Iterable[str] | None = None, **others: Any) -> Parsed:
        """The result, typed as the table says and sorted by its key; `columns` names other columns than the table's."""
        names = list(columns) if columns is not None else [c.name for c in table.columns]
        rows = [values | self._own() for values in self.accepted]
        frame = _typed(rows, [table.column(name) for name in names], [k for k in table.key if k in names])
        return Parsed(frame, self._quarantine(), self.reply.payload_hash, **others)

    def _own(self) -> Values:
        return {
            "source": self.source,
            "fetched_at": utc(self.reply.fetched_at),
            "payload_hash": self.reply.payload_hash,
        }

    def _quarantine(self) -> pd.DataFrame:
        places: Counter[tuple[Any, str]] = Counter()
        rows = []
        for values in self.refused:
            place = values["date"], values["symbol"]
            rows.append(values | {"source": self.source, "position": places[place]})
            places[place] += 1
        return _typed(rows, QUARANTINE.columns, QUARANTINE.key)


def _typed(rows: list[Values], columns: Sequence[Column], key: Sequence[str]) -> pd.DataFrame:
    if not rows:
        return _empty(tuple(columns)).copy()
    ordered = sorted(rows, key=lambda values: tuple(values[name] for name in key))
    return pd.DataFrame({c.name: pd.Series([v[c.name] for v in ordered], dtype=_dtype(c)) for c in columns})


@cache
def _empty(columns: tuple[Column, ...]) -> pd.DataFrame:
    return pd.DataFrame({c.name: pd.Series([], dtype=_dtype(c)) for c in columns})


def _dtype(column: Column) -> Any:
    return "int64" if column.type == "int64" and not column.nullable else _DTYPES[column.type]


def require(holds: bool, rule: str, reason: str) -> None:
    """Refuse the row unless the condition holds."""
    if not holds:
        raise Refusal(rule, reason)


def number(value: Any, name: str, missing: tuple[str, ...] = ("", "-")) -> float:
    """A finite number; NaN for None and the `missing` texts; anything else is refused as `non_numeric`."""
    if value is None:
        return NAN
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refusal("non_numeric", f"{name} is a {type(value).__name__}")
    if isinstance(value, str):
        if value in missing:
            return NAN
        require(_NUMBER.fullmatch(value) is not None, "non_numeric", f"{name} is {value[:40]!r}")
    require(not isinstance(value, int) or abs(value) < 10**20, "non_numeric", f"{name} is too large")
    found = float(value)
    require(math.isfinite(found), "non_numeric", f"{name} is {found}")
    return found


def price(value: Any, name: str) -> float:
    """A positive price; NaN where it is unknown or 0 (feeds write 0 for none); negative is refused."""
    found = number(value, name)
    require(not found < 0, "non_positive_price", f"{name} is {found:g}")
    return NAN if found == 0 else found


def needed(found: float, name: str) -> float:
    """The number itself; NaN is refused as `missing_value`."""
    require(not math.isnan(found), "missing_value", f"no value in {name}")
    return found


def quantity(value: Any, name: str) -> float:
    """A number that is not negative, or NaN."""
    found = number(value, name)
    require(not found < 0, f"negative_{name}", f"{name} is {found:g}")
    return found


def whole(value: Any, name: str) -> int | None:
    """A whole number that is not negative, or None."""
    found = quantity(value, name)
    if math.isnan(found):
        return None
    require(found == int(found) and found < 1e9, "non_numeric", f"{name} is {found:g}")
    return int(found)


def text(value: Any, name: str) -> str:
    """A short name without control characters; anything else is refused as `bad_text`."""
    require(isinstance(value, str) and len(value) <= LONGEST_NAME, "bad_text", f"{name} is no short text")
    stripped = value.strip()
    require(plain(stripped) == stripped, "bad_text", f"{name} holds characters that are none")
    return stripped


def plain(words: str) -> str:
    """Text that can be stored: control characters, U+FFFD and half characters become `?`, length at most 500."""
    return "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in words[:500])


def moment(words: str, pattern: str, reply: Reply, zone: ZoneInfo = SHANGHAI) -> pd.Timestamp:
    """A local time of the feed as UTC; refused where it is no time, or lies after the reply."""
    try:
        found = datetime.strptime(words, pattern) if words.isascii() else None
    except ValueError:
        found = None
    if found is None or not 1990 <= found.year <= 2200:
        raise Refusal("bad_time", f"the time {words[:40]!r} is none")
    stamp = utc(found.replace(tzinfo=zone))
    require(stamp <= utc(reply.fetched_at) + MAX_AHEAD, "future_time", f"{stamp} lies after the reply")
    return stamp


def day(words: Any, pattern: str = "%Y-%m-%d") -> pd.Timestamp:
    """A date as naive midnight; refused as `bad_date`."""
    try:
        found = datetime.strptime(words, pattern) if isinstance(words, str) and words.isascii() else None
    except ValueError:
        found = None
    if found is None or not 1980 <= found.year <= 2200:
        raise Refusal("bad_date", f"the date {str(words)[:40]!r} is none")
    return pd.Timestamp(found)


def utc(moment: datetime) -> pd.Timestamp:
    """A moment with time zone as a UTC time stamp of microseconds."""
    return pd.Timestamp(moment).as_unit("us").tz_convert("UTC")


def beijing(reply: Reply) -> datetime:
    """When the reply arrived, on the clock of Shanghai."""
    return utc(reply.fetched_at).tz_convert(SHANGHAI).to_pydatetime()


def shares_per_unit(
    amount: float, volume: float, price: float, units: Iterable[Literal["lots", "shares"]] = ("lots", "shares")
) -> int | None:
    """100 or 1: the unit of `volume` that makes amount / volume / price plausible; None where that cannot be told.

    Ratios in [50, 200] are lots, in [0.5, 2] shares; any other ratio, or a unit not in `units`, is refused.
    """
    if not (amount > 0 and volume > 0 and price > 0):
        return None
    ratio = amount / volume / price
    found = {"lots": 100, "shares": 1}
    fits: Mapping[str, bool] = {"lots": 50 <= ratio <= 200, "shares": 0.5 <= ratio <= 2}
    for unit in units:
        if fits[unit]:
            return found[unit]
    raise Refusal("unit_check", f"amount / volume / price is {ratio:.4g}")


def check_range(values: Mapping[str, float], names: tuple[str, ...] = ("open", "last")) -> None:
    """Refuse a row whose high lies below, or whose low lies above, another known price."""
    high, low = values["high"], values["low"]
    inner = [values[name] for name in names] + [high, low]
    bad = any(v > high or v < low for v in inner)
    require(not bad, "high_low_order", f"high {high:g}, low {low:g}, others {inner[:-2]}")


def absent(asked: Iterable[str], gathered: Gathered) -> tuple[str, ...]:
    """Symbols asked for that are neither accepted nor refused."""
    there = {row["symbol"] for row in (*gathered.accepted, *gathered.refused)}
    return tuple(symbol for symbol in asked if symbol not in there)


def session_of(ask: Ask) -> date | None:
    """The session that an ask names, if it names one."""
    return getattr(ask, "session", None)
