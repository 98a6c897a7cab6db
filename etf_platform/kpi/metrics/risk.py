"""Breaches of the VaR, what attribution explains, and the count of major breaches. Tests of a VaR: `measures`."""

import numpy as np

from etf_platform.kpi.facts import Seen
from etf_platform.kpi.metric import Metric, Reading, blocked
from etf_platform.measures.attribution import attribution_coverage
from etf_platform.measures.exception_tests import traffic_light

QUARTER = 60  # sessions


def _breach_rate(seen: Seen) -> Reading:
    rows = seen.rows("breaches")
    settings = seen.settings
    if rows is None or not len(rows):
        return blocked("missing: no forecast is stored")
    at = slice(-settings.test_window, None)
    broken, own = rows["is_breach"][at].astype(bool), rows["of_account"][at].astype(bool)
    n, as_of = len(broken), rows.known[-1]
    note = f"forecasts of the back-test; {int((~own).sum())} of {n} returns are the back-test's, before the account"
    if n < settings.min_forecasts:
        return blocked(f"insufficient: {n} of {settings.min_forecasts} forecasts", as_of)
    green = max(x for x in range(n + 1) if traffic_light(n, x, settings.var_rate) == "green")
    not_red = max(x for x in range(n + 1) if traffic_light(n, x, settings.var_rate) != "red")
    major = min(settings.governance.weekly.max_var_breach_rate, not_red / n)
    return Reading(float(broken.sum()) / n, as_of, warn=min(green / n, major), major=major, note=note)


def _coverage(seen: Seen) -> Reading:
    rows = seen.rows("attribution", QUARTER)
    if rows is None:
        return blocked("missing: nothing was attributed")
    as_of, absent = seen.newest(rows)
    if absent or not len(rows):
        return blocked(f"missing: {', '.join(absent) or 'no attributed session in the quarter'}", as_of)
    value = float(attribution_coverage(rows["explained"], np.abs(rows["residual"]).sum()))
    return Reading(value, as_of, note="of the back-test's fills")


def _major_risk(seen: Seen) -> Reading:
    """Follows from the other rows of the day; `values` sets it."""
    return blocked("missing: no core metric")


BREACHES = Metric(
    key="var_breach_rate",
    title="VaR breach rate",
    formula="breaches / T over 250 sessions, breach r_t < -VaR_{t|t-1} of the governing method and level, forecast "
    "dated before t, scaled to the exposure held; WARN beyond the green zone of Basel, FAIL in the red one or beyond "
    "the limit",
    unit="fraction",
    direction="down",
    source="risk/{pool}/forecasts",
    owner="risk",
    measure=_breach_rate,
    major="weekly.max_var_breach_rate",
    least=100,
    is_core=True,
    aliases=("var_breach_rate", "var_exception_rate", "var_breach_ratio", "var_breach"),
)
COVERAGE = Metric(
    key="attribution_coverage",
    title="Attribution coverage",
    formula="1 - |residual| / (sum |components| + |residual|) over 60 sessions",
    unit="fraction",
    direction="up",
    source="risk/{pool}/attribution",
    owner="research",
    measure=_coverage,
    major="weekly.min_attribution_coverage",
)
MAJOR_RISK = Metric(
    key="major_risk",
    title="Major breaches",
    formula="core metrics of the strategy that are FAIL on the day",
    unit="count",
    direction="down",
    source="kpi/{pool}/values",
    owner="risk",
    measure=_major_risk,
    major="0",
    weekly="max",
)
