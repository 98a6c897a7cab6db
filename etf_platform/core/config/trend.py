"""`trend` of `strategies.yaml`: single-asset strategies, what they run on, and how their back-test trades."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from etf_platform.core.config.strict import Fraction, IsoDate, Positive, Strict, Symbol


class _Typed(Strict):
    """Refuses a value of another YAML type instead of converting it: `"no"` is no flag and `"600"` no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class CircuitBreaker(_Typed):
    """A drawdown from the peak cuts the position, and blocks increases for some sessions."""

    enabled: bool = False
    drawdown_threshold: Fraction = 0.10
    position_after: Fraction = 0.30
    cooldown_bars: int = Field(2, ge=0)


class TrendAccount(_Typed):
    """Rates behind the figures."""

    risk_free_rate: float = 0.0
    accrue_risk_free_when_flat: bool = False


class WarmupBars(_Typed):
    """Bars that must lie before the first day used; fewer is BLOCKED."""

    ema: int = Field(600, ge=1)
    rsi: int = Field(250, ge=1)


class TrendBacktest(_Typed):
    """How a single-asset back-test trades.

    `next_day_execution` false fills at the signal bar's own close and is marked in every output. `split_date` cuts the
    figures into an in-sample and a holdout part. Costs are one way, on the traded weight.
    """

    execution: Literal["next_open", "next_close", "original_compatible"] = "next_open"
    use_stop_loss_take_profit: bool = False
    next_day_execution: bool = True
    use_ma50_exit: bool = False
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    metrics: TrendAccount = TrendAccount()
    commission: Fraction = 0.0
    slippage: Fraction = 0.0
    warmup_bars: WarmupBars = WarmupBars()
    annualisation: Positive = 252
    split_date: IsoDate | None = None


class TrendRun(Strict):
    """One strategy on one symbol, every session."""

    strategy: str
    symbol: Symbol


class TrendConfig(Strict):
    """Which strategies run, and their settings.

    The settings of a strategy are declared in its own file (`etf_platform/strategies/signals/`); they are validated
    against it when the configuration is checked, and before every use.
    """

    runs: tuple[TrendRun, ...] = ()
    backtest: TrendBacktest = TrendBacktest()
    strategies: dict[str, dict[str, object]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _distinct(self) -> "TrendConfig":
        twice = sorted({f"{r.strategy} on {r.symbol}" for r in self.runs if self.runs.count(r) > 1})
        if twice:
            raise ValueError(f"runs: listed twice: {', '.join(twice)}")
        return self
