"""Two experiments side by side: what was asked, on what, and what came of it. Not here: doing them again."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from etf_platform.core.config.snapshot import flat
from etf_platform.governance.experiment_record import Experiment

LEFT_OUT = ("experiment_id", "created_at", "params_hash", "data_files", "environment_hash", "notes", "approvals")


def compared(one: Experiment, other: Experiment, is_everything: bool = False) -> list[dict[str, Any]]:
    """Rows `what`, and the value of each of the two under its id; what is absent is None.

    Parameters
    ----------
    is_everything : bool
        Also what is the same in both. Without it equal values are left out, but for the metrics.
    """
    left, right = (dict(_values(each)) for each in (one, other))
    names = list(dict.fromkeys((*left, *right)))
    return [
        {"what": name, one.experiment_id: left.get(name), other.experiment_id: right.get(name)}
        for name in names
        if is_everything or name.startswith("metrics.") or left.get(name) != right.get(name)
    ]


def config_differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Key path and both values of every configuration key that differs; None where it is absent."""
    left, right = flat(one), flat(other)
    return [(name, left.get(name), right.get(name)) for name in {**left, **right} if left.get(name) != right.get(name)]


def _values(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    record = {name: value for name, value in experiment.record.items() if name not in LEFT_OUT}
    record["params"] = dict(experiment.plan.params)
    record["artifacts"] = {each["name"]: each["sha256"][:12] for each in record["artifacts"]}
    record["conditions"] = {} if experiment.conditions is None else {"code": asdict(experiment.conditions)["code"][:12]}
    record.pop("code")
    yield from flat(record).items()
