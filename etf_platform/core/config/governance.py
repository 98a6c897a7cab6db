"""`governance.yaml`: thresholds of the weekly operating system, people who sign, stages, fail-safe rules, drift."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from etf_platform.core.config.strict import Fraction, Positive, ScheduleConfig, Strict

Role = Literal["research", "engineering", "risk", "product"]
Op = Literal[">", ">=", "<", "<=", "=="]
Action = Literal["freeze", "degrade", "retrain", "halt", "notify"]
StageName = Literal["SHADOW", "S5", "S20", "S50", "FULL"]

PLACEHOLDERS = ("research_owner", "engineering_owner", "risk_owner", "product_owner", "owner", "todo", "tbd", "admin")


def _person(value: str) -> str:
    if not value.strip() or value.lower() in PLACEHOLDERS:
        raise ValueError(f"{value!r} is a placeholder, not a person")
    return value


Name = Annotated[str, AfterValidator(_person)]


class Person(Strict):
    """Somebody who may sign: roles, and what proves a signature of a secret that only the person knows.

    `etf-platform gov person NAME` asks for the secret and prints the line. `verifier` is a scrypt salt with the public
    key that secret and salt give: it checks a seal and cannot make one. `former` keeps older verifiers, so that what
    they sealed stays valid; who has `left` signs nothing new.
    """

    roles: tuple[Role, ...] = Field(min_length=1)
    verifier: str
    former: tuple[str, ...] = ()
    left: bool = False


class WeeklyThresholds(Strict):
    """Limits of the weekly audit."""

    min_sharpe: float = 0.5
    max_abs_drawdown: Positive = 0.25
    max_var_breach_rate: Fraction = 0.05
    max_fill_calibration_error: Positive = 0.2
    min_availability: Fraction = 0.995
    min_attribution_coverage: Fraction = 0.90
    min_dsr: Fraction = 0.95
    max_false_alarm_ratio: Positive = 0.7


class ConsistencyThresholds(Strict):
    """Limits between online and offline: shares, Jaccard, half L1 of weights, basis points."""

    max_price_mismatch: Fraction = 0.001
    min_signal_jaccard: Fraction = 0.99
    max_weight_distance: Fraction = 0.005
    max_cost_difference_bps: Positive = 0.1
    max_daily_return_bps: Positive = 5.0
    max_weekly_return_bps: Positive = 20.0
    max_monthly_drift_bps: Positive = 50.0
    max_online_alerts: int = Field(0, ge=0)
    max_offline_exceptions: int = Field(0, ge=0)
    max_live_deviation_bps: Positive = 300.0
    alignment_seconds: Positive = 60.0


class Stage(Strict):
    """One stage of a release: share of the full exposure, least sessions in it, whether leaving needs a signature."""

    name: StageName
    exposure: Fraction
    sessions: int = Field(ge=1)
    needs_signature: bool = False


class FailSafeRule(Strict):
    """A rule as data: when `metric` meets `op threshold` on `consecutive` of the last `window_days` sessions."""

    rule_id: str
    metric: str
    op: Op
    threshold: float
    window_days: int = Field(ge=1)
    consecutive: int = Field(ge=1)
    action: Action
    severity: Literal["warning", "error", "critical"]

    @model_validator(mode="after")
    def _fits(self) -> "FailSafeRule":
        if self.consecutive > self.window_days:
            raise ValueError(f"{self.rule_id}: consecutive is larger than window_days")
        return self


class BreakerLimits(Strict):
    """The circuit breaker: warning and limit of each measure (fractions), cool-down in sessions, size per state."""

    daily_loss: tuple[Fraction, Fraction] = (0.05, 0.10)
    drawdown: tuple[Fraction, Fraction] = (0.08, 0.15)
    var95: Fraction = 0.05
    var99: Fraction = 0.10
    concentration: tuple[Fraction, Fraction] = (0.20, 0.30)
    cool_down_sessions: int = Field(1, ge=1)
    sizes: tuple[Fraction, Fraction, Fraction, Fraction] = (1.0, 0.5, 0.1, 0.0)


class DriftConfig(Strict):
    """Windows in sessions, levels, limits of the model audit, and the patience of the three-stage machine.

    `history` is how far back nulls are drawn from, in blocks of `block` sessions or a window with its roll if longer.
    """

    baseline: int = Field(250, ge=50)
    recent: int = Field(20, ge=5)
    history: int = Field(1000, ge=250)
    bins: int = Field(5, ge=2)
    psi_alert: Positive = 0.10
    psi_major: Positive = 0.25
    null_quantile: Fraction = 0.99
    draws: int = Field(500, ge=100)
    block: int = Field(10, ge=1)
    fdr: Fraction = 0.05
    alert_days: int = Field(2, ge=1)
    degrade_days: int = Field(2, ge=1)
    retrain_days: int = Field(3, ge=1)
    clean_days: int = Field(3, ge=1)
    degrade_exposure: Fraction = 0.5
    audit_error: Positive = 0.25
    audit_improvement: Positive = 0.30
    seed: int = 20240102


class CanaryTest(Strict):
    """The paired sequential test: prior of the difference in basis points, earlier days, the bound."""

    tau_bps: Positive = 10.0
    min_paired_days: int = Field(60, ge=10)
    bound: Positive = 20.0
    drawdown_share: Fraction = 0.6
    max_error_rate: Fraction = 0.01
    rehearsal_days: int = Field(90, ge=1)


class AccountConfig(Strict):
    """The running account: capital per strategy in yuan, first session."""

    capital: Positive = 1_000_000.0
    start: str | None = None


class RegressionConfig(Strict):
    """The daily regression: commands as words, each in a process of its own, and how long one may take.

    `python` and `etf-platform` are this interpreter and this package; `{session}` is the session that is looked at.
    """

    commands: tuple[tuple[str, ...], ...] = (
        ("etf-platform", "config", "check"),
        (
            "python",
            "-m",
            "etf_platform.orchestration.weekly.regression_checks",
            "consistency",
            "reproduce",
            "{session}",
        ),
    )
    timeout_seconds: Positive = 900.0


class GovernanceConfig(Strict):
    """`governance.yaml`."""

    people: dict[Name, Person] = Field(default_factory=dict)
    weekly: WeeklyThresholds = WeeklyThresholds()
    consistency: ConsistencyThresholds = ConsistencyThresholds()
    stages: tuple[Stage, ...] = (
        Stage(name="SHADOW", exposure=0.0, sessions=1),
        Stage(name="S5", exposure=0.05, sessions=2),
        Stage(name="S20", exposure=0.20, sessions=3),
        Stage(name="S50", exposure=0.50, sessions=5, needs_signature=True),
        Stage(name="FULL", exposure=1.0, sessions=5),
    )
    fail_safe: tuple[FailSafeRule, ...] = ()
    breaker: BreakerLimits = BreakerLimits()
    drift: DriftConfig = DriftConfig()
    canary: CanaryTest = CanaryTest()
    account: AccountConfig = AccountConfig()
    regression: RegressionConfig = RegressionConfig()
    daily: ScheduleConfig = ScheduleConfig(hour=10, minute=0)
    weekly_chain: ScheduleConfig = ScheduleConfig(hour=21, minute=0)

    @model_validator(mode="after")
    def _ordered(self) -> "GovernanceConfig":
        exposures = [stage.exposure for stage in self.stages]
        if exposures != sorted(set(exposures)) or self.stages[-1].exposure != 1.0:
            raise ValueError("stages: exposures must rise and end at 1.0")
        twice = {r.rule_id for r in self.fail_safe if [x.rule_id for x in self.fail_safe].count(r.rule_id) > 1}
        if twice:
            raise ValueError(f"fail_safe: listed twice: {', '.join(sorted(twice))}")
        return self
