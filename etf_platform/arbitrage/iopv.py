"""What a fund's share is worth right now: the feed's word first, else our own estimate, and the premium on it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

import pandas as pd


@dataclass(frozen=True)
class Worth:
    """Value of one share of a fund.

    Attributes
    ----------
    price : float or None
        Yuan per share; None where it cannot be known.
    is_estimated : bool
        Ours, not the feed's.
    covered : float or None
        Weight of the holdings whose return is known; None for the feed's own value.
    missing : tuple of str
        What an estimate would have needed.
    """

    price: float | None
    is_estimated: bool = False
    covered: float | None = None
    missing: tuple[str, ...] = ()


def worth(feed: float | None, own: Worth) -> Worth:
    """The feed's value where it gives one (0 is none), else ours."""
    return Worth(float(feed)) if is_known(feed) and feed > 0.0 else own


def estimate(
    nav: float | None, weights: Mapping[str, float], returns: Mapping[str, float], benchmark: float | None = None
) -> Worth:
    """NAV of the session before * (1 + sum of weight * return); the uncovered weight moves with the benchmark.

    Parameters
    ----------
    nav : float or None
        Yuan per share at the end of the session before.
    weights : mapping of str to float
        Fraction of the fund by stock.
    returns : mapping of str to float
        Return since the previous close, fractions; see `returns_of`. A stock without one is uncovered.
    benchmark : float or None
        Return of the fund's benchmark; needed unless the known holdings cover the whole fund.

    Returns
    -------
    Worth
        Estimated; `price` None with what is missing where `nav`, or a benchmark that is needed, is unknown.
    """
    paired = ((weight, returns.get(stock)) for stock, weight in weights.items())
    moves = [(weight, move) for weight, move in paired if is_known(move)]
    covered = sum(weight for weight, _ in moves)
    rest = max(1.0 - covered, 0.0) if covered < 1.0 - 1e-9 else 0.0
    market = benchmark if is_known(benchmark) else 0.0 if rest == 0.0 else None
    if is_known(nav) and nav > 0.0 and market is not None:
        move = sum(weight * value for weight, value in moves) + rest * market
        return Worth(float(nav) * (1.0 + move), True, covered)
    missing = (("nav", not (is_known(nav) and nav > 0.0)), ("benchmark", market is None))
    return Worth(None, True, covered, tuple(name for name, is_missing in missing if is_missing))


def returns_of(states: pd.DataFrame) -> dict[str, float]:
    """Return of every quoted stock since its previous close, a sealed one at its limit; unknown ones are left out.

    `states` has `symbol`, `close`, `prev_close`, `limit_up`, `sealed`.
    """
    sealed = states["sealed"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    price = states["close"].where(~sealed | states["limit_up"].isna(), states["limit_up"])
    moves = price.astype(float) / states["prev_close"].astype(float) - 1.0
    return {str(symbol): float(move) for symbol, move in zip(states["symbol"], moves, strict=True) if is_known(move)}


def benchmarks(funds: pd.DataFrame, broad: Sequence[str], etfs: Sequence[str]) -> dict[str, tuple[str, float]]:
    """What stands for the market in each fund's estimate: the first broad fund that has traded and is not the fund.

    Parameters
    ----------
    funds : DataFrame
        QUOTES rows: `symbol`, `last`, `prev_close`, `is_traded`.
    broad : sequence of str
        Broad index funds, the preferred one first.
    etfs : sequence of str
        Funds to find one for.

    Returns
    -------
    dict
        Symbol of the broad fund and its return since the previous close, by fund; a fund without any is missing.
    """
    traded = funds[funds["is_traded"].astype(bool) & (funds["prev_close"] > 0)]
    moves = dict(zip(traded["symbol"].astype(str), traded["last"] / traded["prev_close"] - 1.0, strict=True))
    known = [(symbol, float(moves[symbol])) for symbol in broad if is_known(moves.get(symbol))]
    found = {etf: next((one for one in known if one[0] != etf), None) for etf in etfs}
    return {etf: one for etf, one in found.items() if one is not None}


def premium(price: float | None, worth: float | None) -> float | None:
    """price / worth - 1 as a fraction; None where one of them is unknown or not positive."""
    if not is_known(price) or not is_known(worth) or not worth > 0.0 or not price > 0.0:
        return None
    return float(price) / float(worth) - 1.0


def is_known(value: float | None) -> TypeGuard[float]:
    """Whether a number is there: not None, not NaN, not infinite."""
    return value is not None and not pd.isna(value) and math.isfinite(value)
