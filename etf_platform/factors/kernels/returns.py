"""Returns over a window, and returns in units of their risk."""

import numpy as np

from etf_platform.core.units.factor import factor
from etf_platform.factors.kernels.windows import window_moments, window_trough


def _one_more(w):
    return w + 1


@factor(
    inputs=("close",),
    windows=(1, 2, 3, 5, 10, 20, 30, 60, 120, 250),
    name="momentum_{w}",
    unit="fraction",
    direction=+1,
    bucket="return",
    warmup=_one_more,
)
def momentum(close, w, out):
    """Total return over the last `w` traded bars.

    Row *t* uses the adjusted closes of *t - w* and *t*, and nothing later.

    References
    ----------
    Jegadeesh and Titman (1993), doi:10.1111/j.1540-6261.1993.tb04702.x
    """
    now, then, to = close[w:], close[:-w], out[w:]
    for i in range(now.size):
        to[i] = now[i] / then[i] - 1.0


@factor(
    inputs=("returns",), windows=(20,), name="sharpe_{w}", unit="ratio", direction=+1, bucket="return", warmup=_one_more
)
def sharpe(returns, w, out):
    """Mean over standard deviation (ddof 1) of the last `w` daily returns, not annualised; NaN when they are equal."""
    mean = np.empty(returns.size)
    window_moments(returns, w, mean, out)
    for i in range(w, out.size):
        out[i] = mean[i] / np.sqrt(out[i] / (w - 1)) if out[i] > 0 else np.nan


@factor(
    inputs=("close",), windows=(60,), name="calmar_{w}", unit="ratio", direction=+1, bucket="return", warmup=_one_more
)
def calmar(close, w, out):
    """Return over `w` bars divided by the size of the largest drawdown on the way; NaN without a drawdown.

    References
    ----------
    Young (1991), Calmar Ratio: A Smoother Tool, Futures
    """
    window_trough(close, w + 1, out)
    for i in range(w, out.size):
        out[i] = (close[i] / close[i - w] - 1.0) / (1.0 - out[i]) if out[i] < 1 else np.nan
