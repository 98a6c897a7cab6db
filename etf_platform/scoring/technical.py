"""Technical block: indicators of every day of one asset.

Here: what the specification of the scores names, with its own parameters. Not here: the 80 indicators of
`indicators`, whose conventions these follow (a flat window has RSI 50 and RSV 50), and points (`factors.tech`).
MACD, RSI, KDJ, ATR and ADX remember: they start at the first bar given, so give the stored history from its start.
"""

import numpy as np
import pandas as pd

from etf_platform.scoring.divergence import newest_divergence
from etf_platform.scoring.windows import (
    before,
    checked,
    exponential,
    ratio,
    values,
    volatility,
    wilder,
    window_max,
    window_mean,
    window_min,
    window_quantile,
    window_std,
)

YEAR = 250
AT_LEAST = 250
COLUMNS = ("high", "low", "close", "volume")


def technical_days(bars: pd.DataFrame, original_compatible: bool = False, history_bars: int = 1250) -> pd.DataFrame:
    """Every field of `blocks.Technical` for every day.

    Parameters
    ----------
    bars : DataFrame
        Rising dates; high, low, close on one adjusted basis, volume in shares (NaN where unknown).
    original_compatible : bool
        RSI from simple means and KDJ from exponential means of span 3 started at the first value.
    history_bars : int
        Window of `volatility_20_limit` and `var_20`; these need 250 values.

    Returns
    -------
    DataFrame
        Index of `bars`; NaN or an empty text where not defined yet.

    Raises
    ------
    BadInputError
        Bars that are not usable (`windows.checked`).
    """
    high, low, close, volume = (values(checked(bars), name) for name in COLUMNS)
    line, signal = macd(close)
    strength = rsi_simple(close) if original_compatible else rsi(close)
    columns: dict[str, np.ndarray] = {"close": close, "rsi": strength}
    columns |= {"macd": line, "macd_signal": signal, "macd_hist": line - signal}
    columns |= kdj(high, low, close, original_compatible) | bollinger(close) | directional(high, low, close)
    columns |= _averages(close) | pivot_points(high, low, close) | _swings(high, low, close, history_bars)
    diverging = newest_divergence(close, {"macd": line, "rsi": strength, "volume": volume})
    return pd.concat([pd.DataFrame(columns), diverging], axis=1).set_index(bars.index)


def rsi(close: np.ndarray, n: int = 14) -> np.ndarray:
    """Wilder's RSI, 0 to 100; 50 without any change, NaN before row n.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    change = close - before(close)
    return _strength(wilder(np.maximum(change, 0.0), n), wilder(np.maximum(-change, 0.0), n))


def rsi_simple(close: np.ndarray, n: int = 14) -> np.ndarray:
    """RSI from simple means of the last `n` gains and losses: the original's."""
    change = close - before(close)
    return _strength(window_mean(np.maximum(change, 0.0), n), window_mean(np.maximum(-change, 0.0), n))


def _strength(gain: np.ndarray, loss: np.ndarray) -> np.ndarray:
    total = gain + loss
    return np.where(total == 0.0, 50.0, 100.0 * ratio(gain, total))


def macd(close: np.ndarray, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """MACD line and its signal; exponential means from the first close, NaN before row slow + signal - 2."""
    line = exponential(close, 2.0 / (fast + 1)) - exponential(close, 2.0 / (slow + 1))
    smooth = exponential(line, 2.0 / (signal + 1))
    line, smooth = line.copy(), smooth.copy()
    line[: slow + signal - 2] = np.nan
    smooth[: slow + signal - 2] = np.nan
    return line, smooth


def kdj(
    high: np.ndarray, low: np.ndarray, close: np.ndarray, original_compatible: bool = False, n: int = 9
) -> dict[str, np.ndarray]:
    """K = 2/3 K + 1/3 RSV from 50, D likewise from K, J = 3K - 2D; RSV is 50 in a window without a range.

    `original_compatible`: alpha of span 3, that is 1/2, started at the first RSV.
    """
    bottom = window_min(low, n)
    width = window_max(high, n) - bottom
    raw = np.where(width == 0.0, 50.0, 100.0 * ratio(close - bottom, width))
    alpha, start = (0.5, None) if original_compatible else (1.0 / 3.0, 50.0)
    k = exponential(raw, alpha, start)
    d = exponential(k, alpha, start)
    return {"k": k, "d": d, "j": 3.0 * k - 2.0 * d}


def bollinger(close: np.ndarray, n: int = 20, width: float = 2.0) -> dict[str, np.ndarray]:
    """Bands at `width` sample deviations; the position is NaN where they meet."""
    middle, deviation = window_mean(close, n), window_std(close, n)
    lower, upper = middle - width * deviation, middle + width * deviation
    position = ratio(close - lower, np.where(deviation == 0.0, 0.0, upper - lower))
    return {"boll_upper": upper, "boll_mid": middle, "boll_lower": lower, "boll_position": position}


def directional(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int = 14) -> dict[str, np.ndarray]:
    """ATR, +DI, -DI and ADX by Wilder's means; a day without true range has DI NaN, DX 0 where neither moves.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    last = before(close)
    span = np.maximum(high - low, np.maximum(np.abs(high - last), np.abs(low - last)))
    rise, fall = high - before(high), before(low) - low
    plus = np.where(np.isnan(rise), np.nan, np.where((rise > fall) & (rise > 0.0), rise, 0.0))
    minus = np.where(np.isnan(fall), np.nan, np.where((fall > rise) & (fall > 0.0), fall, 0.0))
    atr = wilder(span, n)
    plus_di, minus_di = (100.0 * ratio(wilder(part, n), atr) for part in (plus, minus))
    total = plus_di + minus_di
    spread = np.where(np.isnan(atr), np.nan, np.nan_to_num(100.0 * ratio(np.abs(plus_di - minus_di), total)))
    return {"atr": atr, "plus_di": plus_di, "minus_di": minus_di, "adx": wilder(spread, n)}


def pivot_points(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> dict[str, np.ndarray]:
    """P = (H+L+C)/3, R1 = 2P-L, S1 = 2P-H, R2 = P+(H-L), S2 = P-(H-L) of the bar itself."""
    middle = (high + low + close) / 3.0
    return {
        "pivot": middle,
        "r1": 2.0 * middle - low,
        "r2": middle + (high - low),
        "s1": 2.0 * middle - high,
        "s2": middle - (high - low),
    }


def _averages(close: np.ndarray) -> dict[str, np.ndarray]:
    means = {f"ma{n}": window_mean(close, n) for n in (5, 20, 60, 250)}
    return means | {f"dist{n}": close / means[f"ma{n}"] - 1.0 for n in (5, 20, 60)}


def _swings(high: np.ndarray, low: np.ndarray, close: np.ndarray, history_bars: int) -> dict[str, np.ndarray]:
    quick = volatility(close, 20)
    return {
        "high_250": window_max(high, YEAR),
        "low_250": window_min(low, YEAR),
        "drawdown_250": close / window_max(close, YEAR) - 1.0,
        "volatility_20": quick,
        "volatility_60": volatility(close, 60),
        "volatility_20_limit": window_quantile(quick, history_bars, 0.9, AT_LEAST),
        "var_20": -window_quantile(close / before(close, 20) - 1.0, history_bars, 0.05, AT_LEAST),
    }
