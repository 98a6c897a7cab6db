"""How far what happens is from what was modelled: account against back-test, features against their baseline."""

import numpy as np

from etf_platform.kpi.facts import Seen
from etf_platform.kpi.metric import Metric, Reading, blocked, of_every_part

ALARMS = ("alert", "major")
DRIFT_OF_NAV = "monthly_drift_bps"


def _deviation(seen: Seen) -> Reading:
    found = of_every_part(seen, "consistency", 2, "pending_data: nothing was compared")
    if isinstance(found, Reading):
        return found
    rows, as_of = found
    last = rows.where(rows.known >= as_of)["value"]
    if not np.isfinite(last).all():
        return blocked("pending_data: no counterpart", as_of)
    return Reading(float(np.abs(last).max()), as_of)


def _drift(seen: Seen) -> Reading:
    found = of_every_part(seen, "drift", 2, "missing: drift was not judged")
    if isinstance(found, Reading):
        return found
    rows, as_of = found
    last = rows.where(rows.known >= as_of)
    levels = last["level"].astype(str)
    if not np.isin(levels, (*ALARMS, "stable")).any():
        return blocked("insufficient: no feature could be judged", as_of)
    alarms = last["feature"].astype(str)[np.isin(levels, ALARMS)]
    names = ", ".join(sorted(set(alarms.tolist())))
    return Reading(float(alarms.size > 0), as_of, f"alarm: {names}" if names else "")


DEVIATION = Metric(
    key="live_deviation_bps",
    title="Live deviation",
    formula="|return of the account over the month - that of the back-test of the same configuration| * 1e4; of the "
    "portfolio the largest of its pools",
    unit="bps",
    direction="down",
    source="governance/{pool}/consistency",
    owner="research",
    measure=_deviation,
    warn="consistency.max_monthly_drift_bps",
    major="consistency.max_live_deviation_bps",
    weekly="max",
)
DRIFT = Metric(
    key="drift_alarm",
    title="Drift alarm",
    formula="1 when a feature of the strategy stands at alert or major, else 0",
    unit="flag",
    direction="down",
    source="drift/{pool}/features",
    owner="research",
    measure=_drift,
    warn="0",
    weekly="max",
)
