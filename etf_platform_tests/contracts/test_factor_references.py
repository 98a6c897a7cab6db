"""Every factor against a slow plain reference: pandas windows, or a loop that reads like the definition."""

import itertools

import numpy as np
import pandas as pd
import pytest

import etf_platform.factors
from etf_platform.core.catalog import collect
from etf_platform.core.units.factor import Factor
from etf_platform.factors.compute import compute_arrays
from etf_platform.factors.series import BAR_COLUMNS

FACTORS = tuple(collect(etf_platform.factors, Factor))
SESSIONS = (300, 280)


def _bars(sessions, seed):
    rng = np.random.default_rng(seed)
    close = np.round(2.0 * np.exp(np.cumsum(rng.normal(0, 0.02, sessions))), 3)
    close[100:104] = close[100]
    open_ = close * np.exp(rng.normal(0, 0.005, sessions))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.006, sessions)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.006, sessions)))
    volume = np.floor(rng.lognormal(11, 1, sessions)) * 100 + 100
    columns = dict(zip(BAR_COLUMNS, (open_, high, low, close, volume, volume * (open_ + close) / 2), strict=True))
    return pd.DataFrame(columns)


FRAMES = [_bars(n, seed) for n, seed in zip(SESSIONS, (1, 2), strict=True)]


@pytest.fixture(scope="module")
def computed():
    offsets = np.concatenate(([0], np.cumsum(SESSIONS)))
    bars = {name: np.concatenate([f[name].to_numpy() for f in FRAMES]) for name in BAR_COLUMNS}
    values, failures = compute_arrays(FACTORS, offsets, bars)
    assert not failures
    return {
        unit.column: [row[a:b] for a, b in itertools.pairwise(offsets)]
        for unit, row in zip(FACTORS, values, strict=True)
    }


def true_range(f):
    before = f.close.shift(1)
    parts = pd.concat([f.high - f.low, (f.high - before).abs(), (f.low - before).abs()], axis=1)
    return parts.max(axis=1).where(before.notna())


def seeded_mean(x, seed_rows, alpha):
    """Exponential mean that starts as the plain mean of the first `seed_rows` values; no leading NaN."""
    out = np.full(len(x), np.nan)
    out[seed_rows - 1] = np.mean(x[:seed_rows])
    for t in range(seed_rows, len(x)):
        out[t] = out[t - 1] + alpha * (x[t] - out[t - 1])
    return out


def seeded_ema(x, w):
    return pd.Series(seeded_mean(np.asarray(x), w, 2 / (w + 1)))


def first_ema(x, w):
    return x.ewm(span=w, adjust=False).mean()


def sma(x, w):
    return x.rolling(w).mean()


def wilder(x, w):
    """Wilder's mean of a series whose first value is missing."""
    return pd.Series(np.concatenate(([np.nan], seeded_mean(x.to_numpy()[1:], w, 1 / w))))


def macd_lines(f, kind, fast, slow, signal):
    c = f.close
    if kind == "sma":
        line = sma(c, fast) - sma(c, slow)
        smooth = sma(line, signal)
    elif kind == "ewm":
        line = first_ema(c, fast) - first_ema(c, slow)
        smooth = first_ema(line, signal)
        smooth[: slow + signal - 2] = np.nan
        line = line.where(np.arange(len(line)) >= slow - 1)
    else:
        short = seeded_ema(c[slow - fast :], fast).to_numpy()
        line = pd.Series(np.concatenate((np.full(slow - fast, np.nan), short))) - seeded_ema(c, slow)
        known = line.to_numpy()[slow - 1 :]
        smooth = pd.Series(np.concatenate((np.full(slow - 1, np.nan), seeded_ema(known, signal))))
    return {"line": line, "signal": smooth, "hist": line - smooth}


def macd(kind, part, relative):
    def reference(f, fast, slow, signal):
        values = macd_lines(f, kind, fast, slow, signal)[part]
        return values / f.close if relative else values

    return reference


def position(f, w):
    low, high = f.low.rolling(w).min(), f.high.rolling(w).max()
    return (f.close - low) / (high - low)


def rsi(f, w, mean):
    change = f.close.diff()
    up, down = mean(change.clip(lower=0), w), mean(-change.clip(upper=0), w)
    return 100 - 100 / (1 + up / down)


def band(f, w, k):
    return sma(f.close, w) + k * f.close.rolling(w).std(ddof=0)


def slope_of(window):
    return np.polyfit(np.arange(len(window)), window, 1)[0]


def drawdown_of(window):
    return min(b / a - 1 for i, a in enumerate(window) for b in window[i:])


def signed_volume(f):
    return np.sign(f.close.diff()) * f.volume


def obv(f):
    return signed_volume(f).fillna(0).cumsum()


def adx(f, w):
    up, down = f.high.diff(), -f.low.diff()
    plus = up.where((up > down) & (up > 0), 0.0).to_numpy()
    minus = down.where((down > up) & (down > 0), 0.0).to_numpy()
    ranges = true_range(f).to_numpy()

    def wilder_sum(x):
        out = np.full(len(x), np.nan)
        total = x[1:w].sum()
        for t in range(w, len(x)):
            total = total - total / w + x[t]
            out[t] = total
        return out

    p, m = (100 * wilder_sum(x) / wilder_sum(ranges) for x in (plus, minus))
    dx = 100 * np.abs(p - m) / (p + m)
    out = np.full(len(f), np.nan)
    out[2 * w - 1] = dx[w : 2 * w].mean()
    for t in range(2 * w, len(f)):
        out[t] = (out[t - 1] * (w - 1) + dx[t]) / w
    return pd.Series(out)


def vortex(f, w):
    plus = (f.high - f.low.shift(1)).abs().rolling(w).sum()
    minus = (f.low - f.high.shift(1)).abs().rolling(w).sum()
    return (plus - minus) / true_range(f).rolling(w).sum()


def gk_vol_ratio(f, w):
    inside = 0.5 * np.log(f.high / f.low) ** 2 - (2 * np.log(2) - 1) * np.log(f.close / f.open) ** 2
    return np.sqrt(sma(inside, w) / sma(f.close.pct_change() ** 2, w))


def calmar(f, w):
    worst = f.close.rolling(w + 1).apply(drawdown_of, raw=True)
    return f.close.pct_change(w) / worst.abs()


def up_down(f, w):
    signed = signed_volume(f)
    return signed.clip(lower=0).rolling(w).sum() / (-signed.clip(upper=0)).rolling(w).sum()


def span_mean(f, w):
    mean = true_range(f)[1:].ewm(span=w, adjust=False).mean()
    return mean.reindex(f.index).where(np.arange(len(f)) >= w)


REFERENCES = {
    "sma": lambda f, w: sma(f.close, w),
    "sma_gap": lambda f, w: f.close / sma(f.close, w) - 1,
    "ema": lambda f, w: first_ema(f.close, w).where(f.index >= w - 1),
    "ema_gap": lambda f, w: (f.close / first_ema(f.close, w) - 1).where(f.index >= w - 1),
    "ema_seeded": lambda f, w: seeded_ema(f.close, w),
    "ema_seeded_gap": lambda f, w: f.close / seeded_ema(f.close, w) - 1,
    "slope": lambda f, w: f.close.rolling(w).apply(slope_of, raw=True) / sma(f.close, w),
    "adx": adx,
    "vortex": vortex,
    "zscore": lambda f, w: (f.close - sma(f.close, w)) / f.close.rolling(w).std(),
    "rsi_simple": lambda f, w: rsi(f, w, sma),
    "rsi": lambda f, w: rsi(f, w, wilder),
    "stoch_k": lambda f, w: 100 * position(f, w),
    "stoch_d": lambda f, w, d: sma(100 * position(f, w), d),
    "price_position": position,
    "lowest": lambda f, w: f.close.rolling(w).min(),
    "highest": lambda f, w: f.close.rolling(w).max(),
    "rank": lambda f, w: f.close.rolling(w).rank(pct=True),
    "breakout": lambda f, w: f.close / f.high.shift(1).rolling(w).max() - 1,
    "momentum": lambda f, w: f.close.pct_change(w),
    "sharpe": lambda f, w: sma(f.close.pct_change(), w) / f.close.pct_change().rolling(w).std(),
    "calmar": calmar,
    "std": lambda f, w: f.close.rolling(w).std(),
    "volatility": lambda f, w: f.close.pct_change().rolling(w).std(),
    "atr": lambda f, w: wilder(true_range(f), w),
    "atr_rel": lambda f, w: wilder(true_range(f), w) / f.close,
    "atr_ewm": span_mean,
    "atr_ewm_rel": lambda f, w: span_mean(f, w) / f.close,
    "skew": lambda f, w: f.close.pct_change().rolling(w).skew(),
    "max_drawdown": lambda f, w: f.close.rolling(w).apply(drawdown_of, raw=True),
    "gk_vol_ratio": gk_vol_ratio,
    "bb_upper": band,
    "bb_lower": lambda f, w, k: band(f, w, -k),
    "bb_upper_gap": lambda f, w, k: f.close / band(f, w, k) - 1,
    "bb_lower_gap": lambda f, w, k: f.close / band(f, w, -k) - 1,
    "bb_width": lambda f, w, k: (band(f, w, k) - band(f, w, -k)) / sma(f.close, w),
    "bb_percent": lambda f, w, k: (f.close - band(f, w, -k)) / (band(f, w, k) - band(f, w, -k)),
    "obv": lambda f: obv(f).where(f.index > 0),
    "obv_flow": lambda f, w: obv(f).diff(w) / f.volume.rolling(w).sum(),
    "volume_ratio": lambda f, w: f.volume / sma(f.volume, w),
    "amihud": lambda f, w: sma(f.close.pct_change().abs() / f.amount, w),
    "vol_ratio": lambda f, w: sma(f.volume, w) / sma(f.volume, w).shift(w),
    "up_down_vol_ratio": up_down,
    "obv_slope": lambda f, w: (
        obv(f).rolling(w).apply(slope_of, raw=True).shift(0) / sma(f.volume, w).where(f.index >= w)
    ),
    "pv_corr": lambda f, w: f.close.pct_change().rolling(w).corr(f.volume.pct_change()),
} | {
    f"macd_{kind}{'' if part == 'line' else '_' + part}{'_rel' if relative else ''}": macd(kind, part, relative)
    for kind in ("sma", "ema", "ewm")
    for part in ("line", "signal", "hist")
    for relative in (False, True)
}


KERNELS = sorted({unit.kernel.__name__ for unit in FACTORS})


@pytest.mark.parametrize("kernel", KERNELS)
def test_agrees_with_a_plain_reference(kernel, computed):
    for unit in FACTORS:
        if unit.kernel.__name__ != kernel:
            continue
        for frame, ours in zip(FRAMES, computed[unit.column], strict=True):
            expected = np.asarray(REFERENCES[kernel](frame, **dict(unit.params)), dtype=float)
            size = np.nanmax(np.abs(expected))

            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-10 * size, err_msg=unit.column)
