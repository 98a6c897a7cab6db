"""Volume against its own past. Not here: what a volume class means beside a trend (`strategies`).

A symbol without volume (an index, ^VIX) has only NaN here, and None as class.
"""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.recursions import changes, partial_mean, ratio, rolling, rolling_mean

VOLUME = ("volume",)
HUGE, HEAVY, LIGHT, GROUND = 1.5, 1.2, 0.8, 0.5
TWENTY = {"n": 20}


@indicator("obv", inputs=("close", "volume"), unit="shares", first_row=lambda: 0, direction=1)
def obv(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Cumulative volume with the sign of the close's change, 0 at the first bar; NaN until anything was traded.

    A missing volume counts as nothing traded.

    References
    ----------
    Granville (1963), New Key to Stock Market Profits.
    """
    traded = np.nan_to_num(volume)
    signed = np.nan_to_num(np.sign(changes(close))) * traded
    return np.where(np.cumsum(traded) > 0, np.cumsum(signed), np.nan)


@indicator(
    "volume_ratio",
    "volume_ratio_{n}",
    inputs=VOLUME,
    unit="ratio",
    first_row=lambda n: n - 1,
    defaults=TWENTY,
)
def volume_ratio(volume: np.ndarray, n: int) -> np.ndarray:
    """Volume over its mean of the last `n` bars, this one included; NaN where nothing was traded or one is missing."""
    # a mean of zeros may keep a rounding rest, the maximum does not
    return np.where(rolling(volume, n, np.maximum) > 0, ratio(volume, rolling_mean(volume, n)), np.nan)


@indicator(
    "volume_ratio",
    "volume_ratio_{n}",
    inputs=VOLUME,
    unit="ratio",
    first_row=lambda n: 0,
    defaults=TWENTY,
    is_original=True,
)
def volume_ratio_partial(volume: np.ndarray, n: int) -> np.ndarray:
    """Volume over its mean of the last `n` bars, of all of them where there are fewer; a mean of 0 counts as 1e-10."""
    mean = partial_mean(volume, n)
    return volume / np.where(mean == 0.0, 1e-10, mean)


@indicator("volume_class", inputs=VOLUME, unit="text", first_row=lambda: 19, is_text=True)
def volume_class(volume: np.ndarray) -> np.ndarray:
    """Volume ratio of 20 bars in words: >= 1.5 huge, >= 1.2 up, <= 0.5 ground, <= 0.8 down, else normal."""
    return classes(volume_ratio.function(volume, 20))


@indicator("volume_class", inputs=VOLUME, unit="text", first_row=lambda: 0, is_text=True, is_original=True)
def volume_class_original(volume: np.ndarray) -> np.ndarray:
    """Volume ratio with partial means in words: >= 1.5 huge, >= 1.2 up, <= 0.5 ground, <= 0.8 down, else normal."""
    return classes(volume_ratio_partial.function(volume, 20))


def classes(values: np.ndarray) -> np.ndarray:
    """Words for volume ratios, as objects; None for NaN."""
    out = np.full(values.size, "normal", dtype=object)
    for is_so, word in (
        (values <= LIGHT, "down"),
        (values <= GROUND, "ground"),
        (values >= HEAVY, "up"),
        (values >= HUGE, "huge"),
        (np.isnan(values), None),
    ):
        out[is_so] = word
    return out


def _flags(is_so: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), np.nan, is_so.astype(float))


@indicator("volume_heavy", inputs=VOLUME, unit="flag", first_row=lambda: 19)
def volume_heavy(volume: np.ndarray) -> np.ndarray:
    """1 where the volume ratio of 20 bars is at least 1.2, else 0."""
    values = volume_ratio.function(volume, 20)
    return _flags(values >= HEAVY, values)


@indicator("volume_shrink", inputs=VOLUME, unit="flag", first_row=lambda: 19)
def volume_shrink(volume: np.ndarray) -> np.ndarray:
    """1 where the volume ratio of 20 bars is at most 0.8, ground volume included, else 0."""
    values = volume_ratio.function(volume, 20)
    return _flags(values <= LIGHT, values)


@indicator("volume_shrink", inputs=VOLUME, unit="flag", first_row=lambda: 0, is_original=True)
def volume_shrink_original(volume: np.ndarray) -> np.ndarray:
    """1 where the volume ratio with partial means is at most 0.8 but above 0.5 (ground volume), else 0."""
    values = volume_ratio_partial.function(volume, 20)
    return _flags((values <= LIGHT) & (values > GROUND), values)


@indicator("volume_heavy", inputs=VOLUME, unit="flag", first_row=lambda: 0, is_original=True)
def volume_heavy_original(volume: np.ndarray) -> np.ndarray:
    """1 where the volume ratio with partial means is at least 1.2, else 0."""
    values = volume_ratio_partial.function(volume, 20)
    return _flags(values >= HEAVY, values)
