"""Slow, plain definitions of every indicator, written from its documentation: lists and loops, nothing of ours.

`b` maps open, high, low, close, volume to lists of floats; a result is a list, NaN (None for words) where undefined.
"""

import math
import statistics

import numpy as np

NAN = math.nan


def fill(size, first, value):
    return [NAN] * min(first, size) + [value(t) for t in range(first, size)]


def window(x, t, n):
    return x[t - n + 1 : t + 1]


def mean(x, n):
    return fill(len(x), n - 1, lambda t: sum(window(x, t, n)) / n)


def partial(x, n):
    return [sum(x[max(0, t - n + 1) : t + 1]) / min(t + 1, n) for t in range(len(x))]


def decay(x, alpha, start=None):
    out = []
    for value in x:
        last = out[-1] if out else (value if start is None else start)
        out.append((1 - alpha) * last + alpha * value)
    return out


def hide(x, first):
    return [NAN] * min(first, len(x)) + x[first:]


def wilder(x, n):
    out, seen, last = [], [], NAN
    for value in x:
        if not math.isnan(value):
            seen.append(value)
            if len(seen) == n:
                last = sum(seen) / n
            elif len(seen) > n:
                last = (last * (n - 1) + value) / n
        out.append(last)
    return out


def wilder_sum(x, n):
    """TA-Lib: the sum of n - 1 values, then previous - previous / n + x."""
    out = [NAN] * min(n - 1, len(x))
    for t in range(n - 1, len(x)):
        out.append(sum(x[1:n]) if t == n - 1 else out[-1] - out[-1] / n + x[t])
    return out


def quotient(a, b):
    return a / b if b else NAN


def deltas(x):
    return [NAN] + [x[t] - x[t - 1] for t in range(1, len(x))]


def sma(b, n):
    return mean(b["close"], n)


def sma_partial(b, n):
    return partial(b["close"], n)


def ema(b, n):
    return hide(decay(b["close"], 2 / (n + 1)), n - 1)


def ema_unmasked(b, n):
    return decay(b["close"], 2 / (n + 1))


def ema_seeded(b, n):
    close = b["close"]
    return [NAN] * (n - 1) + decay([sum(close[:n]) / n, *close[n:]], 2 / (n + 1))


def kama(b, n):
    close, out = b["close"], []
    for t in range(len(close)):
        if t < n:
            out.append(NAN)
            continue
        path = sum(abs(close[s] - close[s - 1]) for s in range(t - n + 1, t + 1))
        share = abs(close[t] - close[t - n]) / path
        alpha = (share * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        last = close[n - 1] if t == n else out[-1]
        out.append(last + alpha * (close[t] - last))
    return out


def macd_parts(b, fast, slow, signal):
    line = [x - y for x, y in zip(ema_unmasked(b, fast), ema_unmasked(b, slow), strict=True)]
    smooth = decay(line, 2 / (signal + 1))
    return line, smooth, [x - y for x, y in zip(line, smooth, strict=True)]


def macd_line(b, fast, slow, signal):
    return hide(macd_parts(b, fast, slow, signal)[0], slow - 1)


def macd_signal(b, fast, slow, signal):
    return hide(macd_parts(b, fast, slow, signal)[1], slow + signal - 2)


def macd_hist(b, fast, slow, signal):
    return hide(macd_parts(b, fast, slow, signal)[2], slow + signal - 2)


def macd_line_unmasked(b, fast, slow, signal):
    return macd_parts(b, fast, slow, signal)[0]


def macd_signal_unmasked(b, fast, slow, signal):
    return macd_parts(b, fast, slow, signal)[1]


def macd_hist_unmasked(b, fast, slow, signal):
    return macd_parts(b, fast, slow, signal)[2]


def fixed_line(b):
    return [x - y for x, y in zip(decay(b["close"], 0.15), decay(b["close"], 0.075), strict=True)]


def macd_fix_line(b):
    return hide(fixed_line(b), 33)


def macd_fix_signal(b):
    return hide([NAN] * 25 + decay(fixed_line(b)[25:], 0.2), 33)


def true_range(b):
    high, low, close = b["high"], b["low"], b["close"]
    return fill(
        len(close),
        1,
        lambda t: max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1])),
    )


def range_with_first(b):
    return [b["high"][0] - b["low"][0], *true_range(b)[1:]]


def atr(b, n):
    return wilder(true_range(b), n)


def atr_first_bar(b, n):
    return wilder(range_with_first(b), n)


def natr(b, n):
    return [100 * x / c for x, c in zip(atr(b, n), b["close"], strict=True)]


def stddev(b, n):
    return fill(len(b["close"]), n - 1, lambda t: statistics.pstdev(window(b["close"], t, n)))


def boll_mid(b, n):
    return sma(b, n)


def boll_upper(b, n, k):
    return [m + k * s for m, s in zip(sma(b, n), stddev(b, n), strict=True)]


def boll_lower(b, n, k):
    return [m - k * s for m, s in zip(sma(b, n), stddev(b, n), strict=True)]


def boll_width(b, n, k):
    return [(u - d) / m for u, d, m in zip(boll_upper(b, n, k), boll_lower(b, n, k), sma(b, n), strict=True)]


def boll_percent(b, n, k):
    bands = zip(b["close"], boll_upper(b, n, k), boll_lower(b, n, k), strict=True)
    return [(c - d) / (u - d) for c, u, d in bands]


def vol(b, n):
    close = b["close"]
    moves = [NAN] + [close[t] / close[t - 1] - 1 for t in range(1, len(close))]
    return fill(len(close), n, lambda t: statistics.stdev(window(moves, t, n)))


def movement(b):
    plus, minus = [NAN], [NAN]
    for t in range(1, len(b["high"])):
        up, down = b["high"][t] - b["high"][t - 1], b["low"][t - 1] - b["low"][t]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    return plus, minus


def share(part, span):
    return [100 * quotient(p, s) for p, s in zip(part, span, strict=True)]


def strength(plus, minus):
    return [100 * quotient(abs(p - m), p + m) for p, m in zip(plus, minus, strict=True)]


def plus_di(b, n):
    return share(wilder(movement(b)[0], n), wilder(true_range(b), n))


def minus_di(b, n):
    return share(wilder(movement(b)[1], n), wilder(true_range(b), n))


def dx(b, n):
    return strength(plus_di(b, n), minus_di(b, n))


def adx(b, n):
    return wilder(dx(b, n), n)


def lagged_mean(x, lag):
    return fill(len(x), lag, lambda t: (x[t] + x[t - lag]) / 2)


def adxr(b, n):
    return lagged_mean(adx(b, n), n - 1)


def plus_di_original(b, n):
    return share(wilder([0.0, *movement(b)[0][1:]], n), wilder(range_with_first(b), n))


def minus_di_original(b, n):
    return share(wilder([0.0, *movement(b)[1][1:]], n), wilder(range_with_first(b), n))


def adx_original(b, n):
    found = strength(plus_di_original(b, n), minus_di_original(b, n))
    out = [NAN] * (n - 1) + found[n - 1 : n]
    for value in found[n:]:
        out.append((out[-1] * (n - 1) + value) / n)
    return out


def plus_dm(b, n):
    return wilder_sum(movement(b)[0], n)


def minus_dm(b, n):
    return wilder_sum(movement(b)[1], n)


def plus_di_talib(b, n):
    return hide(share(plus_dm(b, n), wilder_sum(true_range(b), n)), n)


def minus_di_talib(b, n):
    return hide(share(minus_dm(b, n), wilder_sum(true_range(b), n)), n)


def dx_talib(b, n):
    return strength(plus_di_talib(b, n), minus_di_talib(b, n))


def adx_talib(b, n):
    return wilder(dx_talib(b, n), n)


def adxr_talib(b, n):
    return lagged_mean(adx_talib(b, n), n - 1)


def gains(b):
    return [max(x, 0.0) if x == x else NAN for x in deltas(b["close"])]


def losses(b):
    return [max(-x, 0.0) if x == x else NAN for x in deltas(b["close"])]


def strength_index(up, down):
    return [50.0 if u + d == 0 else 100 - 100 / (1 + u / d) if d else 100.0 for u, d in zip(up, down, strict=True)]


def rsi(b, n):
    return strength_index(wilder(gains(b), n), wilder(losses(b), n))


def rsi_simple(b, n):
    return strength_index(mean(gains(b), n), mean(losses(b), n))


def rsi_original(b, n):
    up, down = ([0.0, *part(b)[1:]] for part in (gains, losses))
    return [50.0] * min(n - 1, len(up)) + [
        100 - 100 / (1 + sum(window(up, t, n)) / n / ((sum(window(down, t, n)) / n) or 1e-10))
        for t in range(n - 1, len(up))
    ]


def rsi_ewm(b, n):
    up, down = (decay([0.0, *part(b)[1:]], 1 / n) for part in (gains, losses))
    return hide(strength_index(up, down), n)


def rsi_metastock(b, n):
    out = rsi(b, n)
    out[n - 1] = 100 * sum(gains(b)[1:n]) / (sum(gains(b)[1:n]) + sum(losses(b)[1:n]))
    return out


def kdj(b, n, k, d):
    fast, slow = [], []
    for t in range(len(b["close"])):
        if t < n - 1:
            fast.append(NAN)
            slow.append(NAN)
            continue
        top, bottom = max(window(b["high"], t, n)), min(window(b["low"], t, n))
        raw = 100 * (b["close"][t] - bottom) / (top - bottom)
        last_fast, last_slow = (50.0, 50.0) if t == n - 1 else (fast[-1], slow[-1])
        fast.append((k - 1) / k * last_fast + raw / k)
        slow.append((d - 1) / d * last_slow + fast[-1] / d)
    return fast, slow


def kdj_k(b, n, k, d):
    return kdj(b, n, k, d)[0]


def kdj_d(b, n, k, d):
    return kdj(b, n, k, d)[1]


def kdj_j(b, n, k, d):
    return [3 * f - 2 * s for f, s in zip(*kdj(b, n, k, d), strict=True)]


def willr(b, n):
    def value(t):
        top, bottom = max(window(b["high"], t, n)), min(window(b["low"], t, n))
        return -100 * (top - b["close"][t]) / (top - bottom)

    return fill(len(b["close"]), n - 1, value)


def cci(b, n):
    typical = [sum(bar) / 3 for bar in zip(b["high"], b["low"], b["close"], strict=True)]

    def value(t):
        part = window(typical, t, n)
        middle = sum(part) / n
        return (typical[t] - middle) / (0.015 * sum(abs(x - middle) for x in part) / n)

    return fill(len(typical), n - 1, value)


def ultosc(b, short, middle, long):
    close, low, span = b["close"], b["low"], true_range(b)
    pressure = fill(len(close), 1, lambda t: close[t] - min(low[t], close[t - 1]))

    def value(t):
        a, c, d = (sum(window(pressure, t, w)) / sum(window(span, t, w)) for w in (short, middle, long))
        return 100 * (4 * a + 2 * c + d) / 7

    return fill(len(close), long, value)


def obv(b):
    out = [0.0]
    for t in range(1, len(b["close"])):
        out.append(out[-1] + b["volume"][t] * float(np.sign(b["close"][t] - b["close"][t - 1])))
    return out


def volume_ratio(b, n):
    return [v / m for v, m in zip(b["volume"], mean(b["volume"], n), strict=True)]


def volume_ratio_partial(b, n):
    return [v / m for v, m in zip(b["volume"], partial(b["volume"], n), strict=True)]


def word(x):
    if x != x:
        return None
    if x >= 1.5:
        return "huge"
    if x >= 1.2:
        return "up"
    if x <= 0.5:
        return "ground"
    return "down" if x <= 0.8 else "normal"


def volume_class(b):
    return [word(x) for x in volume_ratio(b, 20)]


def volume_class_original(b):
    return [word(x) for x in volume_ratio_partial(b, 20)]


def flag(words, which):
    return [NAN if w is None else float(w in which) for w in words]


def volume_heavy(b):
    return flag(volume_class(b), ("up", "huge"))


def volume_heavy_original(b):
    return flag(volume_class_original(b), ("up", "huge"))


def volume_shrink(b):
    return flag(volume_class(b), ("down", "ground"))


def volume_shrink_original(b):
    return flag(volume_class_original(b), ("down",))


def fitted_slope(values):
    return np.polyfit(np.arange(len(values)), values, 1)[0] / values[-1]


def ma_slope(b, n, k):
    middle = sma(b, n)
    return fill(len(middle), n + k - 2, lambda t: fitted_slope(window(middle, t, k)))


def environment_at(close, middle, t):
    slope = fitted_slope(window(middle, t, 20))
    pairs = [(close[t - 1], middle[t - 1]), (close[t], middle[t])]
    if slope > 0.001 and all(c >= m for c, m in pairs):
        return "bull"
    if slope < -0.001 and all(c <= m for c, m in pairs):
        return "bear"
    return "oscillate" if abs(slope) <= 0.005 and abs(close[t] / middle[t] - 1) <= 0.03 else "transition"


def direction_at(close, middle, t):
    slope = fitted_slope(window(middle, t, 5))
    pairs = [(close[t - 1], middle[t - 1]), (close[t], middle[t])]
    if slope > 0.0005 and all(c >= m for c, m in pairs):
        return "up"
    return "down" if slope < -0.0005 and all(c <= m for c, m in pairs) else "side"


def words(b, middle, decide, first, before):
    return [before if t < first else decide(b["close"], middle, t) for t in range(len(middle))]


def market_env(b):
    return words(b, sma(b, 50), environment_at, 68, None)


def market_env_original(b):
    return words(b, sma_partial(b, 50), environment_at, 19, "transition")


def trend_dir(b):
    return words(b, sma(b, 50), direction_at, 53, None)


def trend_dir_original(b):
    return words(b, sma_partial(b, 50), direction_at, 6, "side")
