"""Any file of fills and any file of quotes, CSV or Parquet, with declared columns.

Here: reading and refusing, each with file, row and column. Not here: matching fills with quotes (`risk.attribution`).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError

FILL_COLUMNS = ("time", "symbol", "side", "quantity", "price", "fee")
OPTIONAL = ("decision_price",)
QUOTE_COLUMNS = ("time", "symbol", "bid", "ask")
SIDES = ("buy", "sell")


def read_fills_file(path: Path) -> pd.DataFrame:
    """Fills of a file with the columns time, symbol, side, quantity, price, fee and, when it is there, decision_price.

    Returns
    -------
    DataFrame
        Sorted as in the file: `time` (datetime64[ns], no zone), `symbol`, `side` (buy or sell), `quantity` > 0,
        `price` > 0, `fee` >= 0 in money, `decision_price` (NaN where unknown). An empty file gives no rows.

    Raises
    ------
    BadInputError
        A column is missing; a time, number, side or symbol is none; times run backwards.
    """
    raw = read_table(path, FILL_COLUMNS)
    fills = _keyed(raw, path)
    fills["side"] = raw["side"].astype("string").str.strip().str.lower().to_numpy(dtype=object)
    _refuse(~fills["side"].isin(SIDES), raw["side"], "side", path, "write buy or sell")
    for name in ("quantity", "price"):
        fills[name] = numbers(raw[name], name, path)
        _refuse(fills[name] <= 0.0, raw[name], name, path, "write a positive number; the side says the direction")
    fills["fee"] = numbers(raw["fee"], "fee", path)
    _refuse(fills["fee"] < 0.0, raw["fee"], "fee", path, "write what was paid as a number from 0 on")
    decided = raw["decision_price"] if "decision_price" in raw else pd.Series(np.nan, index=raw.index)
    fills["decision_price"] = numbers(decided, "decision_price", path, may_be_empty=True)
    return fills


def read_quotes_file(path: Path) -> pd.DataFrame:
    """Quotes of a file with the columns time, symbol, bid, ask; bid and ask may be equal, never crossed.

    Returns
    -------
    DataFrame
        `time`, `symbol`, `bid`, `ask`, sorted as in the file; NaN where a side is empty.

    Raises
    ------
    BadInputError
        A column is missing; a time, number or symbol is none; times run backwards; a price is not positive; a quote is
        crossed.
    """
    raw = read_table(path, QUOTE_COLUMNS)
    quotes = _keyed(raw, path)
    for name in ("bid", "ask"):
        quotes[name] = numbers(raw[name], name, path, may_be_empty=True)
        _refuse(quotes[name] <= 0.0, raw[name], name, path, "leave a side without a quote empty")
    _refuse(quotes["bid"] > quotes["ask"], quotes["bid"], "bid", path, "it is above the ask; repair or drop the quote")
    return quotes


def read_table(path: Path, wanted: Sequence[str]) -> pd.DataFrame:
    """All columns of a CSV (as text) or Parquet file that has at least the wanted ones.

    Raises
    ------
    BadInputError
        The file is missing or unreadable, or lacks a column.
    """
    import pyarrow as pa

    try:
        raw = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    except (pa.ArrowException, OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInputError(
            f"reading {path}", str(error).splitlines()[0], "pass an intact CSV or Parquet file"
        ) from error
    if missing := [name for name in wanted if name not in raw.columns]:
        saw = f"no column {', '.join(missing)}; there are {', '.join(map(str, raw.columns))}"
        raise BadInputError(f"reading {path}", saw, f"name the columns {', '.join(wanted)}")
    return raw


def numbers(given: pd.Series, name: str, path: Path, may_be_empty: bool = False) -> pd.Series:
    """A column as float64.

    Raises
    ------
    BadInputError
        A value is no finite number, or is missing where it may not be; the message names the row (from 0).
    """
    values = pd.to_numeric(given, errors="coerce").astype("float64")
    wrong = pd.Series(~np.isfinite(values), index=values.index) & (given.notna() | (not may_be_empty))
    _refuse(wrong, given, name, path, "write a number")
    return values


def _keyed(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """`time` and `symbol`."""
    symbol = raw["symbol"].astype("string").str.strip()
    _refuse(symbol.isna() | (symbol == ""), raw["symbol"], "symbol", path, "write the code of the instrument")
    time = _times(raw["time"], path)
    back = pd.Series(np.append(False, np.diff(time.to_numpy()) < np.timedelta64(0)) if len(time) else [], dtype=bool)
    _refuse(back, raw["time"], "time", path, "it is earlier than the row before; sort the file by time")
    return pd.DataFrame({"time": time, "symbol": symbol.to_numpy(dtype=object)})


def _times(given: pd.Series, path: Path) -> pd.DatetimeIndex:
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        time = given
    else:
        text = given.astype("string").where(~given.map(lambda v: isinstance(v, (int, float))))
        time = pd.to_datetime(text, format="ISO8601", errors="coerce")
    _refuse(time.isna(), given, "time", path, "write ISO 8601 times")
    return pd.DatetimeIndex(time).tz_localize(None).as_unit("ns")


def _refuse(wrong: "pd.Series[bool]", given: pd.Series, name: str, path: Path, remedy: str) -> None:
    places = np.flatnonzero(wrong.to_numpy())
    if places.size:
        row = int(places[0])
        more = f" (and {places.size - 1} more)" if places.size > 1 else ""
        raise BadInputError(f"reading {path}", f"{name} of row {row} is {given.iloc[row]!r}{more}", remedy)
