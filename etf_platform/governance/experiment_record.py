"""What the registry knows of one experiment, as values. Not here: recording, the fold, ids (`experiments`)."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from etf_platform.core.units.event import canonical

COUNTED = ("n_trials", "trials_variance")  # parameters that say what the registry knew


@dataclass(frozen=True)
class Artifact:
    """A file that an experiment made: its name, its path below the home, the SHA-256 of its bytes."""

    name: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Approval:
    """A signature that counts: role, name, time of recording."""

    role: str
    name: str
    at: dt.datetime | None


@dataclass(frozen=True)
class Plan:
    """What is asked, before anything runs; `kind` empty: nothing that the platform could run by itself.

    Attributes
    ----------
    params : mapping
        JSON values.
    seed : int
        Of everything random in it; 0 where nothing is.
    """

    kind: str
    title: str
    strategy_id: str
    params: Mapping[str, Any]
    seed: int = 0
    hypothesis: str = ""
    expected_impact: str = ""
    rollback_to: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Conditions:
    """All that a result depends on besides the plan.

    Attributes
    ----------
    data_version : mapping of str to int
        Table address -> Delta version that was read.
    data_files : mapping of str to str
        Table address -> fingerprint of that version's files.
    config : str
        SHA-256 of the stored configuration; `config_hash` is its digest as other records have it.
    source : str
        Name of the market data source.
    commit, dirty, code : str, bool, str
        Commit, whether files differed from it, and the digest of the package's files.
    environment : mapping of str to str
        Interpreter, machine, packages -> version.
    """

    data_version: Mapping[str, int]
    data_files: Mapping[str, str]
    config: str
    config_hash: str
    source: str
    commit: str
    dirty: bool
    code: str
    environment: Mapping[str, str]
    model_version: str = ""

    @property
    def environment_hash(self) -> str:
        """SHA-256 of the environment."""
        return digest(canonical(self.environment))


@dataclass(frozen=True)
class Results:
    """What came of it: days that were used, metrics `{in_sample, out_of_sample, n_trials}`, files."""

    start: str | None
    end: str | None
    metrics: Mapping[str, Any]
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True)
class Experiment:
    """One experiment as the ledger knows it; `conditions` and `results` are None for a draft."""

    experiment_id: str
    plan: Plan
    created_at: dt.datetime | None
    status: str = "draft"
    conditions: Conditions | None = None
    results: Results | None = None
    decision: str = ""
    approvals: tuple[Approval, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def params(self) -> str:
        """Parameters as canonical JSON."""
        return canonical(self.plan.params)

    @property
    def params_hash(self) -> str:
        """SHA-256 of `params`."""
        return digest(self.params)

    @property
    def question(self) -> tuple[str, str]:
        """Kind and digest of the parameters without what is only counted: two that ask the same have the same."""
        asked = {name: value for name, value in self.plan.params.items() if name not in COUNTED}
        return self.plan.kind, digest(canonical(asked))

    @property
    def n_trials(self) -> int:
        """Parameter sets that were tried; 0 for a draft."""
        return int(self.results.metrics.get("n_trials") or 0) if self.results else 0

    @property
    def record(self) -> dict[str, Any]:
        """The record of the specification as JSON values; absent parts are null."""
        plan, seen, made = self.plan, self.conditions, self.results
        shown = {f.name: getattr(seen, f.name) if seen else None for f in fields(Conditions)}
        return {
            "experiment_id": self.experiment_id,
            **asdict(plan),
            "params": self.params,
            "params_hash": self.params_hash,
            **shown,
            "environment_hash": seen.environment_hash if seen else None,
            "data_window": {"start": made.start, "end": made.end} if made else None,
            "metrics": made.metrics if made else None,
            "artifacts": [asdict(each) for each in made.artifacts] if made else [],
            "decision": self.decision,
            "approvals": [{**asdict(a), "at": a.at.isoformat() if a.at else None} for a in self.approvals],
            "notes": list(self.notes),
            "status": self.status,
            "created_at": self.created_at.isoformat() if self.created_at else None,
        }


def digest(text: str | bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
