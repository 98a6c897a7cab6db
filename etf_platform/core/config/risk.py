"""`risk.yaml`: VaR and ES forecasts, exception tests, attribution."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from etf_platform.core.config.strict import Fraction, Strict

Method = Literal["historical", "parametric", "cornish_fisher", "filtered_historical", "evt_pot", "monte_carlo"]
Level = Annotated[float, Field(gt=0.5, lt=1.0)]


class RiskConfig(Strict):
    """How risk is forecast and judged.

    `window` sessions of returns make a forecast; `test_window` forecasts are judged (fewer than `min_forecasts` is
    BLOCKED). `decay` is the EWMA weight of filtered historical simulation; `tail_quantile` the EVT threshold. All
    methods are shown side by side; the fuse on coverage judges `governing_method` at `governing_level`.
    """

    methods: tuple[Method, ...] = (
        "historical",
        "parametric",
        "cornish_fisher",
        "filtered_historical",
        "evt_pot",
        "monte_carlo",
    )
    levels: tuple[Level, ...] = (0.95, 0.975, 0.99)
    window: int = Field(250, ge=50)
    test_window: int = Field(250, ge=100)
    min_forecasts: int = Field(100, ge=20)
    decay: Fraction = 0.94
    draws: int = Field(5_000, ge=5_000)
    monte_carlo_draws: int = Field(10_000, ge=1_000)
    tail_quantile: Fraction = 0.90
    min_tail: int = Field(20, ge=5)
    governing_method: Method = "filtered_historical"
    governing_level: Level = 0.99
    cluster_sessions: int = Field(5, ge=1)
    seed: int = 20240102
    min_attribution_coverage: Fraction = 0.90
    max_identity_gap: Fraction = 1e-6

    @model_validator(mode="after")
    def _governed(self) -> "RiskConfig":
        if self.governing_method not in self.methods or self.governing_level not in self.levels:
            chosen = f"{self.governing_method} at {self.governing_level:g}"
            raise ValueError(f"governing_method and governing_level are {chosen}: not among methods and levels")
        return self
