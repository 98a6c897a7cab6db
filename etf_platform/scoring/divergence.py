"""Divergence of price and another series: pivots of the price, and what the other did between the last two.

Not here: the series themselves (`technical`), and the points of a divergence (`factors`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

SIDE = 5
WINDOW = 60
NEWEST = 20
GAP = 0.1
NONE, TOP, BOTTOM = 0, 1, -1
NAMES = {NONE: "", TOP: "top", BOTTOM: "bottom"}


def pivots(x: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Whether a value is above each of the `side` values before and after it; never so in the first and last `side`."""
    found = np.zeros(x.size, dtype=bool)
    if x.size <= 2 * side:
        return found
    middle = x[side : x.size - side]
    above = np.ones(middle.size, dtype=bool)
    for k in range(1, side + 1):
        above &= (middle > x[side - k : x.size - side - k]) & (middle > x[side + k : x.size - side + k])
    found[side : x.size - side] = above
    return found


def divergence(price: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The divergence of `other` from `price` that counts on each day.

    The two newest pivots of the price of one kind, both with 5 bars on each side, within the last 60 bars: a higher
    high while `other` is lower than 0.9 of what it was is a top, a lower low while `other` is higher is a bottom. What
    was negative must differ by a tenth of its size, so that the sign of MACD does not turn the rule round. It counts
    while the last pivot is at most 20 bars old; of a top and a bottom the newer one counts.

    Returns
    -------
    (kind, age) : int8 and float arrays
        1 top, -1 bottom, 0 none; bars since the pivot, NaN when none. A pivot is known 5 bars after it.
    """
    top_age = _age(price, other)
    bottom_age = _age(-price, -other)
    is_top = np.isfinite(top_age) & ~(bottom_age < top_age)
    kind = np.where(is_top, TOP, np.where(np.isfinite(bottom_age), BOTTOM, NONE)).astype(np.int8)
    return kind, np.where(is_top, top_age, bottom_age)


def _age(price: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Bars since the newest pair of highs that diverges and still counts; NaN when the newest pair does not."""
    days = np.arange(price.size)
    at = np.flatnonzero(pivots(price))
    age = np.full(price.size, np.nan)
    if at.size < 2:
        return age
    newest = np.searchsorted(at, days - SIDE, side="right") - 1
    has_two = newest >= 1
    last, first = at[np.maximum(newest, 0)], at[np.maximum(newest - 1, 0)]
    is_inside = has_two & (first >= days - (WINDOW - 1) + SIDE) & (days - last <= NEWEST)
    lower = other[last] < other[first] - GAP * np.abs(other[first])
    counts = is_inside & (price[last] > price[first]) & lower
    age[counts] = (days - last)[counts]
    return age


def newest_divergence(close: np.ndarray, others: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Divergence of each series as `<name>_divergence`, and the newest as divergence, divergence_by, divergence_age.

    Of equally new ones the first in the order of `others` is named. Texts are `top`, `bottom` or empty.
    """
    kinds, by, age = {}, np.full(close.size, "", dtype=object), np.full(close.size, np.nan)
    newest = np.zeros(close.size, dtype=np.int8)
    for name, other in others.items():
        kinds[f"{name}_divergence"], since = divergence(close, other)
        is_newer = np.isfinite(since) & ~(age <= since)
        newest[is_newer], age[is_newer] = kinds[f"{name}_divergence"][is_newer], since[is_newer]
        by[is_newer] = name
    texts = {name: _text(kind) for name, kind in kinds.items()}
    return pd.DataFrame(texts | {"divergence": _text(newest), "divergence_by": by, "divergence_age": age})


def _text(kind: np.ndarray) -> np.ndarray:
    return np.array([NAMES[BOTTOM], NAMES[NONE], NAMES[TOP]], dtype=object)[kind + 1]
