"""Probability of a positive return, from past days that looked like the day judged.

Here: which days match, how many of them are independent, and what is inferred. Not here: environment and position hint
(`environment`), what a probability is worth in points (`factors.hist`), how well it did (`evaluation`).

A day s may speak for day t only when s + horizon <= t: its return is known then, and stands in no future.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from etf_platform.core.config.scoring import Matching
from etf_platform.core.errors import BadInputError
from etf_platform.scoring.environment import environments, order_of, position_hint
from etf_platform.scoring.technical import technical_days
from etf_platform.scoring.windows import checked, percentile_rank, values, volatility, window_max

Kind = Literal["sector", "index", "unspaced"]
TOUCH = 1e-9
PRICE = 0.05
RSI = 15.0
TO_HIGH = 0.15
GAP_DAYS = 5
UNSPACED_AT_LEAST = 10
TAIL = 0.05


@dataclass(frozen=True)
class Posterior:
    """Beta(a, b) of a probability: its mean, an interval, and how much came from data (fractions)."""

    a: float
    b: float
    mean: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class _Days:
    """What matching needs of every day; `features` of shape (features, days) and `limits` of shape (features, 1)."""

    close: np.ndarray
    ahead: np.ndarray
    stamps: np.ndarray
    features: np.ndarray
    limits: np.ndarray


def posterior(effective: float, p_raw: float, p0: float, prior: float = 10.0, interval: float = 0.80) -> Posterior:
    """Probability after `effective` independent events of which a share `p_raw` was positive; base rate `p0`.

    a = effective * p_raw + prior * p0, b = effective * (1 - p_raw) + prior * (1 - p0); the mean is a / (a + b), the
    interval its central quantiles, the confidence effective / (effective + prior). An end of Beta with a or b of 0
    (nothing but ups, or downs, in sample and base) is 1, or 0.

    Raises
    ------
    BadInputError
        A share outside [0, 1], or nothing to infer from.
    """
    # scipy.special costs 0.2 s to import; listing factors must not pay for it
    from scipy.special import betaincinv

    if not (0.0 <= p_raw <= 1.0 and 0.0 <= p0 <= 1.0 and effective >= 0.0 and prior > 0.0):
        raise BadInputError(
            "inferring a probability", f"{effective:g} events, shares {p_raw:g} and {p0:g}", "pass shares in [0, 1]"
        )
    a = effective * p_raw + prior * p0
    b = effective * (1.0 - p_raw) + prior * (1.0 - p0)
    mean, tail = a / (a + b), (1.0 - interval) / 2.0
    low, high = (mean, mean) if a == 0.0 or b == 0.0 else betaincinv(a, b, np.array([tail, 1.0 - tail]))
    return Posterior(a, b, mean, float(low), float(high), effective / (effective + prior))


def spaced(positions: np.ndarray, horizon: int) -> list[int]:
    """Places in the rising `positions` that are `horizon` or more apart, taken greedily from the oldest.

    No choice has more of them; their number is the effective sample size.
    """
    chosen: list[int] = []
    free = -1
    for place, position in enumerate(positions.tolist()):
        if position >= free:
            chosen.append(place)
            free = position + horizon
    return chosen


def compatible_confidence(n: int, up_prob: float, kind: Kind) -> float:
    """The original's confidence, a fraction: min(1, n / 30), for an index from sample size and lopsidedness."""
    if kind != "index":
        return min(1.0, n / 30.0)
    size = 1.0 / (1.0 + float(np.exp(-(n - 20.0) / 10.0)))
    return 0.6 * size + 0.4 * max(0.0, (max(up_prob, 1.0 - up_prob) - 0.5) / 0.5)


def states(bars: pd.DataFrame, window: int = 250) -> pd.DataFrame:
    """State of every day: percentile of the close in `window` bars, drawdown from their highest close, percentile of
    the 20-day volatility in `window` values of it; fractions, NaN until the windows are full.
    """
    close = values(checked(bars), "close")
    return pd.DataFrame(
        {
            "close_percentile": percentile_rank(close, window),
            "drawdown": close / window_max(close, window) - 1.0,
            "volatility_percentile": percentile_rank(volatility(close, 20), window),
        },
        index=bars.index,
    )


def probability_days(
    bars: pd.DataFrame,
    matching: Matching,
    horizon: int = 20,
    kind: Kind = "sector",
    since: pd.Timestamp | None = None,
    history_bars: int = 1250,
    technical: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every field of `blocks.Probability` for every day from `since` on.

    Parameters
    ----------
    bars : DataFrame
        Rising dates; high, low, close on one adjusted basis, volume.
    matching : Matching
        Rule and its limits. `original_compatible` and `technical` give the plain share, without shrinkage or interval.
    kind : str
        For the original's rules: `sector`; `index` (its confidence); `unspaced`, core commodity and crypto: no five
        days' gap, but 10 samples.
    since : Timestamp, optional
        First day of the answer; the days before only feed it.
    history_bars : int
        The window: days t - history_bars + 1 to t - horizon may match. States look `matching.window` further back.
    technical : DataFrame, optional
        `technical_days(bars)`, made here when not given.

    Returns
    -------
    DataFrame
        Index dates; `reason` says why a row has no up_prob, and is empty otherwise.

    Raises
    ------
    BadInputError
        Bars that are not usable (`windows.checked`).
    """
    tech = technical_days(bars, history_bars=history_bars) if technical is None else technical
    days = _days(bars, matching, horizon, tech)
    first = 0 if since is None else int(bars.index.searchsorted(since))
    answers = [_one_day(days, matching, horizon, kind, history_bars, t) for t in range(first, len(bars))]
    frame = pd.DataFrame(answers, columns=_COLUMNS, index=bars.index[first:])
    frame = frame.astype({name: np.int64 if name in _COUNTS else np.float64 for name in _COLUMNS[:-1]})
    texts = {name: pd.array(column, dtype="str") for name, column in _texts(frame, tech.iloc[first:]).items()}
    return frame.assign(**texts, horizon=horizon)


_COLUMNS = (
    "up_prob", "down_prob", "low", "high", "p_raw", "base_rate", "matches", "effective", "confidence", "mean", "median",
    "var_5", "cvar_5", "sharpe", "skew", "max_drawdown", "position_hint", "reason",
)  # fmt: skip
_COUNTS = ("matches", "effective")


def _texts(frame: pd.DataFrame, technical: pd.DataFrame) -> dict[str, list[str]]:
    return {"reason": frame["reason"].tolist(), "environment": environments(technical)}


def _days(bars: pd.DataFrame, matching: Matching, horizon: int, technical: pd.DataFrame) -> _Days:
    close = values(checked(bars), "close")
    ahead = np.full(close.size, np.nan)
    ahead[: max(close.size - horizon, 0)] = close[horizon:] / close[: max(close.size - horizon, 0)] - 1.0
    if matching.rule == "state":
        features = states(bars, matching.window).to_numpy().T
        limits = [matching.close_percentile, matching.drawdown, matching.volatility_percentile]
    else:
        features, limits = _technical_features(technical) if matching.rule == "technical" else (np.empty((0, 0)), [])
    stamps = bars.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    return _Days(close, ahead, stamps, np.ascontiguousarray(features), np.array(limits)[:, None])


def _technical_features(technical: pd.DataFrame) -> tuple[np.ndarray, list[float]]:
    close = technical["close"].to_numpy()
    order = order_of(close, *(technical[name].to_numpy() for name in ("ma20", "ma60", "ma250")))
    features = np.vstack([technical["rsi"].to_numpy(), close / technical["high_250"].to_numpy() - 1.0, order])
    return features, [RSI, TO_HIGH, 0.0]


def _one_day(days: _Days, matching: Matching, horizon: int, kind: Kind, history_bars: int, t: int) -> list[object]:
    start, stop = max(0, t - history_bars + 1), t - horizon + 1
    if stop <= start:
        return _unknown(0, 0, None, f"只有{t + 1}根K线，没有可用的样本")
    base = float(np.mean(days.ahead[start:stop] > 0.0))
    if matching.rule != "original_compatible" and not np.isfinite(days.features[:, t]).all():
        return _unknown(0, 0, base, f"只有{t + 1}根K线，状态需要更长的历史")
    at = start + np.flatnonzero(_matched(days, matching.rule, kind, start, stop, t))
    ahead, apart = days.ahead[at], spaced(at, horizon)
    if matching.rule == "state":
        return _shrunk(ahead, ahead[apart], base, matching, horizon)
    return _plain_share(ahead, len(apart), base, kind, horizon)


def _matched(days: _Days, rule: str, kind: Kind, start: int, stop: int, t: int) -> np.ndarray:
    """Which of the days start to stop - 1 match day t; a difference that touches its limit matches."""
    is_match = np.ones(stop - start, dtype=bool)
    if rule != "original_compatible":
        gap = np.abs(days.features[:, start:stop] - days.features[:, t : t + 1])
        is_match &= (gap <= days.limits + TOUCH).all(axis=0)
    if rule != "state":
        is_match &= np.abs(days.close[start:stop] / days.close[t] - 1.0) <= PRICE + TOUCH
        if kind != "unspaced":
            is_match &= days.stamps[start:stop] <= days.stamps[t] - GAP_DAYS
    return is_match


def _shrunk(ahead: np.ndarray, episodes: np.ndarray, base: float, matching: Matching, horizon: int) -> list[object]:
    n, effective = ahead.size, episodes.size
    if effective < matching.min_effective:
        return _unknown(n, effective, base, f"独立样本{effective}个，少于{matching.min_effective}个")
    p_raw = float(np.mean(ahead > 0.0))
    inferred = posterior(effective, p_raw, base, matching.prior, matching.interval)
    known = [inferred.mean, 1.0 - inferred.mean, inferred.low, inferred.high, p_raw, base, n, effective]
    return [*known, *_spread(ahead, episodes, inferred.mean, inferred.confidence, horizon)]


def _plain_share(ahead: np.ndarray, effective: int, base: float, kind: Kind, horizon: int) -> list[object]:
    n, at_least = ahead.size, UNSPACED_AT_LEAST if kind == "unspaced" else 1
    if n < at_least:
        return _unknown(n, effective, base, f"样本{n}个，少于{at_least}个")
    share = float(np.mean(ahead > 0.0))
    known = [share, 1.0 - share, None, None, share, base, n, effective]
    return [*known, *_spread(ahead, ahead, share, compatible_confidence(n, share, kind), horizon)]


def _unknown(matches: int, effective: int, base: float | None, reason: str) -> list[object]:
    return [None, None, None, None, None, base, matches, effective, *[None] * 9, reason]


def _spread(ahead: np.ndarray, compounded: np.ndarray, up_prob: float, confidence: float, horizon: int) -> list[object]:
    """Confidence, then what became of the matches: mean, median, VaR, CVaR, Sharpe, skewness, drawdown, hint."""
    ranked = np.sort(ahead)
    mean, deviation = float(ahead.mean()), float(ahead.std(ddof=1)) if ahead.size > 1 else 0.0
    limit = _quantile(ranked, TAIL)
    is_flat = ranked[0] == ranked[-1]
    sharpe = None if is_flat else mean / deviation * float(np.sqrt(252.0 / horizon))
    skew = None if is_flat else float(((ahead - mean) ** 3).mean() / ahead.std() ** 3)
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + compounded)))
    fall = float((wealth / np.maximum.accumulate(wealth) - 1.0).min())
    tail = 0.0 - float(ranked[ranked <= limit].mean())
    hint = position_hint(up_prob, confidence, mean, deviation)
    return [confidence, mean, _quantile(ranked, 0.5), 0.0 - limit, tail, sharpe, skew, fall, hint, ""]


def _quantile(ranked: np.ndarray, level: float) -> float:
    place = level * (ranked.size - 1)
    low = int(place)
    high = min(low + 1, ranked.size - 1)
    return float(ranked[low] + (ranked[high] - ranked[low]) * (place - low))
