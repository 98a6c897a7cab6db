"""The wire of one installation: its settings, the ops database as its memory, the machine's clock.

Replaced in tests by another clock; everything else is as in service.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from etf_platform.core.config.live import LiveSource
from etf_platform.core.secrets import Secrets
from etf_platform.market.live import Wire
from etf_platform.market.wire.breaker import Breaker
from etf_platform.market.wire.failover import Surroundings
from etf_platform.market.wire.health import Health
from etf_platform.market.wire.memory import SourceEvent
from etf_platform.market.wire.rates import Bucket, take
from etf_platform.orchestration.platform import Platform
from etf_platform.storage.source_states import change_mark, change_source, source_health, source_states, use_source

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True)
class OpsMemory:
    """`market.wire.memory.Memory` in the ops database: shared by every process of the installation."""

    engine: "Engine"
    clock: Callable[[], float] = time.time

    def health(self, source: str) -> Health:
        """See `Memory`."""
        return _health(source_health(self.engine, source))

    def change(self, source: str, step: Callable[[Health], Health]) -> Health:
        """See `Memory`."""
        made: list[Health] = []

        def row(known: dict[str, Any] | None) -> dict[str, Any]:
            made.append(step(_health(known)))
            return _columns(made[-1], self.clock())

        change_source(self.engine, source, row)
        return made[-1]

    def reserve(self, host: str, now: float, rate: float, burst: float) -> float:
        """See `Memory`."""
        waits: list[float] = []

        def step(known: dict[str, float] | None) -> dict[str, float]:
            bucket, wait = take(Bucket(**known) if known else None, now, rate, burst)
            waits.append(wait)
            return asdict(bucket)

        change_mark(self.engine, f"host/{host}", step)
        return waits[-1]

    def used(self, topic: str, source: str, note: Callable[[str | None], SourceEvent | None]) -> SourceEvent | None:
        """See `Memory`."""
        events: list[SourceEvent | None] = []

        def row(before: str | None) -> dict[str, Any] | None:
            events.append(note(before))
            event = events[-1]
            return None if event is None else _event_row(event)

        use_source(self.engine, topic, source, row)
        return events[-1]


def wire_of(platform: Platform, settings: LiveSource) -> Wire:
    """The wire of an installation."""
    token = Secrets.from_env().tushare_token
    tokens = {} if token is None else {"tushare": token}
    return Wire(settings, Surroundings(OpsMemory(platform.ops), time.time), time.sleep, tokens)


def unusable_sources(platform: Platform) -> list[str]:
    """One sentence for every network provider that failed when it was last asked; none for other sources."""
    if platform.source.kind != "live":
        return []
    failing = [row for row in source_states(platform.ops) if row["health"]["breaker"]["failures"]]
    return [_sentence(row["source"], row["last_error"], row["retry_at"]) for row in failing]


def _sentence(source: str, error: str, retry_at: datetime | None) -> str:
    pause = f"; not asked again before {retry_at:%H:%M:%S} UTC" if retry_at else ""
    return f"Source {source} gave nothing that may be stored: {error}{pause}."


def _health(known: dict[str, Any] | None) -> Health:
    if known is None:
        return Health()
    return Health(**{**known, "breaker": Breaker(**known["breaker"])})


def _columns(health: Health, now: float) -> dict[str, Any]:
    retry_at = health.breaker.retry_at
    return {
        "state": str(health.state(now)),
        "seconds": health.seconds,
        "last_error": health.last_error,
        "retry_at": datetime.fromtimestamp(retry_at, UTC) if retry_at else None,
        "health": asdict(health),
    }


def _event_row(event: SourceEvent) -> dict[str, Any]:
    return {
        "recorded_at": datetime.fromtimestamp(event.at, UTC),
        "topic": event.topic,
        "kind": event.kind,
        "source": event.source,
        "before": event.before,
        "detail": event.detail,
    }
