"""Attribution of an active return to groups, and its linking over periods. Arrays in, arrays out, in fractions.

Here: the formulas of Brinson, Fachler, Hood and Beebower and four ways to link periods. Not here: how weights and
returns of an account or a benchmark are found (`risk.attribution.brinson`).

The source of every formula is Bacon, Practical Portfolio Performance Measurement and Attribution (2nd ed. 2008),
chapters 5 and 8. In every function the last axis of weights and returns are the groups.
"""

from typing import NamedTuple

import numpy as np


class Effects(NamedTuple):
    """Three arrays of the shape of the weights; their sum over groups is the active return."""

    allocation: np.ndarray
    selection: np.ndarray
    interaction: np.ndarray


def allocation(wp: np.ndarray, wb: np.ndarray, rb: np.ndarray, total: np.ndarray | float) -> np.ndarray:
    """Brinson-Fachler allocation: (wp - wb) * (rb - total), with the return of the whole benchmark as `total`."""
    return (wp - wb) * (rb - total)


def brinson_fachler(wp: np.ndarray, wb: np.ndarray, rp: np.ndarray, rb: np.ndarray) -> Effects:
    """Allocation, selection and interaction per group; NaN where an input is NaN.

    Parameters
    ----------
    wp, wb : ndarray of shape (..., n_groups)
        Weights of portfolio and benchmark; each should sum to 1, or the effects do not sum to the active return.
    rp, rb : ndarray of the same shape
        Returns of each group.

    References
    ----------
    Brinson and Fachler (1985), doi:10.3905/jpm.1985.409005
    """
    total = np.sum(wb * rb, axis=-1, keepdims=True)
    return Effects(allocation(wp, wb, rb, total), wb * (rp - rb), (wp - wb) * (rp - rb))


def brinson_hood_beebower(wp: np.ndarray, wb: np.ndarray, rp: np.ndarray, rb: np.ndarray) -> Effects:
    """As `brinson_fachler`, with the allocation (wp - wb) * rb: it does not ask whether the group beat the benchmark.

    References
    ----------
    Brinson, Hood and Beebower (1986), doi:10.2469/faj.v42.n4.39
    """
    return Effects((wp - wb) * rb, wb * (rp - rb), (wp - wb) * (rp - rb))


def geometric_effects(wp: np.ndarray, wb: np.ndarray, rp: np.ndarray, rb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Allocation and selection whose compounded sums are the geometric excess: (1 + A)(1 + S) = (1 + rp)/(1 + rb)."""
    benchmark = np.sum(wb * rb, axis=-1, keepdims=True)
    notional = np.sum(wp * rb, axis=-1, keepdims=True)
    allocated = (wp - wb) * ((1.0 + rb) / (1.0 + benchmark) - 1.0)
    return allocated, wp * (rp - rb) / (1.0 + notional)


def carino(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """Coefficient k_t / k of every period: effects times it, summed over periods, give the total active return.

    Parameters
    ----------
    portfolio, benchmark : ndarray of shape (n_periods,)
        Returns above -1.

    Returns
    -------
    ndarray of shape (n_periods,)

    References
    ----------
    Carino (1999), Combining attribution effects over time, Journal of Performance Measurement 3 (4)
    """
    whole = _log_slope(np.array([np.prod(1.0 + portfolio) - 1.0]), np.array([np.prod(1.0 + benchmark) - 1.0]))
    return _log_slope(portfolio, benchmark) / whole[0]


def _log_slope(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """(ln(1 + p) - ln(1 + b)) / (p - b) without cancellation; 1 / (1 + p) where p = b."""
    active = portfolio - benchmark
    equal = active == 0.0
    return np.where(equal, 1.0, np.log1p(active / (1.0 + benchmark))) / np.where(equal, 1.0 + portfolio, active)


def menchero(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """Menchero's coefficient of every period, used as that of `carino`; periods without active return are allowed.

    References
    ----------
    Menchero (2000), An optimized approach to linking attribution effects over time, same journal 5 (1)
    """
    active, n = portfolio - benchmark, portfolio.size
    p, b = np.prod(1.0 + portfolio), np.prod(1.0 + benchmark)
    step = p ** (1.0 / n) - b ** (1.0 / n)
    scale = (p - b) / n / step if step != 0.0 else p ** ((n - 1.0) / n)
    square = float(active @ active)
    return scale + (p - b - scale * active.sum()) / square * active if square > 0.0 else np.full(n, scale)


def grap(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """GRAP's coefficient of every period: portfolio growth before it times benchmark growth after it."""
    before = np.cumprod(np.append(1.0, 1.0 + portfolio[:-1]))
    after = np.cumprod(np.append(1.0, 1.0 + benchmark[:0:-1]))[::-1]
    return before * after


def frongello(effects: np.ndarray, portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """Frongello's linked effects, which know nothing of later periods.

    Parameters
    ----------
    effects : ndarray of shape (n_periods, ...)
    portfolio, benchmark : ndarray of shape (n_periods,)

    Returns
    -------
    ndarray of the shape of `effects`
        Row t is what the effects of period t and the carrying of earlier ones add; the sum of rows is the total.
    """
    linked, carried, growth = np.empty_like(effects), np.zeros(effects.shape[1:]), 1.0
    for t in range(len(effects)):
        linked[t] = effects[t] * growth + benchmark[t] * carried
        carried = carried + linked[t]
        growth *= 1.0 + portfolio[t]
    return linked
