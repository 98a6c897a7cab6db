"""KPI files of other systems to rows of KPI_VALUES: `{strategy: {summary, metrics, risk}}`, read by alias.

The first alias that has a number wins, in the order of the record's aliases, then of the sections. What cannot be read
is named and left out; what is missing is BLOCKED, never PASS. Not here: reading and storing the file.
"""

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import KPI_VALUES
from etf_platform.kpi.history import baseline_of, trend_of
from etf_platform.kpi.metric import Metric, Reading, blocked, threshold
from etf_platform.kpi.metrics import registry
from etf_platform.kpi.values import BASELINE, judge

UNIVERSE = "imported"
SECTIONS = ("summary", "metrics", "risk")
NOT_POSITIVE = ("max_drawdown",)  # files give it with either sign


@dataclass(frozen=True)
class Imported:
    """Rows of KPI_VALUES, and what was set aside: one sentence each, naming strategy and field."""

    rows: pd.DataFrame
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Where a file is from: its name and digest, the session it is about, the configuration it is judged by."""

    name: str
    sha256: str
    day: dt.date
    config: str


def parse_kpis(content: bytes, origin: Origin, config: GovernanceConfig) -> Imported:
    """Rows of every readable strategy of a file.

    Parameters
    ----------
    content : bytes
        UTF-8 JSON.
    origin : Origin
    config : GovernanceConfig

    Returns
    -------
    Imported
        One row per strategy and metric that has aliases; `period` is `day`; baseline and trend: `with_history`.

    Raises
    ------
    BadInputError
        The file is no JSON object, a strategy stands in it twice, or no strategy can be read.
    """
    document = _document(content, origin.name)
    problems: list[str] = []
    rows: list[dict[str, object]] = []
    for strategy, record in document.items():
        if not strategy.strip() or not isinstance(record, Mapping):
            problems.append(f"{strategy or '(no name)'}: not an object of sections")
            continue
        sections = {name: record.get(name, {}) for name in SECTIONS}
        broken = [name for name, section in sections.items() if not isinstance(section, Mapping)]
        problems += [f"{strategy}.{name}: not an object" for name in broken]
        if not any(name in record for name in SECTIONS) or len(broken) == len(SECTIONS):
            problems.append(f"{strategy}: none of {', '.join(SECTIONS)}")
            continue
        known = {name: section for name, section in sections.items() if name not in broken}
        rows += [_row(metric, strategy, known, origin, config, problems) for metric in registry() if metric.aliases]
    if not rows:
        raise BadInputError(
            f"importing {origin.name}",
            "; ".join(problems) or "no strategy stands in it",
            "give {strategy: {summary: {...}, metrics: {...}, risk: {...}}}",
        )
    frame = pd.DataFrame(rows, columns=[column.name for column in KPI_VALUES.columns])
    frame = frame.astype(dict.fromkeys(("date", "as_of"), "datetime64[ns]"))
    return Imported(frame.sort_values(list(KPI_VALUES.key), ignore_index=True), tuple(problems))


def merged(stored: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Stored rows of a day with the fresh ones in the place of the same strategies."""
    kept = stored[~stored["strategy"].isin(fresh["strategy"])]
    rows = pd.concat([kept, fresh], ignore_index=True) if len(kept) else fresh
    return rows.sort_values(list(KPI_VALUES.key), ignore_index=True)


def with_history(rows: pd.DataFrame, earlier: pd.DataFrame, config: GovernanceConfig) -> pd.DataFrame:
    """The rows with baseline and trend from what was imported for the sessions before, up to `BASELINE` of each."""
    past = earlier[earlier["date"] < rows["date"].min()].sort_values("date")
    known = {key: part["value"].tolist()[-BASELINE:] for key, part in past.groupby(["strategy", "kpi"])}
    values = [known.get(key, []) for key in zip(rows["strategy"], rows["kpi"], strict=True)]
    found = rows.assign(
        baseline=[baseline_of(each) for each in values],
        trend=[trend_of(value, each) for value, each in zip(rows["value"], values, strict=True)],
    )
    is_known = found["baseline"].notna() & (found["reason"] == "no_baseline")
    return found.assign(reason=found["reason"].mask(is_known, ""))


def first_numeric(metric: Metric, sections: Mapping[str, Mapping[str, Any]]) -> tuple[float, str, list[str]]:
    """Value, the name it stands under (empty: nowhere), and the names that hold something else than a number."""
    refused: list[str] = []
    for alias in metric.aliases:
        for section, fields in sections.items():
            if alias not in fields:
                continue
            found = fields[alias]
            is_number = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
            if is_number:
                return float(found), f"{section}.{alias}", refused
            refused.append(f"{section}.{alias} is {found!r}")
    return math.nan, "", refused


def _row(
    metric: Metric,
    strategy: str,
    sections: Mapping[str, Mapping[str, Any]],
    origin: Origin,
    config: GovernanceConfig,
    problems: list[str],
) -> dict[str, object]:
    value, name, refused = first_numeric(metric, sections)
    problems += [f"{strategy}.{text}: not a number" for text in refused]
    if metric.key in NOT_POSITIVE:
        value = -abs(value)
    as_of = np.datetime64(origin.day, "ns")
    reading = Reading(value, as_of) if name else blocked("missing: " + "; ".join(refused or ["no alias of it"]))
    limits = {"warn": threshold(metric.warn, config), "major": threshold(metric.major, config)}
    judged = judge(metric, reading, config, math.nan)
    return {
        "date": pd.Timestamp(origin.day),
        "strategy": strategy,
        "kpi": metric.key,
        "period": "day",
        "value": value,
        "baseline": math.nan,
        "trend": "unknown",
        **limits,
        "status": str(judged.state),
        "reason": judged.reason,
        "as_of": pd.Timestamp(reading.as_of),
        "experiment_id": "",
        "config": origin.config,
        "data_version": json.dumps({"file": origin.sha256}),
        "registry_version": metric.version,
        "source": f"file:{origin.name}" + (f" {name}" if name else ""),
    }


def _document(content: bytes, name: str) -> dict[str, Any]:
    doing, remedy = f"importing {name}", "give a JSON object {strategy: {summary, metrics, risk}}"
    try:
        found = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadInputError(doing, f"it is no JSON: {error}", remedy) from error
    if not isinstance(found, dict):
        raise BadInputError(doing, f"it holds a {type(found).__name__}", remedy)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands in it twice")
    return dict(pairs)
