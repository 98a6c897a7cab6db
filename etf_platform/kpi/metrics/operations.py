"""Whether the machinery works: runs in time, errors, changes of provider, alarms. Not here: results, risk."""

import numpy as np

from etf_platform.kpi.facts import Rows, Seen
from etf_platform.kpi.metric import Metric, Reading, blocked, of_every_part

QUARTER = 60  # sessions


def _owed(seen: Seen) -> tuple[Rows, np.datetime64] | Reading:
    return of_every_part(seen, "runs", QUARTER, "missing: nothing was due")


def _availability(seen: Seen) -> Reading:
    found = _owed(seen)
    if isinstance(found, Reading):
        return found
    return Reading(float(found[0]["is_in_time"].mean()), found[1], note=f"{len(found[0])} runs due")


def _errors(seen: Seen) -> Reading:
    found = _owed(seen)
    if isinstance(found, Reading):
        return found
    return Reading(1.0 - float(found[0]["is_made"].mean()), found[1], note=f"{len(found[0])} runs due")


def _failovers(seen: Seen) -> Reading:
    rows = seen.rows("failovers", QUARTER)
    return Reading(0.0 if rows is None else float(len(rows)), seen.day)


def _false_alarms(seen: Seen) -> Reading:
    rows = seen.rows("alarms", QUARTER)
    if rows is None or not len(rows):
        return blocked("insufficient: no alarm was closed in the quarter", seen.day)
    return Reading(float(rows["is_false"].mean()), seen.day, note=f"{len(rows)} alarms closed")


AVAILABILITY = Metric(
    key="availability",
    title="Availability",
    formula="runs finished before their deadline / runs due (decision, consistency, drift of every session) over 60 "
    "sessions; a duty counts from its first run on",
    unit="fraction",
    direction="up",
    source="paper/{pool}/account, governance/{pool}/consistency, drift/{pool}/features",
    owner="engineering",
    measure=_availability,
    major="weekly.min_availability",
    is_core=True,
)
ERRORS = Metric(
    key="error_rate",
    title="Error rate",
    formula="runs that were due and never finished / runs due, over 60 sessions",
    unit="fraction",
    direction="down",
    source="paper/{pool}/account, governance/{pool}/consistency, drift/{pool}/features",
    owner="engineering",
    measure=_errors,
    major="canary.max_error_rate",
)
FAILOVERS = Metric(
    key="data_failovers",
    title="Data failovers",
    formula="changes of the network provider in use, over 60 sessions",
    unit="count",
    direction="down",
    source="source_events",
    owner="engineering",
    measure=_failovers,
)
FALSE_ALARMS = Metric(
    key="false_alarm_rate",
    title="False alarm rate",
    formula="alarms closed without action / alarms closed, over 60 sessions; WARN above a share of the baseline",
    unit="fraction",
    direction="down",
    source="governance_events",
    owner="risk",
    measure=_false_alarms,
    relative="weekly.max_false_alarm_ratio",
)
