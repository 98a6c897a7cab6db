"""Results of the running account: profit, return, drawdown. Ratios of returns stand in `ratios`."""

from collections.abc import Callable

import numpy as np

from etf_platform.kpi.facts import Rows, Seen
from etf_platform.kpi.metric import Metric, Reading, blocked
from etf_platform.measures.drawdowns import under_water

ASSET = "paper/{pool}/account"


def account_of(seen: Seen) -> Rows | None:
    """Rows of the account up to the day; None without one."""
    rows = seen.rows("account")
    return rows if rows is not None and len(rows) else None


def _last(column: str) -> Callable[[Seen], Reading]:
    def measure(seen: Seen) -> Reading:
        rows = account_of(seen)
        if rows is None:
            return blocked(seen.lack("missing: the account has no row"))
        value, as_of = float(rows[column][-1]), rows.known[-1]
        return Reading(value, as_of) if np.isfinite(value) else blocked("insufficient: first session", as_of)

    return measure


def _of_depths(figure: Callable[[np.ndarray], float]) -> Callable[[Seen], Reading]:
    """A figure of the distances below the peak, of the account linked by its returns; the first close is a peak."""

    def measure(seen: Seen) -> Reading:
        rows = account_of(seen)
        if rows is None:
            return blocked(seen.lack("missing: the account has no row"))
        if len(rows) < 2:
            return blocked("insufficient: first session", rows.known[-1])
        linked = np.append(1.0, np.cumprod(1.0 + np.nan_to_num(rows["return"][1:])))
        return Reading(float(figure(under_water(linked))), rows.known[-1])

    return measure


def _length(depths: np.ndarray) -> float:
    return float(len(depths) - 1 - np.flatnonzero(depths == 0.0)[-1])


PNL = Metric(
    key="pnl_net",
    title="Net profit",
    formula="NAV_t - NAV_{t-1}, after costs; of the portfolio the sum over its accounts",
    unit="CNY",
    direction="up",
    source=ASSET,
    owner="research",
    measure=_last("pnl"),
    most_age=0,
    weekly="sum",
    aliases=("total_pnl", "final_pnl", "pnl"),
)
RETURN = Metric(
    key="nav_return",
    title="Return",
    formula="NAV_t / NAV_{t-1} - 1, after costs",
    unit="fraction",
    direction="up",
    source=ASSET,
    owner="research",
    measure=_last("return"),
    warn="-breaker.daily_loss.0",
    major="-breaker.daily_loss.1",
    most_age=0,
    weekly="compound",
    is_core=True,
)
MAX_DRAWDOWN = Metric(
    key="max_drawdown",
    title="Deepest drawdown",
    formula="min(NAV / running maximum of NAV - 1) since the account began; not positive",
    unit="fraction",
    direction="up",
    source=ASSET,
    owner="risk",
    measure=_of_depths(lambda depths: depths.min()),
    warn="-canary.drawdown_share * weekly.max_abs_drawdown",
    major="-weekly.max_abs_drawdown",
    least=2,
    is_core=True,
    aliases=("max_drawdown", "max_dd"),
)
DRAWDOWN = Metric(
    key="current_drawdown",
    title="Current drawdown",
    formula="NAV_t / running maximum of NAV - 1; not positive",
    unit="fraction",
    direction="up",
    source=ASSET,
    owner="risk",
    measure=_of_depths(lambda depths: depths[-1]),
    warn="-breaker.drawdown.0",
    major="-breaker.drawdown.1",
    least=2,
)
LENGTH = Metric(
    key="drawdown_length",
    title="Length of the drawdown",
    formula="sessions since the last close at the running maximum of NAV",
    unit="sessions",
    direction="down",
    source=ASSET,
    owner="risk",
    measure=_of_depths(_length),
    least=2,
)
