"""One strict, frozen model per YAML file. Unknown keys are refused; fractions are checked to be fractions."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from etf_platform.core.config.live import LiveSource
from etf_platform.core.config.strict import (
    Clock,
    Fraction,
    IsoDate,
    Positive,
    RecheckConfig,
    ScheduleConfig,
    Strict,
    Symbol,
)
from etf_platform.core.config.trend import TrendConfig

# --- etf_pools.yaml ---------------------------------------------------------------------------------------------


class Paths(Strict):
    """Folders; relative ones are below the home. RAW_DATA_DIR, ETF_OUTPUT_DIR, LOGS_ROOT, SNAPSHOTS_ROOT override."""

    raw_root: str = "raw"
    output_root: str = "factor_output/etf_rotation_production"
    logs_root: str = "logs"
    snapshots_root: str = "snapshots"


class CiThresholds(Strict):
    """Limits of the eight checks; fractions."""

    min_annual_return: float = 0.08
    max_drawdown: float = Field(-0.30, le=0.0)
    min_sharpe: float = 0.50
    min_winrate: Fraction = 0.45
    min_coverage: Fraction = 0.80
    min_factors: int = Field(8, ge=1)
    warn_coverage_floor: Fraction = 0.70
    max_coverage_drop: Fraction = 0.10
    max_zero_variance: int = Field(10, ge=1)
    max_abs_month_return: Positive = 0.30
    max_annual_turnover: Positive = 10.0
    min_vol_target_scale: Fraction = 0.6


class CapacityDefaults(Strict):
    """Limits for pools without their own."""

    max_adv_pct: Fraction = 0.05
    max_single_weight: Fraction = 0.25
    max_broad_base: int = Field(3, ge=0)
    adv_window: int = Field(20, ge=1)


class CapitalConstraint(Strict):
    """Capital (CNY) and limits of one pool; `None` takes the value of `capacity_defaults`."""

    target_capital: float = Field(ge=0.0)
    max_single_weight: Fraction | None = None
    max_sector_weight: Fraction
    max_adv_pct: Fraction | None = None


class Pool(Strict):
    """One pool: its members and the exchange it trades on."""

    name: str
    description: str
    calendar: Literal["XSHG", "XNYS"] = "XSHG"
    timezone: str = "Asia/Shanghai"
    trading_hours: tuple[tuple[Clock, Clock], ...] = (("09:30", "11:30"), ("13:00", "15:00"))
    symbols: tuple[Symbol, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "Pool":
        twice = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
        if twice:
            raise ValueError(f"listed twice: {', '.join(twice)}")
        return self


class PoolSet(Strict):
    """`assignment` and one entry per pool; in the file the pools stand beside `assignment`."""

    assignment: Literal["corrected", "original_compatible"] = "corrected"
    members: dict[str, Pool] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "members" in raw:
            return raw
        return {
            "assignment": raw.get("assignment", "corrected"),
            "members": {k: v for k, v in raw.items() if k != "assignment"},
        }


class Production(Strict):
    """Whether every pool has a panel of its own."""

    separate_panels: bool = True


class Backtest(Strict):
    """Whether every pool has a run of its own, on one calendar, and how it trades."""

    separate_runs: bool = True
    align_calendar: bool = True
    start_date: IsoDate | None = None
    exec_mode: Literal["next_open_close", "next_close_close"] = "next_open_close"
    min_weight_change: Fraction = 0.01


class Portfolio(Strict):
    """Weights of the pools in the combined portfolio."""

    combine_pools: bool = True
    weights: dict[str, Fraction]

    @model_validator(mode="after")
    def _sum(self) -> "Portfolio":
        total = sum(self.weights.values())
        if total > 1.0 + 1e-12:
            raise ValueError(f"the weights sum to {total:g}; at most 1 is possible, the rest is cash")
        return self


class Strategy(Strict):
    """Rebalancing and selection."""

    production: Production = Production()
    backtest: Backtest = Backtest()
    portfolio: Portfolio
    rebalance_freq: str = Field("M", pattern=r"^(M|[1-9][0-9]*D)$")
    top_n: int = Field(5, ge=1)


class Quality(Strict):
    """A symbol that fails one of these is not eligible, with the reason."""

    min_trading_days: int = Field(252, ge=1)
    min_liquidity: float = Field(1_000_000, ge=0.0)
    max_missing_rate: Fraction = 0.05


class Costs(Strict):
    """One-way costs on both sides, lot size, starting capital, annual risk-free rate."""

    commission: Fraction = 0.00025
    slippage: Fraction = 0.001
    lot: int = Field(100, ge=1)
    initial_capital: Positive = 1_000_000
    risk_free: float = 0.03


class PoolsConfig(Strict):
    """`etf_pools.yaml`."""

    paths: Paths = Paths()
    ci_thresholds: CiThresholds = CiThresholds()
    capacity_defaults: CapacityDefaults = CapacityDefaults()
    capital_constraints: dict[str, CapitalConstraint]
    pools: PoolSet
    etf_categories: dict[Symbol, str]
    strategy: Strategy
    quality: Quality = Quality()
    costs: Costs = Costs()

    @model_validator(mode="after")
    def _names_agree(self) -> "PoolsConfig":
        known = set(self.pools.members)
        stray = (set(self.capital_constraints) ^ known) | (set(self.strategy.portfolio.weights) - known)
        if stray:
            raise ValueError(
                f"pools, capital_constraints and portfolio weights disagree about {', '.join(sorted(stray))}"
            )
        return self


# --- instruments.yaml -------------------------------------------------------------------------------------------


class Instrument(Strict):
    """Facts about one fund or index. `suggested_pool` is where the corrected assignment files it.

    `price_limit` is null where the exchange knows none; there a daily move beyond `plausible_move` is taken for a data
    error. An index of asset class `volatility` is computed from quotes: it has no volume.
    """

    name: str
    underlying: str
    kind: Literal["fund", "index"] = "fund"
    asset_class: Literal["equity_cn", "equity_cross_border", "equity_us", "bond", "commodity", "volatility"]
    sector: str
    pillar: str
    currency: Literal["CNY", "USD"] = "CNY"
    price_limit: Fraction | None
    plausible_move: Positive = 0.5
    settlement: Literal["T+0", "T+1"]
    underlying_calendars: tuple[str, ...]
    underlying_lag: bool
    suggested_pool: str | None = None

    @property
    def has_volume(self) -> bool:
        """Whether it trades, so that a day without volume is no trading day."""
        return not (self.kind == "index" and self.asset_class == "volatility")


class InstrumentsConfig(Strict):
    """`instruments.yaml`."""

    instruments: dict[Symbol, Instrument]


# --- sources.yaml -----------------------------------------------------------------------------------------------


class SampleSource(Strict):
    """The seeded market simulator.

    US symbols start `lead_sessions` sessions before `start`, so that a strategy's warm-up of 600 bars is over when the
    first partition comes.
    """

    kind: Literal["sample"]
    seed: int = 20240102
    start: IsoDate = "2019-01-02"
    lead_sessions: int = Field(620, ge=0)


class LocalSource(Strict):
    """Parquet or CSV files below the data root, and how to read them.

    `path` is a file, a folder or a glob; `{symbol}` is the suffixed symbol (QQQ.US), `{ticker}` the bare one
    (QQQ; ^VIX is VIX). `columns` maps our names to the file's; without `symbol` the path must hold one of the two.
    `volume_unit` is `shares`, `lots` (of 100) or `none` (no such column: volume is 0, which only an index without
    volume may have); `amount_unit` is `yuan` or `thousand_yuan`; `price_unit` is `yuan` (the symbol's own currency) or
    `cents`. `adjustment` says what the prices are: `raw`, `forward_subtracted` (levels of old rows are distorted),
    `raw_with_factor`, or `total_return` (all four adjusted for splits and dividends by multiplication: levels are not
    as traded, changes are). `symbol_format`: `bare` codes get the
    suffix of their prefix, `bare_index` codes that of an index (000300 is .SH).
    """

    kind: Literal["local"]
    path: str
    columns: dict[str, str]
    volume_unit: Literal["shares", "lots", "none"]
    amount_unit: Literal["yuan", "thousand_yuan"] = "yuan"
    price_unit: Literal["yuan", "cents"] = "yuan"
    adjustment: Literal["raw", "forward_subtracted", "raw_with_factor", "total_return"]
    symbol_format: Literal["suffixed", "bare", "bare_index"] = "suffixed"
    date_format: str | None = None

    @model_validator(mode="after")
    def _columns_known(self) -> "LocalSource":
        required = {"date", "open", "high", "low", "close"} | ({"volume"} if self.volume_unit != "none" else set())
        optional = {"symbol", "prev_close", "pct_chg", "amount", "adj_factor"}
        if unknown := sorted(set(self.columns) - required - optional):
            raise ValueError(f"columns: {', '.join(unknown)} is none of ours")
        if missing := sorted(required - set(self.columns)):
            raise ValueError(f"columns: no entry for {', '.join(missing)}")
        if "symbol" not in self.columns and "{symbol}" not in self.path and "{ticker}" not in self.path:
            raise ValueError("columns: without `symbol` the path must hold {symbol} or {ticker}")
        return self


Source = Annotated[SampleSource | LocalSource | LiveSource, Field(discriminator="kind")]


class SourcesConfig(Strict):
    """`sources.yaml`."""

    default: str
    sources: dict[str, Source]

    @model_validator(mode="after")
    def _default_exists(self) -> "SourcesConfig":
        if self.default not in self.sources:
            raise ValueError(f"default {self.default!r} is not one of {', '.join(self.sources)}")
        return self


# --- factors.yaml -----------------------------------------------------------------------------------------------


class Eligibility(Strict):
    """Largest share of missing values over the window, and the window."""

    window: int = Field(20, ge=1)
    max_ohlcv_nan: Fraction = 0.20
    max_factor_nan: Fraction = 0.30
    min_factor_share: Fraction = 0.60


class Direction(Strict):
    """When the sign of a factor's trailing rank IC replaces its prior."""

    horizon: int = Field(20, ge=1)
    min_sessions: int = Field(252, ge=1)
    sub_windows: int = Field(6, ge=1)
    min_agreement: Fraction = 0.80


class FactorsConfig(Strict):
    """`factors.yaml`: which factors are scored and how."""

    production_set: Literal["curated12", "auto_coverage_50", "filter_production", "filter_research"] = "curated12"
    curated12: tuple[str, ...]
    score: Literal["signed_family_rank", "zscore_winsor", "original_compatible"] = "signed_family_rank"
    eligibility: Eligibility = Eligibility()
    direction: Direction = Direction()
    identical_correlation: Fraction = 0.999
    identical_min_coverage: Fraction = 0.80
    low_coverage: Fraction = 0.10
    max_failed_share: Fraction = 0.01
    quality_horizons: tuple[int, ...] = (1, 5, 10, 20)


# --- strategies.yaml --------------------------------------------------------------------------------------------


class Hysteresis(Strict):
    """At most `max_swaps` per rebalance, and only for a clear and patient improvement."""

    max_swaps: int = Field(1, ge=0)
    min_rank_gap: Fraction = 0.10
    min_holding_sessions: int = Field(9, ge=0)


class RegimeGate(Strict):
    """Exposure by lagged 20-day annualised volatility of a reference fund."""

    symbol: Symbol = "510300.SH"
    window: int = Field(20, ge=2)
    cuts: tuple[float, ...] = (0.25, 0.30, 0.40)
    exposures: tuple[Fraction, ...] = (1.0, 0.7, 0.4, 0.1)


class Rotation(Strict):
    """Optional layers of the rotation strategy; None is off."""

    hysteresis: Hysteresis | None = None
    regime_gate: RegimeGate | None = None
    cost_tier: Literal["low", "med", "high"] | None = None


class StrategiesConfig(Strict):
    """`strategies.yaml`."""

    rotation: Rotation = Rotation()
    trend: TrendConfig = TrendConfig()


# --- fuses.yaml -------------------------------------------------------------------------------------------------


class FuseOverride(Strict):
    """Overrides of one fuse's declared defaults; None keeps the default."""

    enabled: bool | None = None
    on_fail: Literal["halt", "hold", "warn"] | None = None
    limit: float | None = None


class LookAhead(Strict):
    """The behavioural look-ahead fuse: cut dates drawn, last sessions computed again, time it may take (seconds)."""

    cuts: int = Field(3, ge=1)
    sessions: int = Field(504, ge=4)
    seconds: Positive = 30.0


class FusesConfig(Strict):
    """`fuses.yaml`."""

    look_ahead: LookAhead = LookAhead()
    max_broken_rows: int = Field(3, ge=1)
    max_excluded_share: Fraction = 0.20
    overrides: dict[str, FuseOverride] = Field(default_factory=dict)


# --- platform.yaml ----------------------------------------------------------------------------------------------


class CalendarConfig(Strict):
    """Warn `warn_sessions` before the calendar's end; further closures per exchange."""

    warn_sessions: int = Field(30, ge=0)
    extra_holidays: dict[Literal["XSHG", "XNYS"], tuple[IsoDate, ...]] = Field(default_factory=dict)


class SnapshotConfig(Strict):
    """How many production snapshots are kept."""

    keep: int = Field(10, ge=1)


class PlatformConfig(Strict):
    """`platform.yaml`; without `recheck` fuses are judged in the runs of their assets only."""

    first_partition: IsoDate = "2020-01-02"
    history_start: IsoDate = "2015-01-05"
    owners: tuple[str, ...] = ("team:etf-ops",)
    calendar: CalendarConfig = CalendarConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    recheck: RecheckConfig | None = None
    snapshot: SnapshotConfig = SnapshotConfig()
