"""A trading day told by Tencent, EastMoney and Sina over loopback HTTP: scripted stocks, simulated quotes.

What every stock does stands in its script; every number is a plain function of script and clock, so that a test knows
it without the code under test. Simulated instruments say so in their names. Rows of a recorded limit-up pool can be
mixed in: they are served as they were recorded, from the time of their first seal on.
"""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from etf_platform_tests.resources.replay_server import Query, Replay

TENCENT, EASTMONEY_QUOTE, EASTMONEY_POOL, SINA = (
    "qt.gtimg.cn",
    "push2.eastmoney.com",
    "push2ex.eastmoney.com",
    "hq.sinajs.cn",
)
PROVIDERS = {"tencent": (10, (TENCENT,)), "eastmoney": (90, (EASTMONEY_QUOTE, EASTMONEY_POOL)), "sina": (50, (SINA,))}
SHANGHAI = ZoneInfo("Asia/Shanghai")
SEALED, OPENED, BELOW = "sealed", "opened", "below"


@dataclass(frozen=True)
class Stock:
    """A stock with a script: (HH:MM, state) in order; before the first it is below its limit.

    `limit` is the day's limit price, worked out by hand.
    """

    symbol: str
    name: str
    prev_close: float
    limit: float
    script: tuple[tuple[str, str], ...] = ()

    def state(self, at: dt.datetime) -> str:
        """`sealed`, `opened` or `below`."""
        clock = f"{at.astimezone(SHANGHAI):%H:%M}"
        return next((state for since, state in reversed(self.script) if since <= clock), BELOW)

    def price(self, at: dt.datetime) -> float:
        """At the limit while sealed, 2 % below it while opened, 1 % above the close before otherwise."""
        prices = {SEALED: self.limit, OPENED: round(self.limit * 0.98, 2), BELOW: round(self.prev_close * 1.01, 2)}
        return prices[self.state(at)]

    def has_touched(self, at: dt.datetime) -> bool:
        """Whether it has been at its limit today."""
        clock = f"{at.astimezone(SHANGHAI):%H:%M}"
        return any(state == SEALED for since, state in self.script if since <= clock)


@dataclass(frozen=True)
class Fund:
    """A fund: its price, its value (None: the feed gives none), and yuan of turnover per minute."""

    symbol: str
    name: str
    price: float
    iopv: float | None
    per_minute: float = 2_000_000.0


@dataclass
class Day:
    """One session; `clock` says what time it is."""

    date: dt.date
    clock: Callable[[], dt.datetime]
    stocks: Sequence[Stock]
    funds: Sequence[Fund]
    recorded_pool: Sequence[dict[str, Any]] = ()
    quoted: dict[str, Stock | Fund] = field(init=False)

    def __post_init__(self) -> None:
        recorded = [_of_recorded(row) for row in self.recorded_pool]
        self.quoted = {one.symbol: one for one in (*recorded, *self.stocks, *self.funds)}

    def now(self) -> dt.datetime:
        """The moment at the exchange; the feeds fall silent at noon and at the close."""
        at = self.clock().astimezone(SHANGHAI)
        close = at.replace(hour=15, minute=0, second=0, microsecond=0)
        noon, again = at.replace(hour=11, minute=30, second=0), at.replace(hour=13, minute=0, second=0)
        return noon if noon < at < again else min(at, close)


def serve_day(replay: Replay, day: Day) -> None:
    """Let a replay server answer for all providers."""
    answers = {TENCENT: _tencent, EASTMONEY_QUOTE: _quote, EASTMONEY_POOL: _pool, SINA: _sina}
    for host, answer in answers.items():
        replay.hosts[host] = lambda path, query, answer=answer: answer(day, path, query)


def source_config(base: Callable[[str], str], rate: float = 1000.0) -> dict[str, Any]:
    """The live source of `sources.yaml` whose providers stand below a base address."""
    providers = {
        name: {
            "priority": priority,
            "is_high_frequency": True,
            "rate": rate,
            "burst": 100,
            "batch": {"tencent": 60, "eastmoney": 1, "sina": 800}[name],
            "hosts": {host: base(host) for host in hosts},
        }
        for name, (priority, hosts) in PROVIDERS.items()
    }
    return {"kind": "live", "timeout_seconds": 2, "order": {"XSHG": list(PROVIDERS)}, "providers": providers}


def _symbol_of(feed: str) -> str:
    return f"{feed[2:]}.{feed[:2].upper()}"


@dataclass(frozen=True)
class _Told:
    """The numbers of one quote."""

    last: float
    prev_close: float
    open: float
    high: float
    low: float
    limits: tuple[float, float]
    lots: int
    amount: float
    bids: tuple[tuple[float, int], ...]
    asks: tuple[tuple[float, int], ...]


def _told(day: Day, one: Stock | Fund) -> _Told:
    at = day.now()
    if isinstance(one, Fund):
        lots = max(1, round(one.per_minute * _minutes(at) / one.price / 100))
        bids, asks = _levels(one.price, -0.001), _levels(round(one.price + 0.001, 3), 0.001)
        limits = (round(one.price * 1.1, 3), round(one.price * 0.9, 3))
        skewed = (one.price, one.price, one.price, one.price, one.price)
        return _Told(*skewed, limits, lots, lots * 100 * one.price, bids, asks)
    price, lots = one.price(at), 10_000 * _minutes(at)
    high = one.limit if one.has_touched(at) else price
    low = min(one.prev_close, price)
    down = round(2 * one.prev_close - one.limit, 2)
    is_sealed = one.state(at) == SEALED
    bids = _levels(price, -0.01, 50_000 if is_sealed else 10)
    asks = ((0.0, 0),) * 5 if is_sealed else _levels(round(price + 0.01, 2), 0.01)
    return _Told(
        price, one.prev_close, one.prev_close, high, low, (one.limit, down), lots, lots * 100 * price, bids, asks
    )


def _minutes(at: dt.datetime) -> int:
    morning = (at - at.replace(hour=9, minute=30, second=0)).total_seconds() / 60
    return max(1, int(morning if at.hour < 12 else morning - 90))


def _levels(price: float, step: float, first: int = 10) -> tuple[tuple[float, int], ...]:
    return tuple((round(price + i * step, 3), first if i == 0 else 10) for i in range(5))


def _tencent(day: Day, path: str, _query: Query) -> bytes:
    feeds = [feed for feed in unquote(path).removeprefix("q=").split(",") if _symbol_of(feed) in day.quoted]
    lines = [f'v_{feed}="{_tencent_line(day, feed)}";' for feed in feeds]
    return ("\n".join(lines or ['v_pv_none_match="1";']) + "\n").encode("gbk")


def _tencent_line(day: Day, feed: str) -> str:
    one = day.quoted[_symbol_of(feed)]
    told, fields = _told(day, one), [""] * 88
    places = 3 if isinstance(one, Fund) else 2
    change = told.last - told.prev_close
    book = [word for price, lots in (*told.bids, *told.asks) for word in (f"{price:.{places}f}", str(lots))]
    fields[1:7] = [
        one.name,
        feed[2:],
        *(f"{p:.{places}f}" for p in (told.last, told.prev_close, told.open)),
        str(told.lots),
    ]
    fields[9:29] = book
    fields[30] = f"{day.now():%Y%m%d%H%M%S}"
    fields[31:35] = [
        f"{change:.2f}",
        f"{change / told.prev_close * 100:.2f}",
        f"{told.high:.{places}f}",
        f"{told.low:.{places}f}",
    ]
    fields[35] = f"{told.last:.{places}f}/{told.lots}/{told.amount:.0f}"
    fields[36:39] = [str(told.lots), f"{told.amount / 1e4:.0f}", "1.00"]
    fields[41:43] = fields[33:35]
    fields[44:46] = ["60.00", "80.00"]
    fields[47:49] = [f"{price:.{places}f}" for price in told.limits]
    if isinstance(one, Fund) and one.iopv is not None:
        fields[77:79] = [f"{(told.last / one.iopv - 1) * 100:.2f}", f"{one.iopv:.4f}"]
        fields[81] = f"{one.iopv:.4f}"
    return "~".join(fields)


def _sina(day: Day, path: str, _query: Query) -> bytes:
    lines = []
    for feed in unquote(path).removeprefix("list=").split(","):
        is_known = _symbol_of(feed) in day.quoted
        lines.append(f'var hq_str_{feed}="{_sina_line(day, feed) if is_known else ""}";')
    return ("\n".join(lines) + "\n").encode("gbk")


def _sina_line(day: Day, feed: str) -> str:
    one = day.quoted[_symbol_of(feed)]
    told, at = _told(day, one), day.now()
    prices = [f"{p:.3f}" for p in (told.open, told.prev_close, told.last, told.high, told.low)]
    best = [f"{told.bids[0][0]:.3f}", f"{told.asks[0][0]:.3f}", str(told.lots * 100), f"{told.amount:.3f}"]
    sides = [word for price, lots in (*told.bids, *told.asks) for word in (str(lots * 100), f"{price:.3f}")]
    return ",".join([one.name, *prices, *best, *sides, f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}", "00", ""])


def _quote(day: Day, _path: str, query: Query) -> bytes:
    place, code = query["secid"].split(".")
    one = day.quoted.get(f"{code}.{'SH' if place == '1' else 'SZ'}")
    if one is None:
        return b'{"rc":100,"data":null}'
    told = _told(day, one)
    names = ("f43", "f44", "f45", "f46", "f60")
    values = dict(zip(names, (told.last, told.high, told.low, told.open, told.prev_close), strict=True))
    change = told.last - told.prev_close
    values |= {"f47": told.lots, "f48": told.amount, "f51": told.limits[0], "f52": told.limits[1], "f57": code}
    values |= {"f58": one.name, "f86": int(day.now().timestamp()), "f107": int(place), "f116": 8e9, "f117": 6e9}
    values |= {"f168": 1.0, "f169": round(change, 3), "f170": round(change / told.prev_close * 100, 2)}
    return json.dumps({"rc": 0, "data": values}, ensure_ascii=False).encode()


def _pool(day: Day, path: str, query: Query) -> bytes:
    at = day.now()
    asked = "getTopicZTPool" in path
    clock = int(f"{at:%H%M%S}")
    rows = [row for row in day.recorded_pool if row["fbt"] <= clock] if asked else []
    wanted = SEALED if asked else OPENED
    rows += [_pool_row(one, at) for one in day.stocks if one.state(at) == wanted]
    today = f"{day.date:%Y%m%d}"
    data = {"tc": len(rows), "qdate": int(today), "pool": rows} if query["date"] == today else None
    return json.dumps({"rc": 0, "data": data}, ensure_ascii=False).encode()


def _pool_row(one: Stock, at: dt.datetime) -> dict[str, Any]:
    price = one.price(at)
    clock = f"{at:%H:%M}"
    seals = [since for since, state in one.script if state == SEALED and since <= clock]
    opens = sum(state == OPENED for since, state in one.script if since <= clock)
    row = {"c": one.symbol[:6], "m": int(one.symbol.endswith("SH")), "n": one.name, "p": round(price * 1000)}
    row |= {"zdp": (price / one.prev_close - 1) * 100, "amount": 6e7, "ltsz": 6e9, "tshare": 8e9, "hs": 1.0, "lbc": 1}
    row |= {"fbt": int(seals[0].replace(":", "") + "00"), "lbt": int(seals[-1].replace(":", "") + "00"), "zbc": opens}
    row |= {"fund": round(price * 5_000_000), "hybk": "模拟行业", "zttj": {"days": 1, "ct": 1}}
    return row if one.state(at) == SEALED else row | {"ztp": round(one.limit * 1000)}


def _of_recorded(row: dict[str, Any]) -> Stock:
    """A simulated quote around a recorded row of the pool: at its limit from the first seal on."""
    limit = row["p"] / 1000
    symbol = f"{row['c']}.{'SH' if row['m'] else 'SZ'}"
    sealed_at = f"{row['fbt']:06d}"
    previous = round(limit / (1 + row["zdp"] / 100), 2)
    return Stock(symbol, row["n"], previous, limit, ((f"{sealed_at[:2]}:{sealed_at[2:4]}", SEALED),))
