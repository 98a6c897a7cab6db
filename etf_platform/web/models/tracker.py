"""The tracker in house terms: symbols with suffix, fractions, yuan, shares, UTC; null is unknown."""

import datetime as dt
from typing import Any, Literal

from pydantic import ConfigDict, Field

from etf_platform.web.models.paging import Answered

Origin = Literal["live", "closes", "none"]


class BoardRow(Answered):
    """A stock that touched its upper limit."""

    symbol: str
    name: str | None = None
    price: float | None = Field(None, description="last trade, yuan")
    change: float | None = Field(None, description="price / prev_close - 1, fraction")
    prev_close: float | None = Field(None, description="reference price of the day, yuan")
    limit_up: float | None = Field(None, description="highest price allowed, yuan")
    basis: str | None = Field(None, description="where the limit is from: feed, computed, no_limit, unknown")
    at_limit: bool | None = None
    sealed: bool | None = Field(None, description="at the limit with nobody selling")
    touched: bool | None = None
    opened: bool | None = Field(None, description="touched, and not at the limit")
    one_word: bool | None = Field(None, description="open, high and low are all the limit")
    boards_in_row: int | None = Field(None, description="consecutive traded days at the limit, this one included")
    volume: float | None = Field(None, description="shares")
    amount: float | None = Field(None, description="yuan")
    turnover: float | None = Field(None, description="volume / float shares, fraction")
    seal_amount: float | None = Field(None, description="orders waiting at the limit, yuan")
    first_seal: dt.datetime | None = Field(None, description="UTC")
    last_seal: dt.datetime | None = Field(None, description="UTC")
    times_opened: int | None = None
    float_cap: float | None = Field(None, description="value of the tradable shares, yuan")
    industry: str | None = None
    no_signal: str | None = Field(None, description="why a stock at its limit raises no signal; null where it does")
    source: str | None = None
    fetched_at: dt.datetime | None = Field(None, description="UTC")


class Board(Answered):
    """The board of a day."""

    day: dt.date | None
    origin: Origin = Field(description="live look, daily closes, or none")
    at_limit: int = Field(description="stocks at the limit")
    sealed: int | None = Field(description="of them with nobody selling; null where nobody looked")
    opened: int = Field(description="stocks that touched it and are not at it")
    seal_rate: float | None = Field(description="at_limit / (at_limit + opened), fraction")
    total: int
    limit: int
    offset: int
    items: list[BoardRow]


class Rung(Answered):
    """Stocks with the same number of boards in a row."""

    boards: int
    stocks: list[BoardRow]


class Ladder(Answered):
    """Stocks at their limit by boards in a row, most first."""

    day: dt.date | None
    origin: Origin
    rungs: list[Rung]


class Exposed(Answered):
    """A fund and how much of it is at the limit."""

    etf: str
    name: str | None
    sum_weight: float = Field(description="weights of all its stocks at the limit, fraction")
    stocks_at_limit: int
    stock: str = Field(description="the one with the largest weight")
    stock_name: str | None
    weight: float = Field(description="of that stock, fraction")
    boards_in_row: int | None
    price: float | None = Field(description="yuan")
    change: float | None = Field(description="fraction")
    premium: float | None = Field(description="fraction")
    as_of: dt.date | None
    published_at: dt.date | None


class Exposure(Answered):
    """Funds with stocks at the limit."""

    day: dt.date | None
    origin: Origin
    total: int
    limit: int
    offset: int
    items: list[Exposed]


class Signal(Answered):
    """A signal with everything that was said; further fields are passed on as they were stored."""

    model_config = ConfigDict(frozen=True, extra="allow")

    signal_id: str
    trade_date: dt.date
    stock: str
    etf: str
    episode: int = Field(description="1 for the first seal of the day")
    state: str = Field(description="new, notified, invalidated, expired or evaluated")
    created_at: dt.datetime = Field(description="UTC")
    updated_at: dt.datetime = Field(description="UTC")
    stock_name: str | None = None
    stock_price: float | None = Field(None, description="yuan")
    change: float | None = Field(None, description="fraction")
    limit_time: str | None = Field(None, description="HH:MM:SS at the exchange")
    seal_amount: float | None = Field(None, description="yuan")
    etf_name: str | None = None
    etf_price: float | None = Field(None, description="yuan")
    etf_weight: float | None = Field(None, description="fraction")
    etf_premium: float | None = Field(None, description="fraction")
    etf_amount: float | None = Field(None, description="yuan")
    confidence: str | None = None
    risk_level: str | None = None
    reason: str | None = None
    score: float | None = Field(None, description="0 to 100")
    edge_bps: float | None = Field(None, description="expected edge net of costs, basis points")
    components: dict[str, Any] | None = None
    decision_state: str | None = Field(None, description="PASS, WARN or BLOCKED")
    actionable: bool | None = None
    history: list[dict[str, Any]] = Field([], description="what was said before it could be acted on")
    outcome: dict[str, Any] | None = Field(None, description="what then happened, fractions; null until it is known")


class HitRate(Answered):
    """How often signals were followed by a gain at the next open (or close)."""

    measure: Literal["next_open", "next_close"]
    signals: int = Field(description="signals with an outcome")
    wins: int
    rate: float | None = Field(description="fraction; null without any")
    low: float | None = Field(description="lower end of the 95 % interval (Wilson)")
    high: float | None = Field(description="upper end")
    mean: float | None = Field(description="mean return before costs, fraction")
    waiting: int = Field(description="signals without an outcome yet")


class Quote(Answered):
    """The last quote of an instrument."""

    symbol: str
    at: dt.datetime = Field(description="moment at which it had arrived, UTC")
    is_stale: bool = Field(description="older than backend_cache_ttl while the exchange trades")
    name: str | None = None
    price: float | None = Field(None, description="yuan")
    prev_close: float | None = Field(None, description="yuan")
    change: float | None = Field(None, description="fraction")
    open: float | None = Field(None, description="yuan")
    high: float | None = Field(None, description="yuan")
    low: float | None = Field(None, description="yuan")
    volume: float | None = Field(None, description="shares")
    amount: float | None = Field(None, description="yuan")
    turnover: float | None = Field(None, description="fraction")
    limit_up: float | None = Field(None, description="yuan")
    premium: float | None = Field(None, description="fraction")
    iopv: float | None = Field(None, description="yuan")
    status: str | None = None
    source: str | None = None


class Found(Answered):
    """An instrument that a search found."""

    symbol: str
    name: str
    kind: Literal["stock", "fund"]
    board: str | None
    industry: str | None


class Kline(Answered):
    """Candles, oldest first; all lists have one length."""

    symbol: str
    name: str | None
    period: Literal["day", "week", "month"]
    adjust: Literal["none", "qfq"]
    dates: list[str] = Field(description="last session of each candle")
    values: list[list[float]] = Field(description="[open, close, low, high], yuan")
    volumes: list[float] = Field(description="shares")
    amounts: list[float] = Field(description="yuan")
    ma5: list[float | None]
    ma10: list[float | None]
    ma20: list[float | None]
    ma60: list[float | None]
    partial: list[bool] = Field(description="the session, week or month is not over")
    limit_up: list[bool | None] = Field(description="closed at its upper limit on that day")
    premium: list[float | None] = Field(description="of a fund at the close, fraction")
    premium_kind: Literal["feed", "estimated"] | None = Field(description="whose value the premium is against")
    source: str | None


class Holding(Answered):
    """A stock of a fund."""

    stock: str
    stock_name: str | None
    rank: int
    weight: float = Field(description="fraction")
    is_at_limit: bool | None = Field(description="on the last board; null where there is none")


class Holdings(Answered):
    """Published holdings of a fund."""

    etf: str
    name: str | None
    as_of: dt.date | None
    published_at: dt.date | None
    completeness: str | None = Field(description="top10 or full")
    weight_sum: float | None = Field(description="of all rows of the report, fraction")
    source: str | None
    total: int
    limit: int
    offset: int
    items: list[Holding]


class Holder(Answered):
    """A fund that holds a stock."""

    etf: str
    name: str | None
    stock: str
    weight: float = Field(description="fraction")
    rank: int
    completeness: str
    as_of: dt.date
    published_at: dt.date
    price: float | None = Field(None, description="yuan")
    change: float | None = Field(None, description="fraction")
    amount: float | None = Field(None, description="yuan")
    premium: float | None = Field(None, description="fraction")


class Watched(Answered):
    """A watched stock, its last quote and its board."""

    code: str
    symbol: str
    name: str
    market: str
    notes: str
    alerts: bool
    price: float | None = Field(description="yuan")
    change: float | None = Field(description="fraction")
    amount: float | None = Field(description="yuan")
    at: dt.datetime | None = Field(description="of the quote, UTC")
    is_limit_up: bool | None
    is_sealed: bool | None
    boards_in_row: int | None


class Switch(Answered):
    """Whether a stock's signals are told."""

    alerts: bool
