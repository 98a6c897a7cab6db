"""`scoring.yaml`: the assets that are scored, where their inputs come from, and how a score is made."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from etf_platform.core.config.strict import Fraction, IsoDate, Positive, ScheduleConfig, Strict

FactorName = Literal["hist", "tech", "valuation", "volume", "capital", "sentiment"]
Panic = Literal["VIX", "VHSI", "HKVI", "CNVI"]
Series = Literal[
    "pe", "pb", "northbound_net", "southbound_net", "margin_balance", "margin_buy", "vix", "vhsi", "bond_yield"
]


def _any_symbol(value: str) -> str:
    if not value or any(c.isspace() for c in value):
        raise ValueError(f"{value!r} is no symbol; write e.g. 000300.SH, 9988.HK, ^IXIC, GC=F, BTC-USD")
    return value


AnySymbol = Annotated[str, AfterValidator(_any_symbol)]


class Asset(Strict):
    """One scored asset.

    `applicable_factors` can exist for it: a missing one is reported. `panic_index` is an ordered list, the first that
    is available wins.
    """

    name: str
    symbol: AnySymbol
    vendor_symbol: str
    type: Literal["commodity", "crypto", "index", "proxy_etf", "etf", "stock"]
    group: Literal["core", "sector"]
    category: str
    listing_market: Literal["CN", "HK", "US"]
    underlying_market: Literal["CN", "HK", "US", "GLOBAL"]
    calendar: str
    panic_index: tuple[Panic, ...] = Field(min_length=1)
    applicable_factors: tuple[FactorName, ...] = Field(min_length=1)
    note: str = ""


class RecordedBars(Strict):
    """Where the bars of one asset come from on recorded data: a source of `sources.yaml` and the symbol there.

    `is_proxy`: it is another instrument that stands for the asset; shown wherever the asset is.
    """

    source: str
    symbol: str
    is_proxy: bool = False


class RecordedSeries(Strict):
    """A dated series in a CSV below the data root; with `asset` it is about that one only.

    `column` is the file's; `unit` multiplies it to yuan (or to a plain number); `lag_sessions` is after how many
    sessions a value may be used (0: on its own date). `where` keeps rows whose columns hold these texts. `ended` is the
    last date on which the provider published it: later nulls are no gap but the end.
    """

    path: str
    date: str
    column: str
    unit: float = 1.0
    lag_sessions: int = Field(0, ge=0)
    asset: str | None = None
    date_format: str | None = None
    where: dict[str, str] = Field(default_factory=dict)
    ended: IsoDate | None = None


class Recorded(Strict):
    """Inputs on recorded data; an asset that is not listed has none, and is BLOCKED."""

    bars: dict[str, RecordedBars] = Field(default_factory=dict)
    series: dict[Series, RecordedSeries] = Field(default_factory=dict)


class Matching(Strict):
    """Which past days count as the same state, and how much a base rate weighs.

    `state`: percentile of the close in `window` sessions within `close_percentile`, drawdown within `drawdown`,
    percentile of the 20-day volatility within `volatility_percentile`. `prior` events of the base rate; fewer than
    `min_effective` independent matches is unavailable.
    """

    rule: Literal["state", "technical", "original_compatible"] = "state"
    window: int = Field(250, ge=20)
    close_percentile: Fraction = 0.10
    drawdown: Fraction = 0.05
    volatility_percentile: Fraction = 0.20
    prior: Positive = 10.0
    min_effective: int = Field(3, ge=1)
    horizons: tuple[int, ...] = (20, 60)
    interval: Fraction = 0.80


class Synthesis(Strict):
    """How factor scores become one total; see `scoring.synthesis`."""

    rule: Literal["orthogonal", "equal_weight"] = "orthogonal"
    method: Literal["gram_schmidt", "symmetric"] = "gram_schmidt"
    order: tuple[FactorName, ...] = ("valuation", "hist", "tech", "capital", "volume", "sentiment")
    window: int = Field(252, ge=1)
    min_sessions: int = Field(60, ge=1)
    min_assets: int = Field(8, ge=2)
    min_values: int = Field(5, ge=2)

    @model_validator(mode="after")
    def _all_six(self) -> "Synthesis":
        if len(set(self.order)) != 6 or len(self.order) != 6:
            raise ValueError("order must name each of the six factors once")
        return self


class Sizing(Strict):
    """Positions that sum to a portfolio; fractions."""

    max_positions: int = Field(5, ge=1)
    max_weight: Fraction = 0.20
    min_cash: Fraction = 0.10
    min_score: float = 60.0
    volatility_window: int = Field(60, ge=2)


class ScoringConfig(Strict):
    """`scoring.yaml`."""

    universe: str = "ASSETS"
    history_start: IsoDate = "2018-01-02"
    first_score: IsoDate = "2023-01-03"
    history_bars: int = Field(1250, ge=60)
    stale_sessions: int = Field(5, ge=0)
    stale_valuation_sessions: int = Field(10, ge=0)
    min_available: Fraction = 2 / 3
    original_compatible: bool = False
    factor_table: Literal["strong_only", "all"] = "strong_only"
    schedule: ScheduleConfig = ScheduleConfig(hour=16, minute=45)
    assets: dict[str, Asset] = Field(min_length=1)
    recorded: Recorded = Recorded()
    matching: Matching = Matching()
    synthesis: Synthesis = Synthesis()
    sizing: Sizing = Sizing()

    @model_validator(mode="after")
    def _known(self) -> "ScoringConfig":
        if stray := sorted(set(self.recorded.bars) - set(self.assets)):
            raise ValueError(f"recorded.bars: {', '.join(stray)} is no asset")
        return self
