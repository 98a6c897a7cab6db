"""Values over time: baseline, trend, ISO weeks. Not here: values (`metrics`), thresholds and states (`values`)."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from etf_platform.kpi.metric import Metric, Reading

LEAST = 5  # earlier values without which there is no trend
FLAT = 0.25  # standard deviations of the earlier values


def baseline_of(earlier: Sequence[float]) -> float:
    """Mean of the earlier values of the same metric; NaN are left out, NaN without any."""
    known = _known(earlier)
    return float(known.mean()) if known.size else math.nan


def trend_of(value: float, earlier: Sequence[float]) -> str:
    """`up`, `down` or `flat` against the earlier values; `unknown` with fewer than five, or without a value.

    Flat is within a quarter of their standard deviation (ddof 1) from their mean. Up is not better: that the direction
    of the metric tells.
    """
    known = _known(earlier)
    if known.size < LEAST or math.isnan(value):
        return "unknown"
    distance, spread = value - known.mean(), known.std(ddof=1)
    if abs(distance) <= max(FLAT * spread, 1e-9 * max(abs(value), 1e-9)):
        return "flat"
    return "up" if distance > 0.0 else "down"


def improvement(trend: str, direction: str) -> str:
    """`better`, `worse`, or empty where that cannot be said."""
    if trend not in ("up", "down") or direction not in ("up", "down"):
        return ""
    return "better" if trend == direction else "worse"


def weeks_before(sessions: pd.DatetimeIndex, day: pd.Timestamp, n: int) -> list[list[pd.Timestamp]]:
    """Sessions of the ISO week that a day ends, after those of the `n` weeks before it that have any, oldest first.

    Empty where the day is not the last session of its week; `sessions` must reach beyond it.
    """
    at = int(sessions.searchsorted(day, side="right"))
    if at < len(sessions) and _week(sessions[at]) == _week(day):
        return []
    past = sessions[max(0, at - 5 * (n + 1)) : at]
    by_week: dict[tuple[int, int], list[pd.Timestamp]] = {}
    for each in past:
        by_week.setdefault(_week(each), []).append(each)
    weeks = list(by_week.values())
    return weeks[-(n + 1) :]


def of_week(metric: Metric, days: Sequence[Reading]) -> Reading:
    """A metric of a week from the readings of its sessions, oldest first.

    `last` takes the last session. Sums, compounds and maxima leave out sessions on which there was too little to say
    anything; another gap is one of the week.
    """
    if metric.weekly == "last":
        return days[-1]
    known = [day for day in days if not math.isnan(day.value)]
    gaps = [day for day in days if math.isnan(day.value) and not day.reason.startswith("insufficient")]
    if gaps or not known:
        worst = (gaps or list(days))[-1]
        return replace(worst, reason=f"{worst.reason} ({len(gaps or days)} of {len(days)} sessions)")
    values = np.array([day.value for day in known])
    value = {"sum": values.sum(), "compound": np.prod(1.0 + values) - 1.0, "max": values.max()}[metric.weekly]
    told = [day.reason for day in known if day.reason and day.value == value]
    return replace(known[-1], value=float(value), reason=told[-1] if metric.weekly == "max" and told else "")


def _known(values: Sequence[float]) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    return found[np.isfinite(found)]


def _week(day: pd.Timestamp) -> tuple[int, int]:
    year, week, _ = day.isocalendar()
    return year, week
