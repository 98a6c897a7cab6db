"""The original's answers: bare six-digit codes, percent where the name says so, null for unknown.

Only here percent numbers exist: `change_pct`, `premium`, `turnover` (1.23 is 1.23 %). Weights are fractions.
"""

import datetime as dt
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from etf_platform.web.models.paging import Answered

WIDEST_DAYS = 366 * 10


class Status(Answered):
    """State of the monitor."""

    is_running: bool = Field(description="wanted, and in a session it scanned within three intervals")
    is_trading_time: bool = Field(description="whether the exchange trades at this moment")
    watch_stocks_count: int
    covered_etfs_count: int = Field(description="funds whose published holdings include a watched stock")
    today_signals_count: int
    last_scan_time: str | None = Field(description="end of the last finished scan, ISO, +08:00; null before the first")


class Stock(Answered):
    """A watched stock and its last quote."""

    code: str
    name: str | None
    price: float | None = Field(description="yuan")
    change_pct: float | None = Field(description="percent")
    is_limit_up: bool | None = Field(description="null where price or limit is not known")


class LimitUp(Answered):
    """A stock at its upper limit."""

    code: str
    name: str | None
    price: float | None = Field(description="yuan")
    change_pct: float | None = Field(description="percent")
    volume: float | None = Field(description="shares")
    amount: float | None = Field(description="yuan")
    turnover: float | None = Field(description="percent of the float")
    limit_time: str | None = Field(description="first seal, HH:MM:SS at the exchange; null where nobody said")
    seal_amount: float | None = Field(description="orders waiting at the limit, yuan; null where not known")


class Signal(Answered):
    """A signal: stock at its limit, fund that holds it."""

    signal_id: str
    timestamp: str = Field(description="ISO, +08:00")
    stock_code: str
    stock_name: str | None
    stock_price: float | None = Field(description="yuan")
    etf_code: str
    etf_name: str | None
    etf_price: float | None = Field(description="yuan")
    etf_weight: float | None = Field(description="of the stock in the fund, fraction")
    confidence: str | None = Field(description="高, 中 or 低")
    risk_level: str | None = Field(description="高, 中 or 低")
    reason: str | None


class RelatedFund(Answered):
    """A fund that holds a stock."""

    etf_code: str
    etf_name: str | None
    weight: float = Field(description="fraction")
    rank: int | None = Field(description="position of the stock in the fund, 1 is the largest")
    in_top10: bool | None
    category: str
    price: float | None = Field(description="yuan")
    change_pct: float | None = Field(description="percent")
    volume: float | None = Field(description="turnover of the day in yuan (the original's name)")
    premium: float | None = Field(description="price / value of the share - 1, percent")


class Kline(Answered):
    """Candles, oldest first; all lists have one length."""

    dates: list[str] = Field(description="last session of each candle")
    values: list[list[float]] = Field(description="[open, close, low, high], yuan")
    volumes: list[float] = Field(description="shares")
    ma5: list[float | None] = Field(description="mean of 5 closes; null before the window is full")
    ma10: list[float | None]
    ma20: list[float | None]
    ma60: list[float | None]
    partial: list[bool] = Field(description="the session, week or month is not over")
    limit_up: list[bool | None] = Field(description="closed at its upper limit on that day; null where not known")
    premium: list[float | None] = Field(description="of a fund at the close, percent; null where not known")
    period: Literal["day", "week", "month"]
    adjust: Literal["none", "qfq"]
    source: str | None = Field(description="where the bars are from; simulated data say so")


class Holding(Answered):
    """A stock of a fund."""

    stock_code: str
    stock_name: str | None
    weight: float = Field(description="fraction")


class FundHoldings(Answered):
    """The published holdings of a fund."""

    etf_code: str
    etf_name: str | None
    top_holdings: list[Holding]
    total_weight: float | None = Field(description="sum of the weights shown, fraction; null without a report")
    as_of: dt.date | None = Field(description="end of the period of the report")
    published_at: dt.date | None = Field(description="first day on which it may be used")
    completeness: str | None = Field(description="top10 or full")


class NamedFund(Answered):
    """A fund and its name."""

    code: str
    name: str | None


class Categories(Answered):
    """Funds by category."""

    宽基: list[NamedFund]
    科技: list[NamedFund]
    消费: list[NamedFund]
    金融: list[NamedFund]
    其他: list[NamedFund]


class MappedFund(Answered):
    """A fund in the map of a stock."""

    etf_code: str
    etf_name: str | None
    weight: float = Field(description="fraction")
    rank: int | None


class Unit(Answered):
    """A registered evaluator, selector or filter."""

    name: str
    description: str


class Strategies(Answered):
    """What can be named in the configuration."""

    evaluators: list[Unit]
    selectors: list[Unit]
    filters: list[Unit]


class Validation(Answered):
    """Whether a combination exists."""

    valid: bool
    errors: list[str]


class Health(Answered):
    """The server answers; what it knows of its sources."""

    status: Literal["healthy", "degraded"]
    timestamp: str = Field(description="ISO, UTC")
    sources: dict[str, str] = Field(description="source -> HEALTHY, DEGRADED or FAILED")
    database: str = Field(description="ok, or what is wrong with the ops database")
    lake: str = Field(description="ok, empty, or what is wrong")


class WatchedStock(Answered):
    """An entry of the watch list."""

    code: str
    name: str
    market: str
    notes: str
    alerts: bool = Field(description="whether its signals are told")


class Watched(Answered):
    """The watch list."""

    my_stocks: list[WatchedStock]


class NewStock(Answered):
    """A stock to watch."""

    code: str = Field(pattern=r"^[0-9]{6}$")
    name: str = Field(min_length=1, max_length=40)
    market: Literal["sh", "sz", "bj"] = "sz"
    notes: str = Field("", max_length=200)

    @field_validator("name", "notes")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if any(not sign.isprintable() for sign in value):
            raise ValueError("printable signs only, on one line")
        return value.strip()

    @model_validator(mode="after")
    def _named(self) -> "NewStock":
        if not self.name:
            raise ValueError("a name is needed")
        return self


class BacktestRequest(Answered):
    """What to test."""

    start_date: str = Field(pattern=r"^[0-9]{8}$", description="YYYYMMDD", examples=["20240101"])
    end_date: str = Field(pattern=r"^[0-9]{8}$", description="YYYYMMDD", examples=["20241231"])
    granularity: Literal["daily", "5m", "15m", "30m"] = "daily"
    min_weight: float | None = Field(None, ge=0.001, le=1.0, description="fraction; null takes the configured one")
    evaluator_type: str = Field("default", max_length=40)
    interpolation: Literal["linear", "step"] = "step"
    max_stocks: int = Field(0, ge=0, le=10_000, description="0 is no limit")
    max_etfs: int = Field(0, ge=0, le=10_000, description="0 is no limit")

    @field_validator("start_date", "end_date")
    @classmethod
    def _is_day(cls, value: str) -> str:
        day = dt.datetime.strptime(value, "%Y%m%d").date()
        if not dt.date(2000, 1, 1) <= day <= dt.date(2099, 12, 31):
            raise ValueError("a day from 20000101 to 20991231")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> "BacktestRequest":
        first, last = (dt.datetime.strptime(text, "%Y%m%d") for text in (self.start_date, self.end_date))
        if last < first:
            raise ValueError("end_date lies before start_date")
        if (last - first).days > WIDEST_DAYS:
            raise ValueError("more than ten years")
        return self


class Backtest(Answered):
    """State of a back-test."""

    backtest_id: str
    status: Literal["queued", "running", "completed", "failed"]
    progress: float = Field(description="0 to 1")
    message: str | None
    result: dict[str, Any] | None = None


class BacktestJob(Answered):
    """A back-test in the list."""

    backtest_id: str
    job_id: str = Field(description="the same (the original's name)")
    status: str
    progress: float = Field(description="0 to 1")
    start_date: str | None
    end_date: str | None
    granularity: str | None
    modified_time: str = Field(description="ISO, UTC")


class Backtests(Answered):
    """Back-tests, newest first."""

    jobs: list[BacktestJob]


class BacktestSignals(Answered):
    """Signals of a finished back-test."""

    signals: list[dict[str, Any]]
    total: int
