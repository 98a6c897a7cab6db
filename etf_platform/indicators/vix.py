"""Aligns a volatility index with decisions: the close of the last session strictly before. Not here: its threshold."""

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError


def align_vix(dates: pd.Series, vix: pd.DataFrame | None) -> pd.DataFrame:
    """Last close of the volatility index strictly before every date.

    Parameters
    ----------
    dates : Series of datetime64
        Decision dates, in any order.
    vix : DataFrame or None
        Columns date (ascending, each once) and close (points). Rows without a close are passed over.

    Returns
    -------
    DataFrame
        `vix` (points) and `vix_date`, indexed as `dates`; NaN and NaT where there is no earlier close.

    Raises
    ------
    BadInputError
        A date of `vix` stands twice, out of order or is missing.
    """
    known = _closes(vix)
    wanted = dates.astype("datetime64[ns]").to_numpy()
    found = known.reindex(np.searchsorted(known["date"].to_numpy(), wanted, side="left") - 1)
    return pd.DataFrame({"vix": found["close"].to_numpy(), "vix_date": found["date"].to_numpy()}, index=dates.index)


def _closes(vix: pd.DataFrame | None) -> pd.DataFrame:
    if vix is None:
        return pd.DataFrame({"date": pd.Series(dtype="datetime64[ns]"), "close": pd.Series(dtype=float)})
    is_after = vix["date"].diff().iloc[1:] > pd.Timedelta(0)
    if not is_after.all():
        saw = f"{vix['date'].iloc[1:][~is_after].iloc[0]} stands twice, out of order or is no date"
        raise BadInputError("aligning the volatility index", saw, "pass one row per session, oldest first")
    kept = vix.loc[vix["close"].notna(), ["date", "close"]].reset_index(drop=True)
    return kept.astype({"date": "datetime64[ns]", "close": float})
