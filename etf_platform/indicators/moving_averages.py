"""Moving averages of the close. Not here: differences between them (`macd`), their slopes (`environment`)."""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.recursions import changes, exponential, masked, partial_mean, rolling, rolling_mean

CLOSE = ("close",)


@indicator("sma_{n}", inputs=CLOSE, unit="price", first_row=lambda n: n - 1, direction=1, example={"n": 20})
def sma(close: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` closes."""
    return rolling_mean(close, n)


@indicator("sma_{n}", inputs=CLOSE, unit="price", first_row=lambda n: 0, example={"n": 20}, is_original=True)
def sma_partial(close: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` closes, of all of them in the first n - 1 rows."""
    return partial_mean(close, n)


@indicator("ema_{n}", inputs=CLOSE, unit="price", first_row=lambda n: n - 1, direction=1, example={"n": 80})
def ema(close: np.ndarray, n: int) -> np.ndarray:
    """Exponential mean with alpha 2/(n+1), seeded with the first close and masked in the first n - 1 rows.

    The first close keeps a weight for long: see `first_close_weight`.
    """
    return masked(exponential(close, 2.0 / (n + 1)), n - 1)


@indicator("ema_{n}", inputs=CLOSE, unit="price", first_row=lambda n: 0, example={"n": 80}, is_original=True)
def ema_unmasked(close: np.ndarray, n: int) -> np.ndarray:
    """Exponential mean with alpha 2/(n+1), seeded with the first close, from the first row on."""
    return exponential(close, 2.0 / (n + 1))


@indicator("ema_seeded_{n}", inputs=CLOSE, unit="price", first_row=lambda n: n - 1, direction=1, example={"n": 10})
def ema_seeded(close: np.ndarray, n: int) -> np.ndarray:
    """Exponential mean with alpha 2/(n+1), seeded with the mean of the first `n` closes (TA-Lib's default)."""
    out = np.full(close.size, np.nan)
    if close.size >= n:
        out[n - 1 :] = exponential(np.concatenate((close[:n].mean(keepdims=True), close[n:])), 2.0 / (n + 1))
    return out


@indicator("kama_{n}", inputs=CLOSE, unit="price", first_row=lambda n: n, direction=1, example={"n": 10})
def kama(close: np.ndarray, n: int) -> np.ndarray:
    """Kaufman's adaptive mean: alpha between 2/31 and 2/3, by the efficiency of the last `n` changes.

    Started from the close of row n - 1; a window without any change counts as efficient.

    References
    ----------
    Kaufman (1995), Smarter Trading, as TA-Lib computes it.
    """
    out = np.full(close.size, np.nan)
    if close.size <= n:
        return out
    path = rolling(np.abs(changes(close)), n, np.add)[n:]
    way = np.abs(close[n:] - close[:-n])
    efficiency = np.divide(way, path, out=np.ones(way.size), where=path > 0)
    alphas = (np.minimum(efficiency, 1.0) * (2 / 3 - 2 / 31) + 2 / 31) ** 2
    mean, found = float(close[n - 1]), []
    for price, alpha in zip(close[n:].tolist(), alphas.tolist(), strict=True):
        mean += alpha * (price - mean)
        found.append(mean)
    out[n:] = found
    return out


def first_close_weight(n_bars: int, span: int) -> float:
    """Weight that an exponential mean over `n_bars` bars still gives to its first close, as a fraction.

    0.137 for span 200 at 200 bars, 0.065 at 275, 0.0025 at 600: with fewer than some 600 bars an EMA200 says more
    about where the history was cut than a signal can bear. 1 for one bar.
    """
    return float((1.0 - 2.0 / (span + 1)) ** (n_bars - 1))
