"""Which way a factor points on each date: its prior, or the sign that its own rank IC has shown.

Point in time: the IC of session s needs the open of s + 1 + horizon, so on date t only sessions s <= t - horizon - 1
are known. Not here: the IC itself (`measures.association`), how a direction enters a score (`strategies.scores`).
"""

import numpy as np

from etf_platform.core.config.models import Direction
from etf_platform.measures.association import rank_ic


def forward_returns(opens: np.ndarray, horizon: int) -> np.ndarray:
    """Return from the open of the next session to the open `horizon` sessions after that.

    Parameters
    ----------
    opens : ndarray of shape (n_sessions, n_symbols)
        Adjusted opens.

    Returns
    -------
    ndarray of the same shape
        Fractions; NaN in the last horizon + 1 rows and where an open is missing. Row s looks ahead on purpose.
    """
    forward = np.full(opens.shape, np.nan)
    known = max(len(opens) - horizon - 1, 0)
    forward[:known] = opens[horizon + 1 :] / opens[1 : known + 1] - 1.0
    return forward


def daily_ic(factors: np.ndarray, opens: np.ndarray, horizon: int) -> np.ndarray:
    """Rank IC of every factor on every session, filed under the session of the score.

    Parameters
    ----------
    factors : ndarray of shape (n_factors, n_sessions, n_symbols)
    opens : ndarray of shape (n_sessions, n_symbols)
        Adjusted opens.

    Returns
    -------
    ndarray of shape (n_factors, n_sessions)
        NaN with fewer than 5 pairs. Value s becomes known at the close of s + 1 + horizon.
    """
    forward = forward_returns(opens, horizon)
    return rank_ic(factors, forward)


def directions(ic: np.ndarray, priors: np.ndarray, rules: Direction) -> np.ndarray:
    """Sign of every factor on every date.

    With fewer than `min_sessions` known IC values the prior holds. From then on: the sign of the mean of exactly the
    last `min_sessions` known values, if at least `min_agreement` of `sub_windows` consecutive parts of them have that
    sign; otherwise 0.

    Parameters
    ----------
    ic : ndarray of shape (n_factors, n_sessions)
        From `daily_ic`; NaN are no values.
    priors : ndarray of shape (n_factors,)
        +1, -1 or 0.

    Returns
    -------
    ndarray of int64, shape (n_factors, n_sessions)
    """
    signs = np.repeat(priors.astype(np.int64)[:, None], ic.shape[1], axis=1)
    for row, values in zip(signs, ic, strict=True):
        last, is_ready = _last_known(values, rules)
        row[is_ready] = _trailing_signs(values[np.isfinite(values)], rules)[last[is_ready]]
    return signs


def is_settled(ic: np.ndarray, row: int, rules: Direction) -> bool:
    """Whether signs and ratios from `row` on are those of any longer history: every factor knows `min_sessions` values
    by then, and no older one counts.
    """
    known = ic[:, : max(row - rules.horizon, 0)]
    return bool((np.isfinite(known).sum(axis=1) >= rules.min_sessions).all())


def trailing_icir(ic: np.ndarray, rules: Direction) -> np.ndarray:
    """Mean over standard deviation (ddof 1) of the last `min_sessions` known IC values.

    Returns
    -------
    ndarray of shape (n_factors, n_sessions)
        NaN while fewer values are known, and where they do not vary.
    """
    ratios = np.full(ic.shape, np.nan)
    for row, values in zip(ratios, ic, strict=True):
        last, is_ready = _last_known(values, rules)
        row[is_ready] = _ratio(values[np.isfinite(values)], rules.min_sessions)[last[is_ready]]
    return ratios


def _last_known(values: np.ndarray, rules: Direction) -> tuple[np.ndarray, np.ndarray]:
    """Per date: position of the newest known value among the finite ones, and whether enough of them are known."""
    counted = np.cumsum(np.isfinite(values))
    known = np.zeros(values.size, dtype=np.int64)
    delay = rules.horizon + 1
    known[delay:] = counted[: max(values.size - delay, 0)]
    return known - 1, known >= rules.min_sessions


def _trailing_signs(known: np.ndarray, rules: Direction) -> np.ndarray:
    """Sign that holds at each known value, looking back over `min_sessions` of them."""
    parts = _part_sums(known, rules)
    overall = np.sign(np.add.accumulate(parts, axis=0)[-1])
    agreement = (np.sign(parts) == overall).sum(axis=0)
    needed = np.ceil(rules.min_agreement * len(parts) - 1e-9)
    return np.where(agreement >= needed, overall, 0.0).astype(np.int64)


def _part_sums(known: np.ndarray, rules: Direction) -> np.ndarray:
    """Sums of the consecutive parts of the trailing window, newest first; the first parts are longer by one at most."""
    lengths = [len(part) for part in np.array_split(np.arange(rules.min_sessions), rules.sub_windows)]
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    sums = np.zeros((len(lengths), known.size))
    for row, start, length in zip(sums, starts, lengths, strict=True):
        row[start:] = _trailing_sum(known, length)[: max(known.size - start, 0)]
    return sums


def _trailing_sum(values: np.ndarray, window: int) -> np.ndarray:
    """`matrices.trailing_sum` of one row of numbers, the same bits."""
    from etf_platform.measures.kernels import trailing_sums

    total = np.empty(values.size)
    trailing_sums(values, window, total)
    return total


def _ratio(known: np.ndarray, window: int) -> np.ndarray:
    """Mean / standard deviation of the trailing window, from its own deviations (no running moments)."""
    if known.size < window:
        return np.full(known.size, np.nan)
    windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(known, window).T)
    mean = np.add.accumulate(windows, axis=0)[-1] / window
    squares = np.add.accumulate((windows - mean) ** 2, axis=0)[-1]
    spread = np.sqrt(squares / (window - 1)) if window > 1 else np.zeros_like(mean)
    ratio = np.divide(mean, spread, out=np.full(mean.size, np.nan), where=spread > 0.0)
    return np.concatenate((np.full(window - 1, np.nan), ratio))
