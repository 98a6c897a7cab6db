"""The live source of `sources.yaml`: network providers, their addresses, rates and gates. Not here: other sources."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from etf_platform.core.config.strict import Clock, Fraction, Positive, Strict


class Provider(Strict):
    """One network provider of a live source.

    `priority`: 0 is asked first, 100 last. `rate` is requests a second to each of its hosts, `burst` how many may go at
    once. `batch` is symbols per request where the provider takes several, at most what its parser allows.
    `is_high_frequency`: free, and may be asked often. `hosts` lists every address that may be asked, with the base of
    its URLs; plain http is for this machine only.
    """

    enabled: bool = True
    priority: float = Field(50, ge=0.0, le=100.0)
    rate: Positive = 5.0
    burst: int = Field(5, ge=1)
    batch: int = Field(60, ge=1)
    is_high_frequency: bool = False
    hosts: dict[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _encrypted(self) -> "Provider":
        for host, base in self.hosts.items():
            parts = urlsplit(base)
            is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
            if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_here)):
                raise ValueError(f"hosts.{host}: {base!r} is no https address")
        return self


class LiveSource(Strict):
    """Network providers behind one set of gates; which of them serve an exchange, in `order` (see `market.wire`).

    `timeout_seconds` is for connecting and for silence; `attempts` how often a request is sent. `min_answered` is the
    share of asked symbols that must be answered; `max_age_seconds` the age of a quote during a session;
    `sample` how many symbols a second provider is asked for every day, which must agree within `sample_ticks` or
    `sample_share` of the price. `quotes_at` is when quotes are asked for on every session, on the pool's own clock.
    """

    kind: Literal["live"]
    providers: dict[str, Provider] = Field(min_length=1)
    order: dict[Literal["XSHG", "XNYS"], tuple[str, ...]]
    timeout_seconds: Positive = 10.0
    attempts: int = Field(2, ge=1, le=5)
    min_answered: Fraction = 0.95
    max_age_seconds: Positive = 60.0
    quotes_at: Clock = "14:50"
    sample: int = Field(5, ge=1)
    sample_ticks: Positive = 1.0
    sample_share: Fraction = 0.003

    @model_validator(mode="after")
    def _order_known(self) -> "LiveSource":
        stray = sorted({name for names in self.order.values() for name in names} - set(self.providers))
        if stray:
            raise ValueError(f"order: {', '.join(stray)} is no provider")
        return self
