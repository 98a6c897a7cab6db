"""The weekly chain by hand: one document, or all in their order, and then the close gate.

A step that cannot run leaves its document missing, which blocks what reads it; the chain goes on. Not here: schedules
and partitions (Dagster), the steps themselves.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import YAMLError

from etf_platform.core.config.governance import ConsistencyThresholds, GovernanceConfig, WeeklyThresholds
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.errors import BadInputError, ConfigError, PlatformError
from etf_platform.governance.weekly.artefact import read
from etf_platform.orchestration.graph_weekly import WEEKLY_STEPS
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Step
from etf_platform.orchestration.weekly.closing import close_gate
from etf_platform.orchestration.weekly.documents import Published, where_of, window_of

ALIASES = {
    "max_offline_consistency_exceptions": "max_offline_exceptions",
    "max_online_abs_deviation_bps": "max_live_deviation_bps",
}
STEPS: Mapping[str, Step] = {step.address.rpartition("/")[2]: step for step in WEEKLY_STEPS}


@dataclass(frozen=True)
class Ran:
    """One step of the chain: the state and reason of its document, or BLOCKED with the error."""

    name: str
    status: str
    reason: str


def run_one(platform: Platform, week: str, name: str) -> Published:
    """Make one document of a week.

    Raises
    ------
    PlatformError
        Whatever the step raises.
    """
    outcome = platform.perform(STEPS[name], PORTFOLIO, window_of(platform, week))
    where = where_of(platform, week)
    kept = str(outcome.facts.get("kept", ""))
    if not kept and str(outcome.facts.get("reason", "")).startswith("signed:"):
        kept = f"{name} is signed and was left as it is"
    return Published(name, read(where, name) or {}, where / f"{name}.json", kept)


def run_chain(platform: Platform, week: str, told: Callable[[Ran], None] | None = None) -> list[Ran]:
    """Make every document of a week in the order of the chain."""
    done = []
    for name in STEPS:
        try:
            document = run_one(platform, week, name).document
            ran = Ran(name, str(document.get("status", "")), str(document.get("reason", "")))
        except PlatformError as error:
            ran = Ran(name, "BLOCKED", str(error))
        done.append(ran)
        if told is not None:
            told(ran)
    return done


def close(platform: Platform, week: str, told: Callable[[Ran], None] | None = None) -> Published:
    """Run the whole chain of a week, then write the close gate.

    Raises
    ------
    BadInputError
        The week is not over.
    """
    last = window_of(platform, week).end
    if last is not None and last >= dt.date.today():
        raise BadInputError(f"closing {week}", f"its last session is {last}", "close it when it is over")
    run_chain(platform, week, told)
    return close_gate(platform, week)


def with_thresholds(platform: Platform, file: Path) -> Platform:
    """The same installation judged by other limits: keys of `weekly` and `consistency` in one flat YAML or JSON file.

    Keys of the original's files (`ALIASES`) are understood too.

    Raises
    ------
    ConfigError
        The file holds something else.
    """
    known = {
        **dict.fromkeys(WeeklyThresholds.model_fields, "weekly"),
        **dict.fromkeys(ConsistencyThresholds.model_fields, "consistency"),
    }
    try:
        values = parse_yaml(file.read_text(encoding="utf-8"))
    except (ValueError, YAMLError) as error:
        raise ConfigError(f"reading {file}", str(error), "write it as YAML or JSON") from error
    if isinstance(values, dict):
        values = {ALIASES.get(key, key): value for key, value in values.items()}
    if not isinstance(values, dict) or not values or set(values) - set(known):
        odd = sorted(set(values) - set(known)) if isinstance(values, dict) else []
        saw = f"unknown: {', '.join(map(str, odd))}" if odd else "it is no mapping of limits"
        raise ConfigError(f"reading {file}", saw, f"use keys of {', '.join(sorted(known))}")
    document: dict[str, Any] = platform.config.governance.model_dump(mode="json")
    for key, value in values.items():
        document[known[key]][key] = value
    try:
        governance = GovernanceConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError(
            f"reading {file}", str(error.errors()[0]["msg"]), "give limits as in governance.yaml"
        ) from error
    return Platform(platform.workspace, replace(platform.config, governance=governance))
