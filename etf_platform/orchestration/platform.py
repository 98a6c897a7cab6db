"""One installation opened for work: configuration, lake, ops database, calendar and source, each on first use."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from etf_platform.core.config import Config, load_config
from etf_platform.core.config.models import LiveSource, LocalSource, SampleSource
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

        return Lake(self.workspace.lake, self.workspace.home / "cache")

    @cached_property
    def ops(self) -> "Engine":
        """The ops database of this installation."""
        from etf_platform.storage.opsdb import open_ops

        return open_ops(self.workspace.ops_url)

    def exchange(self, universe: str) -> Literal["XSHG", "XNYS"]:
        """Exchange of a pool or a universe (the portfolio's: Shanghai)."""
        found = self.config.etf_pools.pools.members.get(universe) or self.config.universes.universes.get(universe)
        return found.calendar if found else "XSHG"

    def sessions(self, universe: str) -> "Sessions":
        """Trading sessions of the exchange of a pool or a universe (the portfolio's: Shanghai)."""
        from etf_platform.market.calendar import sessions

        exchange = self.exchange(universe)
        return sessions(exchange, self.config.platform.calendar.extra_holidays.get(exchange, ()))

    @property
    def source_name(self) -> str:
        """The chosen source, or the default of `sources.yaml`."""
        return self.workspace.source or self.config.sources.default

    @property
    def source(self) -> SampleSource | LocalSource | LiveSource:
        """Settings of the chosen source."""
        return self.source_named(self.source_name)

    def source_named(self, name: str) -> SampleSource | LocalSource | LiveSource:
        """Settings of one source of `sources.yaml`.

        Raises
        ------
        ConfigError
            There is none of this name.
        """
        sources = self.config.sources.sources
        if name not in sources:
            raise ConfigError(
                "choosing a source",
                f"there is no source {name!r}",
                f"use one of {', '.join(sorted(sources))} (sources.yaml)",
            )
        return sources[name]

    def source_of(self, universe: str, symbol: str) -> str:
        """Name of the source that a symbol is read from.

        An installation on a simulated source is simulated throughout, one on a live source asks the network throughout.
        On recorded data a pool reads the chosen source and a universe its own (`universes.yaml`); the two are never
        mixed.
        """
        declared = self.config.universes.universes.get(universe)
        if declared is None or self.source.kind != "local":
            return self.source_name
        return declared.source_of.get(symbol, declared.source)

    def history_start(self, universe: str) -> date:
        """First day of interest: the universe's own, else that of `platform.yaml`."""
        declared = self.config.universes.universes.get(universe)
        return date.fromisoformat(declared.history_start if declared else self.config.platform.history_start)

    def provides_quotes(self, universe: str) -> bool:
        """Whether the chosen source has quotes of a pool: a live one that asks at least two providers of its exchange.

        Recorded and simulated sources have daily bars only.
        """
        source = self.source
        return source.kind == "live" and len(source.order.get(self.exchange(universe), ())) > 1

    @property
    def source_label(self) -> str:
        """How rows made from the chosen source are labelled: see `label_of`."""
        return self.label_of(self.source_name)

    def label_of(self, source: str) -> str:
        """How rows made from a source are labelled: `sample (simulated)`, `local:<name>`, `live`."""
        kind = self.source_named(source).kind
        return {"sample": f"{source} (simulated)", "live": source}.get(kind, f"local:{source}")

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

    def has_started(self, universe: str) -> bool:
        """Whether a universe has any day as of which it could be judged."""
        from etf_platform.orchestration.judging import has_started

        return has_started(self, universe)

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
