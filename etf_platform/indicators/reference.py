"""Slow, obvious reference implementations to verify the columns against, one loop per definition.

Here: plain Python over lists, no numpy, nothing shared with the columns. Not here: anything that is used to decide.
"""

import itertools
import math

Series = list[float]
NAN = math.nan


def wilder(values: Series, n: int, begin: int) -> Series:
    """Mean of the `n` values from row `begin`, then (previous * (n - 1) + x) / n; NaN before."""
    out = [NAN] * len(values)
    for t in range(begin + n - 1, len(values)):
        seed = t == begin + n - 1
        out[t] = sum(values[begin : t + 1]) / n if seed else (out[t - 1] * (n - 1) + values[t]) / n
    return out


def ema(values: Series, n: int) -> Series:
    """Exponential mean with alpha 2/(n+1), seeded with the first value."""
    out = values[:1]
    for value in values[1:]:
        out.append(out[-1] + 2.0 / (n + 1) * (value - out[-1]))
    return out


def rsi(close: Series, n: int) -> Series:
    """Wilder's relative strength index; flat 50."""
    moves = [0.0, *(now - then for then, now in itertools.pairwise(close))]
    gains = wilder([max(move, 0.0) for move in moves], n, 1)
    losses = wilder([max(-move, 0.0) for move in moves], n, 1)
    return [50.0 if up + down == 0 else 100 * up / (up + down) for up, down in zip(gains, losses, strict=True)]


def macd(close: Series, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Series, Series, Series]:
    """Line, signal and histogram, from the first row on."""
    line = [a - b for a, b in zip(ema(close, fast), ema(close, slow), strict=True)]
    smooth = ema(line, signal)
    return line, smooth, [a - b for a, b in zip(line, smooth, strict=True)]


def true_range(high: Series, low: Series, close: Series) -> Series:
    """Largest of the three distances; NaN in the first row."""
    return [NAN] + [
        max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1])) for t in range(1, len(close))
    ]


def movements(high: Series, low: Series) -> tuple[Series, Series]:
    """Upward and downward movement; NaN in the first row."""
    plus, minus = [NAN], [NAN]
    for t in range(1, len(high)):
        up, down = high[t] - high[t - 1], low[t - 1] - low[t]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    return plus, minus


def directional(high: Series, low: Series, close: Series, n: int) -> tuple[Series, Series, Series]:
    """+DI, -DI and ADX; NaN where a quotient is 0/0."""
    span = wilder(true_range(high, low, close), n, 1)
    plus, minus = (
        [100 * _quotient(m, s) for m, s in zip(wilder(part, n, 1), span, strict=True)] for part in movements(high, low)
    )
    strength = [100 * _quotient(abs(a - b), a + b) for a, b in zip(plus, minus, strict=True)]
    begin = next((t for t, value in enumerate(strength) if not math.isnan(value)), len(strength))
    return plus, minus, wilder(strength, n, begin)


def _quotient(over: float, under: float) -> float:
    return over / under if under else NAN
