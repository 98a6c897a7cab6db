"""One installation opened for work: configuration, lake, ops database, calendar and source, each on first use."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from etf_platform.core.config import Config, load_config
from etf_platform.core.config.models import LocalSource, SampleSource
from etf_platform.core.errors import ConfigError
from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.provenance import code_commit

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from etf_platform.core.units.fuse import Fuse, Reading
    from etf_platform.market.calendar import Sessions
    from etf_platform.orchestration.step import Outcome, Step, Window
    from etf_platform.storage.lake import Lake

PORTFOLIO = "portfolio"


@dataclass(frozen=True)
class Platform:
    """What every step is handed; opening it touches no file."""

    workspace: Workspace
    config: Config

    @classmethod
    def open(cls, workspace: Workspace) -> "Platform":
        """Read the configuration of a workspace."""
        return cls(workspace, load_config(workspace.config))

    @cached_property
    def lake(self) -> "Lake":
        """The Delta tables of this installation."""
        from etf_platform.storage.lake import Lake

        return Lake(self.workspace.lake)

    @cached_property
    def ops(self) -> "Engine":
        """The ops database of this installation."""
        from etf_platform.storage.opsdb import open_ops

        return open_ops(self.workspace.ops_url)

    def sessions(self, pool: str) -> "Sessions":
        """Trading sessions of the pool's exchange (the portfolio's: Shanghai)."""
        from etf_platform.market.calendar import sessions

        members = self.config.etf_pools.pools.members
        exchange = members[pool].calendar if pool in members else "XSHG"
        return sessions(exchange, self.config.platform.calendar.extra_holidays.get(exchange, ()))

    @property
    def source_name(self) -> str:
        """The chosen source, or the default of `sources.yaml`."""
        return self.workspace.source or self.config.sources.default

    @property
    def source(self) -> SampleSource | LocalSource:
        """Settings of the chosen source."""
        sources = self.config.sources.sources
        if self.source_name not in sources:
            raise ConfigError(
                "choosing a source",
                f"there is no source {self.source_name!r}",
                f"use one of {', '.join(sorted(sources))} (sources.yaml)",
            )
        return sources[self.source_name]

    @property
    def source_label(self) -> str:
        """How rows made from this source are labelled: `sample (simulated)`, `local:<name>`."""
        return f"{self.source_name} (simulated)" if self.source.kind == "sample" else f"local:{self.source_name}"

    def perform(self, step: "Step", universe: str, window: "Window") -> "Outcome":
        """Run a step's function, unless a halting fuse on what it reads is open.

        Raises
        ------
        GateClosedError
            An upstream fuse is open; any other PlatformError comes from the step.
        """
        from etf_platform.orchestration.gates import refuse_behind_open_fuse

        refuse_behind_open_fuse(self, universe, step)
        outcome: Outcome = resolve(step.run)(self, universe, window)
        return outcome

    def judge(self, universe: str, fuses: "Sequence[Fuse]", window: "Window") -> "list[tuple[Fuse, Reading]]":
        """Run fuses on stored tables and record the verdicts."""
        from etf_platform.orchestration.judging import judge

        return judge(self, universe, fuses, window)

    def note(self, run_id: str) -> dict[str, str]:
        """What every commit of the lake carries, so that any number can be traced."""
        return {
            "run_id": run_id,
            "config": self.config.digest,
            "code": code_commit(),
            "source": self.source_name,
        }


def resolve(path: str) -> Callable[..., Any]:
    """The object named `package.module:name`, imported now: declaring a step must not import its libraries."""
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
