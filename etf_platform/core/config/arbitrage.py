"""`arbitrage.yaml` and `watchlist.yaml`: the limit-up tracker. Secrets are never here; channels are `alerts.yaml`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from etf_platform.core.config.strict import Clock, Fraction, Positive, Strict, Symbol

Category = Literal["宽基", "科技", "消费", "金融", "其他"]
Market = Literal["sh", "sz", "bj"]
Exit = Literal["next_open", "next_close", "profit_or_loss"]


def _code(value: str) -> str:
    if len(value) != 6 or not value.isdigit():
        raise ValueError(f"{value!r} is not a six-digit code; write it in quotes, e.g. '000001'")
    return value


Code = Annotated[str, AfterValidator(_code)]


class HoldingsFile(Strict):
    """A file of fund or index weights below the data root.

    `format`: `weights_json` is {fund: {stock: weight}}; `csi_xls` is the official close-weight sheet of an index, for
    the funds in `funds`; `csv` has the columns of `market.holdings.CSV_COLUMNS`. `as_of` and `published_at` are
    YYYY-MM-DD; without `published_at` the first session after `as_of` counts, flagged as estimated. `refused_funds`
    are known to carry the weights of another index.
    """

    path: str
    format: Literal["weights_json", "csi_xls", "csv"]
    as_of: str | None = None
    published_at: str | None = None
    funds: tuple[Symbol, ...] = ()
    refused_funds: tuple[Symbol, ...] = ()


class StockList(Strict):
    """A CSV of all stocks below the data root; `columns` maps our names to the file's."""

    path: str
    columns: dict[Literal["symbol", "name", "industry", "list_date"], str]
    date_format: str = "%Y%m%d"


class Recorded(Strict):
    """Where stocks, funds and holdings come from when the chosen source is recorded data (`sources.yaml`)."""

    stocks: str = "cn_stock_raw"
    funds: str = "etf_qfq_eastmoney"
    stock_list: StockList | None = None
    special_treatment: str | None = None
    holdings: tuple[HoldingsFile, ...] = ()


class Strategy(Strict):
    """What is looked for.

    `min_weight` fraction of the fund; `min_order_amount` yuan at the limit (a filter only with
    `use_min_order_amount`); `min_time_to_close` trading seconds; `min_etf_volume` projected turnover of the day in
    10,000 yuan; `scan_interval` seconds; `scan_scope` `all` quotes every listed stock, `watched` the watch list and
    the feed's limit-up pool.
    """

    min_weight: Fraction = 0.05
    min_order_amount: float = Field(1e9, ge=0.0)
    use_min_order_amount: bool = False
    min_time_to_close: int = Field(1800, ge=0)
    min_etf_volume: float = Field(5000.0, ge=0.0)
    scan_interval: int = Field(60, ge=5)
    scan_scope: Literal["all", "watched"] = "watched"
    max_positions: int = Field(5, ge=1)
    evaluator_type: str = "default"
    selector: str = "highest_weight"
    decision: Literal["economics", "words"] = "economics"
    original_compatible: bool = False

    @property
    def min_amount(self) -> float:
        """`min_etf_volume` in yuan."""
        return self.min_etf_volume * 10_000.0


class SignalEvaluation(Strict):
    """Thresholds of the evaluator `default`; weights and ratios are fractions, times trading seconds."""

    confidence_high_weight: Fraction = 0.10
    confidence_low_weight: Fraction = 0.05
    confidence_high_rank: int = Field(3, ge=1)
    confidence_low_rank: int = Field(10, ge=1)
    risk_high_time_seconds: int = Field(600, ge=0)
    risk_low_time_seconds: int = Field(3600, ge=0)
    risk_top10_ratio_high: Fraction = 0.70
    risk_morning_hour: int = Field(10, ge=0, le=24)


class RiskControl(Strict):
    """Exits and size of the event back-test: fractions, yuan, sessions."""

    max_buy: Positive = 500_000.0
    take_profit: Positive = 0.03
    stop_loss: float = Field(-0.02, lt=0.0)
    max_hold: int = Field(3, ge=1)


class Economics(Strict):
    """Costs and shrinkage of the expected edge: basis points, events, sessions."""

    fees_bps: float = Field(5.0, ge=0.0)
    shrinkage_events: float = Field(50.0, ge=0.0)
    pace_sessions: int = Field(20, ge=1)
    fresh_days: int = Field(45, ge=1)
    stale_days: int = Field(180, ge=2)


class Refresh(Strict):
    """Seconds: how long the API answers from memory, how old a shown quote may be, how often the page asks."""

    backend_cache_interval: int = Field(30, ge=1)
    backend_cache_ttl: int = Field(60, ge=1)
    frontend_refresh_interval: int = Field(10, ge=1)


class Server(Strict):
    """The web server: who may ask from other pages, how many changing requests a minute one caller may make."""

    cors_origins: tuple[str, ...] = ()
    posts_per_minute: int = Field(30, ge=1)


class EventBacktest(Strict):
    """The event back-test: exit, entry, benchmark draws, bootstrap draws, seed.

    `entry` `next_open` is the first price after the board is known from a daily bar; `close` assumes that it was seen
    and bought at the board's close (the original's assumption, shown as such).
    """

    entry: Literal["next_open", "close"] = "next_open"
    exit: Exit = "next_open"
    benchmark_draws: int = Field(1000, ge=1)
    bootstrap_draws: int = Field(2000, ge=100)
    seed: int = 20240102


class TradingHours(Strict):
    """When the monitor looks, Asia/Shanghai."""

    morning: tuple[Clock, Clock] = ("09:30", "11:30")
    afternoon: tuple[Clock, Clock] = ("13:00", "15:00")


class ArbitrageConfig(Strict):
    """`arbitrage.yaml`."""

    stocks: str = "STOCK"
    funds: str = "FUND"
    history_start: str = "2020-01-02"
    watch_etfs: tuple[Symbol, ...] = ()
    recorded: Recorded = Recorded()
    strategy: Strategy = Strategy()
    signal_evaluation: SignalEvaluation = SignalEvaluation()
    risk_control: RiskControl = RiskControl()
    economics: Economics = Economics()
    refresh: Refresh = Refresh()
    server: Server = Server()
    backtest: EventBacktest = EventBacktest()
    etf_categories: dict[Category, tuple[Symbol, ...]] = Field(default_factory=dict)
    trading_hours: TradingHours = TradingHours()

    @model_validator(mode="after")
    def _names_differ(self) -> "ArbitrageConfig":
        if self.stocks == self.funds:
            raise ValueError(f"stocks and funds are both {self.stocks!r}")
        return self


class WatchedStock(Strict):
    """A stock whose limit-ups raise signals; `alerts` false keeps it quiet."""

    code: Code
    name: str
    market: Market
    notes: str = ""
    alerts: bool = True

    @property
    def symbol(self) -> str:
        """House symbol."""
        return f"{self.code}.{self.market.upper()}"


class WatchedFund(Strict):
    """A fund that the page always shows."""

    code: Code
    name: str


class Watchlist(Strict):
    """`watchlist.yaml`; may change while the platform runs, so it is no part of the configuration's digest."""

    my_stocks: tuple[WatchedStock, ...] = ()
    watch_etfs: tuple[WatchedFund, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "Watchlist":
        for name, codes in (
            ("my_stocks", [s.code for s in self.my_stocks]),
            ("watch_etfs", [f.code for f in self.watch_etfs]),
        ):
            if twice := sorted({code for code in codes if codes.count(code) > 1}):
                raise ValueError(f"{name}: listed twice: {', '.join(twice)}")
        return self
