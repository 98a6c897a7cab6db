"""Facts to the rows of `kpi/<strategy>/values`: every metric of the registry on every session asked for, judged.

A row of a day follows from facts dated up to that day; baseline and trend from the values of the sessions before. Not
here: the metrics (`metrics`), weeks and baselines (`history`), files of others (`imports`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State
from etf_platform.core.tables import KPI_VALUES
from etf_platform.kpi.facts import Facts, Seen
from etf_platform.kpi.history import baseline_of, of_week, trend_of, weeks_before
from etf_platform.kpi.metric import Metric, Reading, blocked, threshold
from etf_platform.kpi.metrics import registry

BASELINE = 60  # sessions before the day
BASELINE_WEEKS = 12  # weeks before the week
PORTFOLIO = "portfolio"
MAJOR_RISK = "major_risk"
COLUMNS = [column.name for column in KPI_VALUES.columns]


@dataclass(frozen=True)
class Stamp:
    """What every row says of where it comes from.

    Attributes
    ----------
    config, data_version, source : str
    experiments : mapping of Timestamp to str
        Session -> experiment of the release that was in force when it opened.
    """

    config: str
    data_version: str
    source: str
    experiments: Mapping[pd.Timestamp, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """A reading against its thresholds."""

    reading: Reading
    state: State
    reason: str
    warn: float
    major: float
    baseline: float = float("nan")
    trend: str = "unknown"


def value_rows(
    facts: Facts, days: Iterable[pd.Timestamp], stamp: Stamp, metrics: Sequence[Metric] | None = None
) -> pd.DataFrame:
    """Rows of KPI_VALUES of one strategy: of every day, and of the week on the last session of an ISO week.

    Parameters
    ----------
    facts : Facts
    days : iterable of Timestamp
        Sessions.
    stamp : Stamp
    metrics : sequence of Metric, optional
        Default: all of the registry that are the strategy's.

    Returns
    -------
    DataFrame
        Sorted by the key of the table. A value that is not defined is NaN and its row BLOCKED.
    """
    scope = "portfolio" if facts.strategy == PORTFOLIO else "pool"
    chosen = tuple(m for m in (registry() if metrics is None else metrics) if scope in m.scopes)
    look = _Memory(facts, chosen)
    rows: list[dict[str, object]] = []
    for day in days:
        rows += _rows(chosen, _of_day(chosen, look, day), facts, day, "day", stamp)
        if weeks_before(facts.sessions, day, 0):
            rows += _rows(chosen, _of_week(chosen, look, day), facts, day, "week", stamp)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame = frame.astype(dict.fromkeys(("date", "as_of"), "datetime64[ns]"))
    return frame.sort_values(list(KPI_VALUES.key), ignore_index=True)


def judge(
    metric: Metric, reading: Reading, config: GovernanceConfig, baseline: float, trend: str = "unknown"
) -> Judged:
    """State and reason of a reading; a threshold is broken by what lies strictly beyond it."""
    warn = _first(reading.warn, threshold(metric.relative, config) * baseline, threshold(metric.warn, config))
    major = _first(reading.major, threshold(metric.major, config))
    state, reason = reading.state, reading.reason
    if math.isnan(reading.value):
        state = State.BLOCKED
    elif metric.relative and math.isnan(baseline):
        state, reason = State.BLOCKED, "no_baseline"
    elif _is_beyond(metric, reading.value, major):
        state, reason = State.FAIL, _broken(metric, reading, major)
    elif _is_beyond(metric, reading.value, warn):
        state, reason = State.WARN, _broken(metric, reading, warn)
    elif math.isnan(baseline) and not reason:
        reason = "no_baseline"
    return Judged(reading, state, reason, warn, major, baseline, trend)


class _Memory:
    """Readings of the days that were looked at; a metric reads a day once."""

    def __init__(self, facts: Facts, metrics: Sequence[Metric]) -> None:
        self.facts, self._core = facts, [metric for metric in metrics if metric.is_core]
        self._seen: dict[pd.Timestamp, Seen] = {}
        self._read: dict[tuple[str, pd.Timestamp], Reading] = {}

    def reading(self, metric: Metric, day: pd.Timestamp) -> Reading:
        """What a metric is at the close of a day; old inputs give no value."""
        if (metric.key, day) not in self._read:
            seen = self._seen.setdefault(day, Seen(self.facts, day))
            reading = self._majors(day) if metric.key == MAJOR_RISK else metric.measure(seen)
            self._read[metric.key, day] = _fresh(metric, reading, seen)
        return self._read[metric.key, day]

    def _majors(self, day: pd.Timestamp) -> Reading:
        """Count of core metrics that are FAIL; without a value where none of them has one."""
        config = self.facts.settings.governance
        read = [(metric, self.reading(metric, day)) for metric in self._core]
        known = [(metric, reading) for metric, reading in read if not math.isnan(reading.value)]
        if not known:
            return blocked("missing: no core metric has a value")
        failed = [m.key for m, reading in known if judge(m, reading, config, math.nan).state is State.FAIL]
        return Reading(float(len(failed)), day.to_datetime64(), ", ".join(failed))

    def before(self, day: pd.Timestamp, n: int) -> list[pd.Timestamp]:
        """The sessions before a day, oldest first."""
        stop = int(self.facts.sessions.searchsorted(day))
        return list(self.facts.sessions[max(0, stop - n) : stop])


def _fresh(metric: Metric, reading: Reading, seen: Seen) -> Reading:
    if np.isnat(reading.as_of) or math.isnan(reading.value):
        return reading
    age = seen.age(reading.as_of)
    if age <= metric.most_age:
        return reading
    return replace(blocked(f"stale: {age} sessions old", reading.as_of), note=reading.note)


def _of_day(metrics: Sequence[Metric], look: _Memory, day: pd.Timestamp) -> list[Judged]:
    config = look.facts.settings.governance
    earlier = look.before(day, BASELINE)
    found = []
    for metric in metrics:
        reading = look.reading(metric, day)
        known = [look.reading(metric, each).value for each in earlier]
        found.append(_with_baseline(metric, reading, known, config))
    return found


def _of_week(metrics: Sequence[Metric], look: _Memory, day: pd.Timestamp) -> list[Judged]:
    config = look.facts.settings.governance
    *earlier, this = weeks_before(look.facts.sessions, day, BASELINE_WEEKS)
    found = []
    for metric in metrics:
        reading = of_week(metric, [look.reading(metric, each) for each in this])
        known = [of_week(metric, [look.reading(metric, each) for each in week]).value for week in earlier]
        judged = metric if metric.weekly in ("last", "max") else replace(metric, warn="", major="")
        found.append(_with_baseline(judged, reading, known, config))
    return found


def _with_baseline(metric: Metric, reading: Reading, known: Sequence[float], config: GovernanceConfig) -> Judged:
    baseline = baseline_of(known)
    return judge(metric, reading, config, baseline, trend_of(reading.value, known))


def _rows(
    metrics: Sequence[Metric], judged: Sequence[Judged], facts: Facts, day: pd.Timestamp, period: str, stamp: Stamp
) -> list[dict[str, object]]:
    return [
        {
            "date": day,
            "strategy": facts.strategy,
            "kpi": metric.key,
            "period": period,
            "value": each.reading.value,
            "baseline": each.baseline,
            "trend": each.trend,
            "warn": each.warn,
            "major": each.major,
            "status": str(each.state),
            "reason": each.reason,
            "as_of": pd.Timestamp(each.reading.as_of),
            "experiment_id": stamp.experiments.get(day, ""),
            "config": stamp.config,
            "data_version": stamp.data_version,
            "registry_version": metric.version,
            "source": "; ".join(part for part in (stamp.source, each.reading.note) if part),
        }
        for metric, each in zip(metrics, judged, strict=True)
    ]


def _is_beyond(metric: Metric, value: float, limit: float) -> bool:
    """False where there is no limit, or no better side."""
    return {"up": value < limit, "down": value > limit}.get(metric.direction, False)


def _broken(metric: Metric, reading: Reading, limit: float) -> str:
    side = "below" if metric.direction == "up" else "above"
    text = f"{reading.value:.4g} is {side} {limit:.4g}"
    return f"{text}; {reading.reason}" if reading.reason else text


def _first(*limits: float) -> float:
    return next((limit for limit in limits if limit == limit), float("nan"))
