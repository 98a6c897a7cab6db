"""Signals of the limit-up tracker: how often they gained, with the interval. Their prediction: `fills`."""

from collections.abc import Callable

from etf_platform.kpi.facts import Seen
from etf_platform.kpi.metric import Metric, Reading, blocked
from etf_platform.measures.proportions import wilson_interval

QUARTER = 60  # sessions
LEAST = 20


def _of(figure: Callable[[int, int], float]) -> Callable[[Seen], Reading]:
    def measure(seen: Seen) -> Reading:
        rows = seen.rows("signals", QUARTER)
        if rows is None or not len(rows):
            return blocked("missing: no signal has an outcome")
        if len(rows) < LEAST:
            return blocked(f"insufficient: {len(rows)} of {LEAST} signals", rows.known[-1])
        wins = int((rows["realised"] > 0.0).sum())
        return Reading(figure(wins, len(rows)), rows.known[-1], note=f"{len(rows)} signals")

    return measure


def _metric(key: str, title: str, formula: str, figure: Callable[[int, int], float]) -> Metric:
    return Metric(
        key=key,
        title=title,
        formula=formula + ", signals of 60 sessions",
        unit="fraction",
        direction="up",
        source="arbitrage/{stocks}/outcomes",
        owner="research",
        measure=_of(figure),
        least=LEAST,
        most_age=QUARTER,
        scopes=("portfolio",),
    )


HIT_RATE = _metric(
    "signal_hit_rate", "Signal hit rate", "signals whose fund gained by the next open / signals", lambda w, n: w / n
)
HIT_LOW = _metric(
    "signal_hit_rate_low", "Hit rate, lower end", "lower end of the Wilson interval (95 %)",
    lambda w, n: wilson_interval(w, n)[0],
)  # fmt: skip
HIT_HIGH = _metric(
    "signal_hit_rate_high", "Hit rate, upper end", "upper end of the Wilson interval (95 %)",
    lambda w, n: wilson_interval(w, n)[1],
)  # fmt: skip
