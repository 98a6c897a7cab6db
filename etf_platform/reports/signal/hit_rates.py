"""How often the price rose after a condition was met, and after it was not.

Not here: the conditions; they arrive as the marks of SIGNALS.
"""

import numpy as np
import pandas as pd

AHEAD = 20  # sessions


def condition_hit_rates(signals: pd.DataFrame, bars: pd.DataFrame, ahead: int = AHEAD) -> pd.DataFrame:
    """Share of following returns above 0, per condition, when it was met and when it was not.

    Parameters
    ----------
    signals : DataFrame
        SIGNALS of one symbol and strategy: `date`, `conditions` (one mark per condition: 1, 0, -).
    bars : DataFrame
        The same symbol, ascending: `date`, `close` (adjusted). A return runs over `ahead` rows from the signal's close;
        signals of the last `ahead` rows have none yet and do not count.

    Returns
    -------
    DataFrame
        `condition` (1 is the first), `is_met`, `signals` (count), `hit_rate` and `mean_return` (fractions; NaN where
        the count is 0). The returns overlap: about `signals / ahead` of them are independent.
    """
    close = bars["close"].to_numpy(float)
    later = np.full(len(close), np.nan)
    later[: max(len(close) - ahead, 0)] = close[ahead:] / close[: max(len(close) - ahead, 0)] - 1.0
    following = signals["date"].map(dict(zip(bars["date"], later, strict=True))).to_numpy(float)
    marks = signals["conditions"].astype(str)
    rows = []
    for i in range(int(marks.str.len().max()) if len(marks) else 0):
        mark = marks.str.slice(i, i + 1).to_numpy()
        for is_met in (True, False):
            returns = following[(mark == ("1" if is_met else "0")) & np.isfinite(following)]
            rows.append((i + 1, is_met, returns.size, _mean(returns > 0.0), _mean(returns)))
    return pd.DataFrame(rows, columns=["condition", "is_met", "signals", "hit_rate", "mean_return"])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
