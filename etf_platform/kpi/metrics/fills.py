"""How well fills and signals were predicted. What a fill earned: attribution (`risk`)."""

import numpy as np

from etf_platform.core.states import State
from etf_platform.kpi.facts import Seen
from etf_platform.kpi.metric import Metric, Reading, blocked
from etf_platform.measures.calibration import bin_calibration_error, bucket_error

QUARTER = 60  # sessions
LEAST_ORDERS, LEAST_FORECASTS, LEAST_SIGNALS = 5, 100, 20
ONE_BP = 1e-4


def _orders(seen: Seen) -> Reading:
    rows = seen.rows("slippage", QUARTER)
    if rows is None:
        return blocked("missing: no order was filled")
    if len(rows) < LEAST_ORDERS:
        return blocked(f"insufficient: {len(rows)} of {LEAST_ORDERS} orders", _as_of(seen))
    errors = np.abs(rows["realised"] - rows["modelled"]) / np.maximum(rows["modelled"], ONE_BP)
    modelled = int(rows["is_modelled"].sum())
    is_real = modelled < len(rows)
    state, reason = (State.PASS, "") if is_real else (State.WARN, "modelled: no fill was real, nothing is calibrated")
    return Reading(
        float(errors.mean()), _as_of(seen), reason, state=state, note=f"{modelled} of {len(rows)} fills modelled"
    )


def _probabilities(seen: Seen) -> Reading:
    rows = seen.rows("fill_forecasts", QUARTER)
    if rows is None or not len(rows):
        return blocked("missing: no strategy forecasts its fills")
    if len(rows) < LEAST_FORECASTS:
        return blocked(f"insufficient: {len(rows)} of {LEAST_FORECASTS} forecasts", rows.known[-1])
    return Reading(bin_calibration_error(rows["p"], rows["y"]), rows.known[-1])


def _signals(seen: Seen) -> Reading:
    rows = seen.rows("signals", QUARTER)
    if rows is None or not len(rows):
        return blocked("missing: no signal has an outcome")
    known = rows.where(np.isfinite(rows["predicted"]))
    if len(known) < LEAST_SIGNALS:
        return blocked(f"insufficient: {len(known)} of {LEAST_SIGNALS} signals", rows.known[-1])
    return Reading(bucket_error(known["predicted"], known["realised"], known["bucket"]), rows.known[-1])


def _as_of(seen: Seen) -> np.datetime64:
    """An account that trades rarely is not stale: what is known of its orders is as new as its last row."""
    rows = seen.rows("account")
    return rows.known[-1] if rows is not None and len(rows) else np.datetime64("NaT", "ns")


HEADLINE = Metric(
    key="fill_calibration_error",
    title="Fill calibration error",
    formula="of a strategy of daily orders: fill_calibration_orders",
    unit="ratio",
    direction="down",
    source="paper/{pool}/account",
    owner="engineering",
    measure=_orders,
    major="weekly.max_fill_calibration_error",
    least=LEAST_ORDERS,
    aliases=("fill_calibration_error", "fill_error", "calibration_error"),
)
PROBABILITIES = Metric(
    key="fill_calibration_probability",
    title="Fill calibration (a), probabilities",
    formula="sum over 10 equal-count bins of n_b / n * |mean p - mean y| over 60 sessions",
    unit="probability",
    direction="down",
    source="none: no strategy forecasts its fills",
    owner="engineering",
    measure=_probabilities,
    major="weekly.max_fill_calibration_error",
    least=LEAST_FORECASTS,
    scopes=("portfolio",),
)
ORDERS = Metric(
    key="fill_calibration_orders",
    title="Fill calibration (b), daily orders",
    formula="mean of |realised - modelled slippage| / max(modelled, 1 bp) over the orders of 60 sessions",
    unit="ratio",
    direction="down",
    source="paper/{pool}/account",
    owner="engineering",
    measure=_orders,
    major="weekly.max_fill_calibration_error",
    least=LEAST_ORDERS,
)
SIGNALS = Metric(
    key="fill_calibration_signals",
    title="Fill calibration (c), limit-up signals",
    formula="sum over buckets of confidence of n_b / n * |mean predicted - mean realised next open|, before costs, "
    "over 60 sessions; predicted: expected gain of the sealed holdings less the premium",
    unit="fraction",
    direction="down",
    source="arbitrage/{stocks}/outcomes",
    owner="research",
    measure=_signals,
    least=LEAST_SIGNALS,
    most_age=QUARTER,
    scopes=("portfolio",),
    version=2,
)
