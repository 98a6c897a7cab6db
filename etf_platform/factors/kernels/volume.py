"""Traded volume: level, direction, relation to price, cost of moving the price. Volume in shares, amount in yuan."""

import numpy as np

from etf_platform.core.units.factor import factor
from etf_platform.factors.kernels.windows import window_sum


def _one_more(w):
    return w + 1


@factor(
    inputs=("signed_volume",),
    name="obv",
    unit="shares",
    scale="volume",
    direction=+1,
    bucket="volume",
    warmup=lambda: 2,
    is_recursive=True,
)
def obv(signed_volume, out):
    """On-balance volume: running sum of volume with the sign of the close's change; the first bar counts 0.

    References
    ----------
    Granville (1963), Granville's New Key to Stock Market Profits
    """
    level = 0.0
    for i in range(1, signed_volume.size):
        level += signed_volume[i]
        out[i] = level


@factor(
    inputs=("signed_volume", "volume"),
    windows=(20,),
    name="obv_flow_{w}",
    unit="fraction",
    scale="bounded",
    bounds=(-1.0, 1.0),
    direction=+1,
    bucket="volume",
    warmup=_one_more,
)
def obv_flow(signed_volume, volume, w, out):
    """Change of on-balance volume over `w` bars as a share of their volume; NaN without volume."""
    total = np.empty(volume.size)
    window_sum(signed_volume, w, out)
    window_sum(volume, w, total)
    for i in range(out.size):
        out[i] = out[i] / total[i] if total[i] > 0 else np.nan


@factor(
    inputs=("volume",), windows=(5, 10, 20, 30), name="volume_ratio_{w}", unit="ratio", direction=0, bucket="volume"
)
def volume_ratio(volume, w, out):
    """Volume over its mean of the last `w` bars, today included; NaN without volume."""
    window_sum(volume, w, out)
    for i in range(out.size):
        out[i] = volume[i] / (out[i] / w) if out[i] > 0 else np.nan


@factor(
    inputs=("illiquidity",),
    windows=(20,),
    name="amihud_{w}",
    unit="fraction per CNY",
    direction=0,
    bucket="volume",
    warmup=_one_more,
)
def amihud(illiquidity, w, out):
    """Mean absolute return per yuan of turnover over the last `w` bars; NaN when one of them had no turnover.

    References
    ----------
    Amihud (2002), doi:10.1016/S1386-4181(01)00024-6
    """
    window_sum(illiquidity, w, out)
    for i in range(out.size):
        out[i] /= w


@factor(
    inputs=("volume",),
    windows=(20,),
    name="vol_ratio_{w}",
    unit="ratio",
    direction=0,
    bucket="volume",
    warmup=lambda w: 2 * w,
)
def vol_ratio(volume, w, out):
    """Mean volume of the last `w` bars over that of the `w` bars before; NaN when these had none."""
    total = np.empty(volume.size)
    window_sum(volume, w, total)
    for i in range(w, out.size):
        out[i] = total[i] / total[i - w] if total[i - w] > 0 else np.nan


@factor(
    inputs=("signed_volume",),
    windows=(20,),
    name="up_down_vol_ratio_{w}",
    unit="ratio",
    direction=0,
    bucket="volume",
    warmup=_one_more,
)
def up_down_vol_ratio(signed_volume, w, out):
    """Volume of rising bars over volume of falling bars, last `w` bars; NaN when nothing was traded on falling ones."""
    for t in range(w, signed_volume.size):
        up, down = 0.0, 0.0
        for i in range(t - w + 1, t + 1):
            up += max(signed_volume[i], 0.0)
            down -= min(signed_volume[i], 0.0)
        if down > 0:
            out[t] = up / down


@factor(
    inputs=("signed_volume", "volume"),
    windows=(10,),
    name="obv_slope_{w}",
    unit="ratio",
    direction=+1,
    bucket="volume",
    warmup=_one_more,
)
def obv_slope(signed_volume, volume, w, out):
    """Least-squares slope of on-balance volume over `w` bars, per bar, over their mean volume; NaN without volume."""
    centre = (w - 1) / 2.0
    spread = w * (w * w - 1.0) / 12.0
    for t in range(w, volume.size):
        level, moment, total = 0.0, 0.0, 0.0
        for i in range(w):
            row = t - w + 1 + i
            level += signed_volume[row]
            moment += (i - centre) * level
            total += volume[row]
        if total > 0:
            out[t] = moment / spread / (total / w)


@factor(
    inputs=("returns", "volume"),
    windows=(20,),
    name="pv_corr_{w}",
    unit="correlation",
    scale="bounded",
    bounds=(-1.0, 1.0),
    direction=0,
    bucket="volume",
    warmup=_one_more,
)
def pv_corr(returns, volume, w, out):
    """Correlation of return and relative change of volume over `w` bars; NaN when one of them is constant."""
    for t in range(w, volume.size):
        x, y = returns[t - w + 1 : t + 1], volume[t - w + 1 : t + 1] / volume[t - w : t] - 1.0
        mx, my = x.mean(), y.mean()
        xx, yy, xy = 0.0, 0.0, 0.0
        for i in range(w):
            dx, dy = x[i] - mx, y[i] - my
            xx += dx * dx
            yy += dy * dy
            xy += dx * dy
        if xx > 0 and yy > 0:
            out[t] = min(1.0, max(-1.0, xy / np.sqrt(xx * yy)))
