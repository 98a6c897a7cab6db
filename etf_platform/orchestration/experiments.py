"""Runs an experiment and registers it: tables pinned to one version each, everything it depended on recorded with it.

An experiment is recorded when it has ended, before anybody sees what it found; one that fails found nothing and leaves
no record. Its files lie below `<home>/experiments/objects` under their SHA-256. Not here: what a kind does
(`experiment_kinds`), doing it again (`reproduction`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from etf_platform.core.config.snapshot import config_text
from etf_platform.core.errors import StorageError
from etf_platform.core.units.event import canonical
from etf_platform.governance.experiment_record import Artifact, Conditions, Experiment, Plan, Results, digest
from etf_platform.governance.experiments import named, record, registry, spread_of_trials
from etf_platform.orchestration.environment import code_digest, environment
from etf_platform.orchestration.experiment_kinds import Advance, Findings, perform, plain
from etf_platform.orchestration.files import replace_bytes
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.provenance import code_commit

if TYPE_CHECKING:
    from etf_platform.storage.pinned import PinnedLake

OBJECTS = Path("experiments") / "objects"
TITLES = {
    "rotation_backtest": "Back-test of pool {pool}",
    "rotation_sweep": "Sweep of pool {pool}",
    "rotation_retrain": "Retrain of pool {pool}",
    "trend_backtest": "Back-test of {strategy} on {symbol}",
    "trend_sweep": "Sweep of {strategy} on {symbol}",
    "trend_walk_forward": "Walk-forward of {strategy} on {symbol}",
    "event_backtest": "Event back-test of limit-up signals",
}


@dataclass(frozen=True)
class PinnedPlatform(Platform):
    """A platform whose lake stands still and takes nothing; `versions` None pins each table at its first use."""

    versions: Mapping[str, int] | None = None

    @cached_property
    def lake(self) -> "PinnedLake":
        """The Delta tables, one version of each."""
        from etf_platform.storage.pinned import PinnedLake

        return PinnedLake(self.workspace.lake, self.versions)


@dataclass(frozen=True)
class About:
    """What a person adds to what the platform knows by itself; empty where nobody said anything."""

    title: str = ""
    hypothesis: str = ""
    expected_impact: str = ""
    rollback_to: str = ""
    parent: str = ""


@dataclass(frozen=True, eq=False)
class Registered:
    """An experiment on record, and what it found."""

    experiment: Experiment
    findings: Findings

    @property
    def experiment_id(self) -> str:
        """Its id, `EXP-YYYYMMDD-nnn`."""
        return self.experiment.experiment_id

    def file(self, name: str) -> bytes | None:
        """Content of one of its files; None when it made none of this name."""
        return self.findings.artifacts.get(name)


def silent(_share: float, _said: str) -> None:
    """Tell nobody about progress."""


def registered(
    platform: Platform, kind: str, params: Mapping[str, Any], about: About = About(), advance: Advance = silent
) -> Registered:
    """Do an experiment on what is stored now, and put it on record.

    Parameters
    ----------
    kind : str
        A key of `experiment_kinds.PERFORM`.
    params : mapping
        JSON values; what is left out is as configured.

    Raises
    ------
    BadInputError
        Unknown kind or parameters, or a parent that is not on record.
    StorageError
        The record or its files cannot be written.
    """
    if about.parent:
        named(registry(platform.config.governance, platform.ops), about.parent)
    params = _with_trials(platform, kind, params)
    pinned = PinnedPlatform(platform.workspace, platform.config)
    findings = perform(pinned, kind, params, advance)
    text = config_text(platform.config)
    keep(platform, text.encode())
    made = tuple(
        Artifact(name, keep(platform, content), digest(content)) for name, content in findings.artifacts.items()
    )
    plan = _plan(kind, params, findings, about)
    results = Results(_iso(findings.start), _iso(findings.end), findings.metrics, made)
    name = record(platform.ops, plan, conditions_of(pinned, digest(text)), results)
    return Registered(named(registry(platform.config.governance, platform.ops), name), findings)


def event_backtest(platform: Platform, params: Mapping[str, Any], advance: Advance) -> dict[str, Any]:
    """`tracking.backtests.run_backtest`, registered; the result also names its `experiment_id`."""
    done = registered(platform, "event_backtest", params, advance=advance)
    return {**done.findings.value, "experiment_id": done.experiment_id}


def drafted(platform: Platform, plan: Plan) -> Experiment:
    """Put on record what is going to be tried, before anything runs."""
    if plan.parent:
        named(registry(platform.config.governance, platform.ops), plan.parent)
    name = record(platform.ops, plan)
    return named(registry(platform.config.governance, platform.ops), name)


def conditions_of(platform: PinnedPlatform, config: str) -> Conditions:
    """What a result depends on, as it is now: the versions that were read, code, packages; `config` names its text."""
    from etf_platform import __version__

    commit = code_commit()
    return Conditions(
        data_version=platform.lake.pinned,
        data_files=platform.lake.fingerprints,
        config=config,
        config_hash=platform.config.digest,
        source=platform.source_name,
        commit=commit,
        dirty=commit.endswith(".dirty"),
        code=code_digest(),
        environment=environment(),
        model_version=__version__,
    )


def keep(platform: Platform, content: bytes) -> str:
    """Store a file under its SHA-256; its path below the home."""
    name = hashlib.sha256(content).hexdigest()
    path = OBJECTS / name[:2] / name
    if not (platform.workspace.home / path).exists():
        replace_bytes(platform.workspace.home / path, content)
    return str(path)


def kept(platform: Platform, name: str) -> bytes:
    """The stored file of this SHA-256.

    Raises
    ------
    StorageError
        It is gone, or its bytes are others.
    """
    path = platform.workspace.home / OBJECTS / name[:2] / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"reading {path}", "it is gone", "restore it from a backup of the home") from error
    if digest(content) != name:
        raise StorageError(f"reading {path}", "its bytes are not those that were stored", "restore it from a backup")
    return content


def _with_trials(platform: Platform, kind: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a deflated ratio counts is part of the question: the trials on record now, and this one."""
    if kind != "rotation_backtest" or not params.get("out_of_sample_from") or "n_trials" in params:
        return params
    known = registry(platform.config.governance, platform.ops).values()
    n, variance = spread_of_trials(known, f"rotation:{params['pool']}")
    return {**params, "n_trials": n + 1, "trials_variance": variance}


def _plan(kind: str, params: Mapping[str, Any], findings: Findings, about: About) -> Plan:
    asked = {k: v for k, v in plain(params).items() if v is not None}
    canonical(asked)
    said = replace(about, title=about.title or TITLES[kind].format_map(asked))
    return Plan(
        kind=kind,
        title=said.title,
        strategy_id=findings.strategy_id,
        params=asked,
        seed=findings.seed,
        hypothesis=said.hypothesis,
        expected_impact=said.expected_impact,
        rollback_to=said.rollback_to,
        parent=said.parent,
    )


def _iso(day: pd.Timestamp | None) -> str | None:
    return None if day is None else f"{day:%Y-%m-%d}"
