"""`alerts.yaml`: which channels exist, who is told what on them, and how hard delivery is tried. No secrets."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from etf_platform.core.config.strict import Clock, Fraction, Positive, Strict

ChannelKindName = Literal["dingtalk", "wecom", "email", "apprise", "webhook", "file"]
SeverityName = Literal["info", "warning", "error", "critical"]
Patterns = tuple[str, ...]
LEASE_PER_TIMEOUT = 10  # a mail takes up to nine exchanges with its server


class ChannelConfig(Strict):
    """One way to tell people.

    A channel whose environment variables are not set is not ready and takes no part. `per_minute` is the provider's
    limit, over any 60 seconds; more than `digest_above` events in a minute go out as one digest. `tls` of mail:
    `auto` is implicit on port 465 and STARTTLS elsewhere.
    """

    kind: ChannelKindName
    enabled: bool = True
    minimum: SeverityName = "info"
    per_minute: int = Field(20, ge=1)
    digest_above: int = Field(15, ge=1)
    timeout_seconds: Positive = 10.0
    rate_limit_pause_seconds: Positive = 60.0
    format: Literal["markdown", "text"] = "markdown"
    tls: Literal["auto", "implicit", "starttls"] = "auto"


class Match(Strict):
    """Shell patterns; an event must fit one of every list that is given. `about` is a stock, fund or symbol."""

    kinds: Patterns = ()
    severities: tuple[SeverityName, ...] = ()
    owners: Patterns = ()
    assets: Patterns = ()
    about: Patterns = ()


class Route(Strict):
    """Events that match go to these channels; a `final` route ends the search (with no channels: silence)."""

    match: Match = Match()
    channels: tuple[str, ...] = ()
    final: bool = False


class QuietHours(Strict):
    """Between `start` and `end` only the severities in `through` are told; the others wait until `end`."""

    start: Clock
    end: Clock
    timezone: str = "Asia/Shanghai"
    through: tuple[SeverityName, ...] = ("error", "critical")


class RetryConfig(Strict):
    """Waiting `first_seconds` doubling to `longest_seconds`, moved by up to `jitter`; dead after `attempts`.

    `lease_seconds` is how long a dispatcher owns what it claimed: longer than any delivery may take. A channel that
    fails is left alone for `pause_seconds`, doubling to `longest_pause_seconds`.
    """

    first_seconds: Positive = 30.0
    pause_seconds: Positive = 5.0
    longest_seconds: Positive = 3600.0
    jitter: Fraction = 0.2
    attempts: int = Field(12, ge=1)
    expire_hours: Positive = 72.0
    lease_seconds: Positive = 120.0
    longest_pause_seconds: Positive = 900.0


class Escalation(Strict):
    """An event that no channel took after this many attempts on each of them is told on `channels` as well."""

    after_attempts: Annotated[int, Field(ge=1)] = 3
    channels: tuple[str, ...] = ("file",)


class SensorSeconds(Strict):
    """Seconds within which each sensor looks again; a round of Dagster's daemon, 5 s, is the finest."""

    runs: int = Field(30, ge=1)
    checks: int = Field(30, ge=1)
    sources: int = Field(30, ge=1)
    signals: int = Field(60, ge=1)
    lateness: int = Field(300, ge=1)
    limits: int = Field(900, ge=1)
    closing: int = Field(30, ge=1)
    dispatch: int = Field(15, ge=1)


class SensorsConfig(Strict):
    """How often sensors look, and at what they take alarm.

    `look_back_hours` is how far a first look goes back; a session is late `grace_minutes` after its job's schedule; a
    sensor is missed after `missed_ticks` of its intervals; one tick of the dispatcher delivers for `dispatch_seconds`.
    """

    seconds: SensorSeconds = SensorSeconds()
    look_back_hours: Positive = 24.0
    grace_minutes: int = Field(90, ge=0)
    min_free_share: Fraction = 0.05
    missed_ticks: int = Field(3, ge=1)
    dispatch_seconds: Positive = 20.0


class AlertsConfig(Strict):
    """`alerts.yaml`.

    `fallback` takes events whose own channels are all without credentials. The signal reports of `signal_strategies`
    are told after every session.
    """

    enabled: bool = True
    timezone: str = "Asia/Shanghai"
    link: str | None = None
    channels: dict[str, ChannelConfig]
    routes: tuple[Route, ...] = ()
    fallback: tuple[str, ...] = ("file",)
    quiet_hours: QuietHours | None = None
    retry: RetryConfig = RetryConfig()
    escalation: Escalation = Escalation()
    sensors: SensorsConfig = SensorsConfig()
    signal_strategies: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _channels_known(self) -> "AlertsConfig":
        named = {name for route in self.routes for name in route.channels}
        slow = max((channel.timeout_seconds for channel in self.channels.values()), default=0.0)
        if self.retry.lease_seconds < LEASE_PER_TIMEOUT * slow:
            raise ValueError(f"retry.lease_seconds must be at least {LEASE_PER_TIMEOUT} times every timeout_seconds")
        stray = sorted((named | {*self.fallback, *self.escalation.channels}) - set(self.channels))
        if stray:
            raise ValueError(f"no channel {', '.join(stray)}; use one of {', '.join(self.channels)}")
        return self
