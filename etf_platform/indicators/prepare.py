"""The one preparation of indicator columns: for a signal, a back-test, static data and the daily table alike.

Here: bars checked, adjusted, turned into columns. Not here: definitions of indicators, decisions, storage.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.units.indicator import IndicatorColumn
from etf_platform.indicators.names import STANDARD, find_columns
from etf_platform.indicators.vix import align_vix

PRICES = ("open", "high", "low", "close")
ALIGNED = ("vix", "vix_date")
REQUIRED_TEXTS = ("market_env", "trend_dir", "volume_class")


def prepare(
    bars: pd.DataFrame,
    names: Sequence[str] = STANDARD,
    vix: pd.DataFrame | None = None,
    original_compatible: bool = False,
) -> pd.DataFrame:
    """Indicator columns of one symbol.

    Parameters
    ----------
    bars : DataFrame
        Columns date (ascending, each once), close and, where an indicator needs them, open, high, low (all adjusted for
        splits and dividends); volume in shares may be absent or NaN, its indicators are then NaN. Rows from the first
        bar on: recursive columns depend on where the history begins.
    names : sequence of str
        Column names, e.g. `ema_80`; `vix` and `vix_date` may be named and are there anyway.
    vix : DataFrame, optional
        Columns date, close of a volatility index.
    original_compatible : bool
        Columns as the original computes them, where it differs.

    Returns
    -------
    DataFrame
        The bar columns, the named columns in their order, `vix` and `vix_date` (strictly before the row's date);
        a fresh index. Row t depends on rows up to t only. Fewer rows than an indicator's warm-up are no error: the
        column is NaN (None for words).

    Raises
    ------
    UnknownUnitError
        A name that no indicator has; lists the nearest.
    BadInputError
        No rows, a column that is needed is absent, dates not ascending, a close (or another price that is needed)
        missing, infinite or not positive; names the date.
    """
    columns = find_columns((name for name in names if name not in ALIGNED), original_compatible)
    _check(bars, columns)
    plain = bars.reset_index(drop=True)
    arrays = _arrays(plain)
    kept = {
        name: plain[name] if name == "date" else arrays[name] for name in ("date", *PRICES, "volume") if name in plain
    }
    made = {column.name: _series(column, arrays) for column in columns}
    before = align_vix(plain["date"], vix)
    return pd.concat([pd.DataFrame(kept | made), before], axis=1)


def indicator_rows(
    bars: pd.DataFrame,
    names: Sequence[str] = STANDARD,
    vix: pd.DataFrame | None = None,
    original_compatible: bool = False,
) -> pd.DataFrame:
    """Rows of the table `indicators/daily` for every symbol of a universe.

    Parameters
    ----------
    bars : DataFrame
        Rows of `market/bars` from the first bar on: prices as traded, `adj_factor`; every symbol's dates ascending.
    names, vix, original_compatible
        As in `prepare`; `market_env`, `trend_dir` and `volume_class` are always there.

    Returns
    -------
    DataFrame
        Columns of the table, sorted by date and symbol. Prices are adjusted, volume is as traded.

    Raises
    ------
    BadInputError, UnknownUnitError
        As `prepare`; names the symbol.
    """
    wanted = tuple(dict.fromkeys((*names, *REQUIRED_TEXTS)))
    if bars.empty:
        raise BadInputError("computing indicators", "there are no bars", "fetch bars first")
    parts = [_symbol_rows(str(key), part, wanted, vix, original_compatible) for key, part in bars.groupby("symbol")]
    return pd.concat(parts, ignore_index=True).sort_values(["date", "symbol"], kind="stable", ignore_index=True)


def adjusted(bars: pd.DataFrame) -> pd.DataFrame:
    """Bars with all four prices multiplied by `adj_factor`."""
    prices = [name for name in PRICES if name in bars]
    return bars.assign(**{name: bars[name] * bars["adj_factor"] for name in prices})


def _symbol_rows(
    symbol: str, bars: pd.DataFrame, names: Sequence[str], vix: pd.DataFrame | None, original_compatible: bool
) -> pd.DataFrame:
    try:
        rows = prepare(adjusted(bars), names, vix, original_compatible)
    except BadInputError as error:
        raise BadInputError(f"{error.doing} of {symbol}", error.saw, error.remedy) from error
    rows.insert(1, "symbol", symbol)
    return rows.drop(columns=["open", "high", "low", "volume"], errors="ignore").assign(
        source=bars["source"].to_numpy()
    )


def _arrays(bars: pd.DataFrame) -> Mapping[str, np.ndarray]:
    arrays = {name: np.ascontiguousarray(bars[name], dtype=float) for name in (*PRICES, "volume") if name in bars}
    return {"volume": np.full(len(bars), np.nan)} | arrays


def _series(column: IndicatorColumn, arrays: Mapping[str, np.ndarray]) -> np.ndarray | pd.Series:
    values = column.values(arrays)
    return pd.Series(values, dtype="str") if column.indicator.is_text else values


def _check(bars: pd.DataFrame, columns: Iterable[IndicatorColumn]) -> None:
    inputs = {name for column in columns for name in column.indicator.inputs} - {"volume"} | {"close"}
    absent = [name for name in ("date", *PRICES) if name not in bars and name in inputs | {"date"}]
    if absent:
        raise _bad(f"the bars have no column {', '.join(absent)}", "pass bars with date and prices")
    if bars.empty:
        raise _bad("there are no bars", "fetch bars first")
    _check_dates(bars["date"])
    for name in sorted(inputs):
        _check_price(bars["date"], bars[name], name)


def _check_dates(dates: pd.Series) -> None:
    if not (isinstance(dates.dtype, np.dtype) and dates.dtype.kind == "M"):
        raise _bad(f"the dates are {dates.dtype}, no time stamps without a zone", "convert them with pd.to_datetime")
    if dates.isna().any():
        raise _bad("a date is missing", "repair or quarantine this bar")
    steps = dates.diff().iloc[1:]
    if (steps == pd.Timedelta(0)).any():
        twice = dates.iloc[1:][steps == pd.Timedelta(0)].iloc[0]
        raise _bad(f"{twice:%Y-%m-%d} stands twice", "keep one bar per session")
    if not (steps > pd.Timedelta(0)).all():
        worst = dates.iloc[1:][~(steps > pd.Timedelta(0))].iloc[0]
        raise _bad(f"{worst:%Y-%m-%d} stands after a later date", "sort the bars by date")


def _check_price(dates: pd.Series, prices: pd.Series, name: str) -> None:
    values = prices.to_numpy(dtype=float)
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        words = "is missing" if np.isnan(values[at]) else f"is {values[at]:g}"
        raise _bad(f"{name} {words} on {dates.iloc[at]:%Y-%m-%d}", "repair or quarantine this bar")


def _bad(saw: str, remedy: str) -> BadInputError:
    return BadInputError("computing indicators", saw, remedy)
