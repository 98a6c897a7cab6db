"""Ratios of the account's daily returns: Sharpe, probabilistic, deflated. The tests themselves: `measures`."""

from math import nan, sqrt

import numpy as np

from etf_platform.kpi.facts import Seen
from etf_platform.kpi.metric import Metric, Reading, blocked
from etf_platform.kpi.metrics.account import ASSET, account_of
from etf_platform.measures.performance import SESSIONS_PER_YEAR, sharpe
from etf_platform.measures.sharpe_tests import Moments, deflated_sharpe, moments, probabilistic_sharpe

WINDOW = 250  # sessions
LEAST = 20
ONE_SIDED = 1.6448536269514722  # 95 %


def _returns(seen: Seen) -> tuple[np.ndarray, Reading | None]:
    """Excess returns per session of the last sessions, and why there is nothing to be computed from them."""
    rows = account_of(seen)
    if rows is None:
        return np.empty(0), blocked(seen.lack("missing: the account has no row"))
    returns = rows["return"][-WINDOW:]
    returns = returns[np.isfinite(returns)]
    if returns.size < LEAST:
        return returns, blocked(f"insufficient: {returns.size} of {LEAST} returns", rows.known[-1])
    return returns - seen.settings.risk_free / SESSIONS_PER_YEAR, None


def _moments(seen: Seen) -> tuple[Moments, np.datetime64] | Reading:
    returns, problem = _returns(seen)
    if problem is not None:
        return problem
    as_of = seen.rows("account").known[-1]  # type: ignore[union-attr]
    if np.isnan(sharpe(returns, 0.0)):
        return blocked("insufficient: the returns do not vary", as_of)
    return moments(returns), as_of


def _sharpe(seen: Seen) -> Reading:
    found = _moments(seen)
    if isinstance(found, Reading):
        return found
    (shape, as_of), returns = found, _returns(seen)[0]
    return Reading(sharpe(returns, 0.0), as_of, major=_significant(shape, seen.settings.governance.weekly.min_sharpe))


def _significant(shape: Moments, limit: float) -> float:
    """Annual ratio below which the true one lies under `limit` with 95 % confidence; the error is that of PSR."""
    variance = 1.0 - shape.skew * shape.sharpe + (shape.kurtosis - 1.0) / 4.0 * shape.sharpe**2
    if variance <= 0.0:
        return nan
    return limit - ONE_SIDED * sqrt(variance / (shape.n - 1.0)) * sqrt(SESSIONS_PER_YEAR)


def _psr(seen: Seen) -> Reading:
    found = _moments(seen)
    if isinstance(found, Reading):
        return found
    shape, as_of = found
    value = probabilistic_sharpe(shape.sharpe, shape.n, 0.0, shape.skew, shape.kurtosis)
    return Reading(value, as_of) if value == value else blocked("insufficient: variance is not positive", as_of)


def _dsr(seen: Seen) -> Reading:
    found = _moments(seen)
    if isinstance(found, Reading):
        return found
    shape, as_of = found
    trials = seen.rows("trials")
    if trials is None or not len(trials) or not trials["n"][-1]:
        return blocked("missing: no trial was on record by then", as_of)
    n, variance = int(trials["n"][-1]), float(trials["variance"][-1]) / SESSIONS_PER_YEAR
    value = deflated_sharpe(shape.sharpe, shape.n, n, variance, shape.skew, shape.kurtosis)
    if value != value:
        return blocked("insufficient: variance is not positive", as_of)
    return Reading(value, as_of, note=f"{n} trials")


SHARPE = Metric(
    key="sharpe",
    title="Sharpe ratio",
    formula="mean(r - rf) / std(r, ddof 1) * sqrt(252) over up to 250 sessions; WARN below the limit, FAIL where the "
    "true ratio lies below it with 95 % confidence (standard error of PSR)",
    unit="ratio per year",
    direction="up",
    source=ASSET,
    owner="research",
    measure=_sharpe,
    warn="weekly.min_sharpe",
    least=LEAST,
    is_core=True,
    aliases=("sharpe_ratio", "sharpe", "deflated_sharpe"),
)
PSR = Metric(
    key="psr",
    title="Probabilistic Sharpe ratio",
    formula="Phi(SR sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)), SR per session, over up to 250 sessions",
    unit="probability",
    direction="up",
    source=ASSET,
    owner="research",
    measure=_psr,
    least=LEAST,
)
DSR = Metric(
    key="dsr",
    title="Deflated Sharpe ratio",
    formula="psr against sqrt(V) ((1 - c) Phi^-1(1 - 1/N) + c Phi^-1(1 - 1/(N e))), c = 0.5772; N trials on record by "
    "the day, V the variance of their ratios per session",
    unit="probability",
    direction="up",
    source="governance_events",
    owner="research",
    measure=_dsr,
    warn="weekly.min_dsr",
    least=LEAST,
)
