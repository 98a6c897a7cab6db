"""VaR and ES forecasts for the next session, from returns up to today.

Here: returns of accounts -> rows of the table FORECASTS. Not here: the estimators (`measures.tails`), and what then
happened (`exceptions`).
"""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.errors import BadInputError, CalendarEndError
from etf_platform.core.schema import Table
from etf_platform.core.tables import FORECASTS
from etf_platform.risk.methods import estimate, rolling_historical

NEEDED = ("date", "series", "return", "source")
KEY = list(FORECASTS.key)
ROUNDING = 1e-12  # returns this close to one another are one return


def forecast_rows(
    returns: pd.DataFrame,
    config: RiskConfig,
    sessions: pd.DatetimeIndex,
    dates: Iterable[date | str] | None = None,
) -> pd.DataFrame:
    """Forecasts for the session after every date, one row per series, method and level.

    Parameters
    ----------
    returns : DataFrame
        `date`, `series`, `return` (simple, a fraction), `source`. A row without a return is skipped: the window counts
        returns, not sessions.
    config : RiskConfig
        The last `window` returns make a forecast; VaR, ES and sigma are null until there are so many, and where all
        of them are equal: an account that does not move has no measured risk, which is not a risk of 0.
    sessions : DatetimeIndex
        Sessions of the exchange, reaching beyond the last date.
    dates : iterable of dates, optional
        Only rows of these dates; their bits do not depend on it.

    Returns
    -------
    DataFrame
        Columns of FORECASTS, sorted by its key. The row dated t uses returns dated up to t and is for the next session.

    Raises
    ------
    BadInputError
        A column is missing, a series has two returns on a date, or a return is infinite.
    CalendarEndError
        No session is known after a date.
    """
    chosen = None if dates is None else pd.DatetimeIndex(list(dates))
    parts = [_one_series(name, rows, config, chosen) for name, rows in checked_returns(returns).groupby("series")]
    parts = [part for part in parts if len(part)]
    if not parts:
        return empty(FORECASTS)
    rows = pd.concat(parts, ignore_index=True)
    rows["for_date"] = next_session(rows["date"], sessions)
    return rows[names_of(FORECASTS)].sort_values(KEY, ignore_index=True)


def checked_returns(returns: pd.DataFrame) -> pd.DataFrame:
    """Rows that have a return, sorted by series and date.

    Raises
    ------
    BadInputError
        See `forecast_rows`.
    """
    doing = "reading returns of accounts"
    missing = [name for name in NEEDED if name not in returns.columns]
    if missing:
        raise BadInputError(doing, f"no column {', '.join(missing)}", f"pass {', '.join(NEEDED)}")
    rows = returns[returns["return"].notna()].sort_values(["series", "date"], ignore_index=True)
    twice = rows[rows.duplicated(["series", "date"])]
    if len(twice):
        first = twice.iloc[0]
        raise BadInputError(
            doing, f"two returns of {first['series']} on {first['date']:%Y-%m-%d}", "keep one per session"
        )
    wild = rows[~np.isfinite(rows["return"].to_numpy(float))]
    if len(wild):
        first = wild.iloc[0]
        raise BadInputError(
            doing, f"an infinite return of {first['series']} on {first['date']:%Y-%m-%d}", "repair its prices"
        )
    return rows


def next_session(days: pd.Series, sessions: pd.DatetimeIndex) -> pd.Series:
    """The first session after each day.

    Raises
    ------
    CalendarEndError
        There is none.
    """
    known = pd.DatetimeIndex(sessions).sort_values()
    place = known.searchsorted(pd.DatetimeIndex(days), side="right")
    if len(days) and int(place.max()) >= len(known):
        end = f"{known[-1]:%Y-%m-%d}" if len(known) else "nowhere"
        saw = f"the calendar ends {end}, a forecast was made on {days.max():%Y-%m-%d}"
        raise CalendarEndError("dating risk forecasts", saw, "update exchange_calendars or add calendar.extra_holidays")
    return pd.Series(known[place], index=days.index)


def names_of(table: Table) -> list[str]:
    """Columns of a table, in order."""
    return [column.name for column in table.columns]


def empty(table: Table) -> pd.DataFrame:
    """A frame of this table without rows."""
    kinds = {"date": "datetime64[ns]", "float64": "float64", "int64": "int64", "bool": "bool"}
    return pd.DataFrame({c.name: pd.Series(dtype=kinds.get(c.type, "object")) for c in table.columns})


def _one_series(name: object, rows: pd.DataFrame, config: RiskConfig, dates: pd.DatetimeIndex | None) -> pd.DataFrame:
    wanted = np.arange(len(rows)) if dates is None else np.flatnonzero(rows["date"].isin(dates).to_numpy())
    if not wanted.size:
        return empty(FORECASTS)
    values, known = rows["return"].to_numpy(float), wanted[wanted >= config.window - 1]
    var = np.full((wanted.size, len(config.methods), len(config.levels)), np.nan)
    es, sigma = var.copy(), np.full(var.shape[:2], np.nan)
    if known.size:
        for m, method in enumerate(config.methods):
            full = slice(wanted.size - known.size, None)
            var[full, m], es[full, m], sigma[full, m] = _figures(method, values, known, config)
        still = wanted.size - known.size + np.flatnonzero(~_moves(values, known, config.window))
        var[still], es[still], sigma[still] = np.nan, np.nan, np.nan
    return _long(rows.iloc[wanted], str(name), wanted, (var, es, sigma), config)


def _moves(values: np.ndarray, ends: np.ndarray, window: int) -> np.ndarray:
    """Whether the returns of the window that ends there differ by more than rounding."""
    changes = np.append(0, np.cumsum(np.abs(np.diff(values)) > ROUNDING))
    return np.asarray(changes[ends] > changes[ends - window + 1])


def _figures(
    method: str, values: np.ndarray, ends: np.ndarray, config: RiskConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """VaR and ES of shape (n_ends, n_levels), sigma of shape (n_ends,), for the windows that end there."""
    first = ends[0] - config.window + 1
    windows = np.lib.stride_tricks.sliding_window_view(values[first : ends[-1] + 1], config.window)
    chosen = windows if len(windows) == ends.size else windows[ends - ends[0]]
    if method != "historical":
        tail = estimate(method, chosen, config)
        return tail.var, tail.es, tail.sigma
    at = ends - first
    pairs = [rolling_historical(values[None, first : ends[-1] + 1], config.window, p) for p in config.levels]
    var, es = (np.stack([pair[k][0, at] for pair in pairs], axis=-1) for k in (0, 1))
    return var, es, np.ascontiguousarray(chosen).std(axis=-1)


def _long(
    rows: pd.DataFrame,
    series: str,
    places: np.ndarray,
    figures: tuple[np.ndarray, np.ndarray, np.ndarray],
    config: RiskConfig,
) -> pd.DataFrame:
    var, es, sigma = figures
    days, methods, levels = var.shape
    each = methods * levels
    return pd.DataFrame(
        {
            "date": np.repeat(rows["date"].to_numpy("datetime64[ns]"), each),
            "series": series,
            "method": np.tile(np.repeat(np.array(config.methods, dtype=object), levels), days),
            "level": np.tile(np.array(config.levels), days * methods),
            "var": var.reshape(-1),
            "es": es.reshape(-1),
            "sigma": np.repeat(sigma.reshape(-1), levels),
            "n_observations": np.repeat(np.minimum(places + 1, config.window), each),
            "source": np.repeat(rows["source"].to_numpy(dtype=object), each),
        }
    )
