"""What the market report is made from: a tree of plain values, filled by orchestration.

Here: values, and what follows from them alone. None is unknown: it is shown as 不可用 or 数据不足, never as a number or
as 中性. Not here: how a value is made (`scoring`), and any text (`opening`, `assets`, `closing`, ...).

Blocks have the field names of those of the scoring layer, so `like` fills them from an object that has these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from math import isfinite
from typing import Any, Literal, TypeVar

from etf_platform.reports.scoring.positions import Positions

Kind = TypeVar("Kind")


def like(kind: type[Kind], value: Any, /, **rest: Any) -> Kind:
    """A value of this tree with the fields that `value` has under the same names; `rest` sets others.

    A number that is NaN or infinite is left out: not defined is unknown.
    """
    known = {f.name: getattr(value, f.name) for f in fields(kind) if hasattr(value, f.name)}  # type: ignore[arg-type]
    defined = {name: v for name, v in known.items() if not (isinstance(v, float) and not isfinite(v))}
    return kind(**(defined | rest))


@dataclass(frozen=True)
class Band:
    """A band of totals: direction, mark behind it, and heading of its list, e.g. `✅ 看多 (可以适度配置)`."""

    direction: str
    mark: str
    heading: str


@dataclass(frozen=True)
class FactorRow:
    """A row of the factor table; scores in points, weight a fraction; `detail` is shown where it is available.

    `inputs` are the numbers that went in, for programs and for people who check; no form for readers shows them.
    """

    label: str
    applicable: bool = True
    available: bool = False
    score: float | None = None
    orth_score: float | None = None
    weight: float | None = None
    detail: str = ""
    reason: str = ""
    as_of: date | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chance:
    """As `scoring.blocks.Probability`."""

    horizon: int
    up_prob: float | None = None
    low: float | None = None
    high: float | None = None
    base_rate: float | None = None
    matches: int = 0
    effective: int = 0
    confidence: float | None = None
    mean: float | None = None
    median: float | None = None
    var_5: float | None = None
    cvar_5: float | None = None
    sharpe: float | None = None
    skew: float | None = None
    max_drawdown: float | None = None
    environment: str = ""
    position_hint: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Indicators:
    """As `scoring.blocks.Technical`; only what the report shows."""

    rsi: float | None = None
    macd: float | None = None
    macd_signal: float | None = None
    k: float | None = None
    d: float | None = None
    j: float | None = None
    boll_position: float | None = None
    plus_di: float | None = None
    minus_di: float | None = None
    adx: float | None = None
    dist20: float | None = None
    volume_divergence: str = ""
    macd_divergence: str = ""
    rsi_divergence: str = ""
    divergence_age: int | None = None
    pivot: float | None = None
    r1: float | None = None
    r2: float | None = None
    s1: float | None = None
    s2: float | None = None
    drawdown_250: float | None = None


@dataclass(frozen=True)
class Volumes:
    """As `scoring.blocks.VolumeBlock`; only what the report shows."""

    degree: float | None = None
    status: str = ""
    quality: str = ""
    obv_trend: str = ""
    obv_divergence: str = ""
    volume_ratio: float | None = None
    ratio_level: str = ""
    turnover_rate: float | None = None
    turnover_level: str = ""
    breakout: str = ""
    breakout_signal: str = ""
    resistance: float | None = None
    signal: str = ""


@dataclass(frozen=True)
class Worth:
    """As `scoring.blocks.Valuation`; `erp` is the earnings yield less the bond yield, a fraction."""

    pe: float | None = None
    pb: float | None = None
    pe_percentile: float | None = None
    pb_percentile: float | None = None
    erp: float | None = None
    as_of: date | None = None


@dataclass(frozen=True)
class Money:
    """As `scoring.blocks.Flow`: northbound, southbound or margin; yuan, sentiment in points."""

    kind: str
    sentiment: float | None = None
    last: float | None = None
    five_day: float | None = None
    five_day_change: float | None = None
    as_of: date | None = None
    text: str = ""


@dataclass(frozen=True)
class Margin:
    """Margin balance of the market in yuan, its relative change over five sessions, and its sentiment in points."""

    balance: float | None = None
    five_day_change: float | None = None
    sentiment: float | None = None
    text: str = ""
    as_of: date | None = None


@dataclass(frozen=True)
class Fear:
    """As `scoring.blocks.Panic`: name (VIX, VHSI, HKVI, CNVI), points, and what its band says."""

    name: str
    value: float | None = None
    status: str = ""
    action: str = ""
    as_of: date | None = None


@dataclass(frozen=True)
class RiskFacts:
    """As `scoring.risk.Risk`; no level is unknown."""

    risk_score: float | None = None
    rule_risk: float | None = None
    level: str = ""
    mark: str = ""
    factors: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Breadth:
    """New highs and lows over `sessions` among `members`; counts."""

    sessions: int
    highs: int
    lows: int
    members: int


@dataclass(frozen=True)
class Relative:
    """Alpha (a year, a fraction) and beta against a benchmark over `sessions`."""

    benchmark: str
    alpha: float
    beta: float
    sessions: int


@dataclass(frozen=True)
class Chips:
    """Distribution of holding costs: mean, range that holds 70 %, points of concentration, share in profit."""

    cost: float
    low: float
    high: float
    concentration: float
    profit_share: float


@dataclass(frozen=True)
class AssetReport:
    """One asset on the day.

    Attributes
    ----------
    key, name, symbol, group, category, type, underlying_market, description : str
        As in `scoring.yaml`; group is `core` or `sector`.
    proxy : str
        Symbol of the instrument whose bars stand for the asset (`QQQ.US`); empty when the bars are its own.
    source : str
        Of the bars; carries `simulated` where that is so.
    data_date, close, change : date, float, float, or None
        Of the bar that was judged; change is a fraction.
    status, reason : str
        PASS, WARN or BLOCKED, and why it is not PASS.
    total, raw_total : float or None
        Points.
    direction, mark, position : str
        e.g. 看多, ✅, 60-70%; 数据不足 with an empty mark and position when BLOCKED.
    factors : tuple of FactorRow
        Six, in the order of the table.
    chances : tuple of Chance
        20 and 60 sessions.
    breadth : tuple of Breadth
        Of the asset's members; empty when there is none.
    reasons : mapping
        Input (`bars`, `valuation`, `capital`, `margin`, `panic`, `sentiment`, `breadth`, `relative`, `chips`) -> why
        it is missing.
    """

    key: str
    name: str
    symbol: str
    group: Literal["core", "sector"]
    category: str
    type: str = ""
    underlying_market: str = ""
    description: str = ""
    proxy: str = ""
    source: str = ""
    data_date: date | None = None
    close: float | None = None
    change: float | None = None
    status: str = "BLOCKED"
    reason: str = ""
    total: float | None = None
    raw_total: float | None = None
    direction: str = "数据不足"
    mark: str = ""
    position: str = ""
    available: int = 0
    applicable: int = 0
    factors: tuple[FactorRow, ...] = ()
    chances: tuple[Chance, ...] = ()
    technical: Indicators | None = None
    volume: Volumes | None = None
    valuation: Worth | None = None
    flows: Money | None = None
    margin: Margin | None = None
    panic: Fear | None = None
    sentiment_score: float | None = None
    risk: RiskFacts = RiskFacts()
    strategies: tuple[str, ...] = ()
    combos: tuple[str, ...] = ()
    target_weight: float | None = None
    breadth: tuple[Breadth, ...] = ()
    relative: Relative | None = None
    chips: Chips | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_judged(self) -> bool:
        """Whether there is a total."""
        return self.total is not None

    @property
    def label(self) -> str:
        """Name, with the instrument that stands for it: `纳斯达克 (代理: QQQ.US)`."""
        return f"{self.name} (代理: {self.proxy})" if self.proxy else self.name

    def chance(self, horizon: int) -> Chance | None:
        """Probability over a horizon."""
        return next((chance for chance in self.chances if chance.horizon == horizon), None)


@dataclass(frozen=True)
class IndexLine:
    """A row of 核心指数表现."""

    label: str
    close: float | None = None
    change: float | None = None
    direction: str = "数据不足"
    mark: str = ""


@dataclass(frozen=True)
class PanicLine:
    """A row of 市场恐慌指数: 美股, 港股 or A股; no `fear` is unknown, and `reason` says why."""

    market: str
    fear: Fear | None = None
    reason: str = ""


@dataclass(frozen=True)
class Regime:
    """As `scoring.market_state.Regime`: a state and the range of positions that goes with it, fractions."""

    name: str
    emoji: str
    low: float
    high: float
    confidence: int = 0
    advice: str = ""


@dataclass(frozen=True)
class MarketView:
    """As `scoring.market_state.MarketState`; `used` and `missing` name the indices."""

    regime: Regime
    total: float
    short: int
    long: int
    breadth: int
    change: float
    year_to_date: float
    rising: float
    used: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Percentiles:
    """PE and PB percentiles over `years`; fractions, low is cheap."""

    years: int
    pe: float | None = None
    pb: float | None = None


@dataclass(frozen=True)
class Institutional:
    """Indicators of 沪深300; what is missing has a reason under `valuation`, `breadth` or `margin`."""

    valuation: tuple[Percentiles, ...] = ()
    breadth: tuple[Breadth, ...] = ()
    margin: Margin | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """An asset whose analysis broke, and the cause."""

    name: str
    reason: str


@dataclass(frozen=True)
class MarketReport:
    """The report of one session.

    Attributes
    ----------
    day : date
        XSHG session.
    generated_at : datetime
        Shown as it stands; a field, so that the same inputs give the same bytes.
    method : str
        How totals were made, e.g. `正交合成 (近期样本, 252个交易日)`.
    bands, regimes : tuple
        Of the totals, best first; of the market, best first.
    panic_summary : str
        One sentence over the markets.
    state : MarketView or None
        None is unknown; `state_reason` says why.
    positions : Positions or None
        None leaves the section out.
    factor_table : str
        `strong_only` or `all`, for sector assets.
    source : str
        Of the scores.
    """

    day: date
    generated_at: datetime
    bands: tuple[Band, ...]
    assets: tuple[AssetReport, ...] = ()
    failures: tuple[Failure, ...] = ()
    indices: tuple[IndexLine, ...] = ()
    panic: tuple[PanicLine, ...] = ()
    panic_summary: str = ""
    state: MarketView | None = None
    state_reason: str = ""
    regimes: tuple[Regime, ...] = ()
    positions: Positions | None = None
    institutional: Institutional = Institutional()
    method: str = ""
    factor_table: Literal["strong_only", "all"] = "strong_only"
    source: str = ""

    @property
    def is_simulated(self) -> bool:
        """Whether any part was made from simulated data."""
        return any("simulated" in source.lower() for source in (self.source, *(a.source for a in self.assets)))

    @property
    def total_count(self) -> int:
        """Assets that were asked for, judged or not."""
        return len(self.assets) + len(self.failures)

    @property
    def judged(self) -> tuple[AssetReport, ...]:
        """Assets with a total."""
        return tuple(asset for asset in self.assets if asset.is_judged)

    @property
    def unjudged(self) -> tuple[Failure, ...]:
        """Assets without a total and why: broken ones first."""
        return (*self.failures, *(Failure(a.label, a.reason) for a in self.assets if not a.is_judged))

    @property
    def top_band(self) -> str:
        """Direction of the best band."""
        return self.bands[0].direction if self.bands else ""
