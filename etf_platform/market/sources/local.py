"""A folder of Parquet or CSV files as a source: finds files, reads only what is needed, converts units.

Text that is no number is handed on as it stands, for `market.validate` to refuse with a reason. No network, no
judgement, and never an answer from anywhere but the files.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from etf_platform.core.config.models import LocalSource
from etf_platform.core.errors import BadInputError, SourceError
from etf_platform.market.calendar import DateLike, day
from etf_platform.market.instruments import suffixed
from etf_platform.market.sources import ROW_COLUMNS

SUFFIXES = (".parquet", ".csv")
SHARES_PER = {"shares": 1, "lots": 100}
NO_VOLUME = "none"
YUAN_PER = {"yuan": 1, "thousand_yuan": 1000}
PRICES = ("open", "high", "low", "close", "prev_close")
# pct_chg is rounded to 0.01 percentage points.
PCT_ROUNDING = 0.6e-4
# Dates stand in the exchange's time zone, the clock in this machine's.
A_DAY = pd.Timedelta(days=1)
Days: TypeAlias = tuple[pd.Timestamp, pd.Timestamp]


def read_local(
    source: LocalSource, name: str, root: Path | None, symbols: Sequence[str], end: DateLike
) -> pd.DataFrame:
    """Rows of some symbols from the first one in the files up to `end`.

    Parameters
    ----------
    source : LocalSource
        Where the files are and how to read them.
    name : str
        Name of the source; rows carry `local:<name>`.
    root : Path or None
        Data root below which `source.path` stands, unless that is absolute.
    symbols : sequence of str
        With suffix. A symbol without rows is no error: it has no rows in the answer.
    end : date-like
        Last date wanted.

    Returns
    -------
    DataFrame
        `ROW_COLUMNS`, sorted by symbol and date; volume in shares, amount and prices in the symbol's currency.
        `prev_close` comes from the file, else the close of the row before (which `pct_chg`, when it disagrees,
        overrules), else null; a date with two different closes is nobody's row before.
        `adj_factor` comes from the file; else, where the file has the exchange's ex-rights `prev_close`, it is the
        running product of close before / prev_close; else 1. `fetched_at` is the file's modification time.

    Raises
    ------
    SourceError
        No data root, no folder, or no file.
    BadInputError
        A file cannot be read, lacks a column, or holds a date that is none or in the future; the message names it.
    """
    rows = _all_rows(source, name, root, symbols, None, end)
    rows["prev_close"] = _previous_close(rows)
    rows["adj_factor"] = _adj_factor(rows, source)
    return rows[list(ROW_COLUMNS)]


def read_days(source: LocalSource, name: str, root: Path | None, start: DateLike, end: DateLike) -> pd.DataFrame:
    """Rows of [start, end] of every symbol in the files, as they stand there; errors as `read_local`.

    Only what is dated in the range is read from Parquet files whose dates are dates. What depends on the rows before is
    left to the caller: `prev_close` is null and `adj_factor` 1 where the file has none.
    """
    rows = _all_rows(source, name, root, None, start, end)
    if "adj_factor" not in source.columns:
        rows["adj_factor"] = 1.0
    return rows[list(ROW_COLUMNS)]


def _all_rows(
    source: LocalSource,
    name: str,
    root: Path | None,
    symbols: Sequence[str] | None,
    start: DateLike | None,
    end: DateLike,
) -> pd.DataFrame:
    days = None if start is None else (day(start), day(end))
    frames = [_read(path, source, own, days) for path, own in _files(source, name, root, symbols)]
    rows = pd.concat(frames, ignore_index=True).sort_values(["symbol", "date"], kind="stable", ignore_index=True)
    wanted = rows["date"] <= day(end)
    if start is not None:
        wanted &= rows["date"] >= day(start)
    rows = rows[wanted].reset_index(drop=True)
    rows["source"] = f"local:{name}"
    return rows


def _files(
    source: LocalSource, name: str, root: Path | None, symbols: Sequence[str] | None
) -> list[tuple[Path, list[str] | None]]:
    doing = f"looking for the files of source {name}"
    if root is None and not Path(source.path).is_absolute():
        raise SourceError(doing, "no data folder is given", "pass --data DIR or set ETF_PLATFORM_DATA")
    root = root or Path()
    if not root.is_dir():
        raise SourceError(doing, f"there is no folder {root}", "pass the folder that holds the data as --data DIR")
    found: list[tuple[Path, list[str] | None]]
    if symbols is None:
        found = [(path, None) for path in _matches(root, _path_of(source, "*"))]
    elif "{symbol}" in source.path or "{ticker}" in source.path:
        found = [(path, [s]) for s in symbols for path in _matches(root, _path_of(source, s))]
    else:
        found = [(path, list(symbols)) for path in _matches(root, source.path)]
    if not found:
        remedy = "put .parquet or .csv files there, or correct `path` in sources.yaml"
        sought = _path_of(source, symbols[0]) if symbols is not None and len(symbols) == 1 else source.path
        raise SourceError(doing, f"no file matches {root / sought}", remedy)
    return found


def _path_of(source: LocalSource, symbol: str) -> str:
    return source.path.replace("{symbol}", symbol).replace("{ticker}", symbol.lstrip("^").rsplit(".", 1)[0])


def _matches(root: Path, pattern: str) -> list[Path]:
    path = root / pattern / "*" if (root / pattern).is_dir() else root / pattern
    start = Path(path.anchor)
    return sorted(p for p in start.glob(str(path.relative_to(start))) if p.suffix in SUFFIXES and p.is_file())


def _read(path: Path, source: LocalSource, symbols: Sequence[str] | None, days: Days | None = None) -> pd.DataFrame:
    codes = {_code(s, source): s for s in symbols or () if _code(s, source)}
    raw = _read_file(path, source, None if symbols is None else list(codes), days)
    rows = pd.DataFrame(index=raw.index)
    if symbols is None:
        rows["symbol"] = _symbols(raw, path, source)
    elif "symbol" in raw:
        rows["symbol"] = raw["symbol"].map(codes)
    else:
        rows["symbol"] = symbols[0]
    rows["date"] = _dates(raw["date"], path, source.date_format)
    cents = 100 if source.price_unit == "cents" else 1
    for column in PRICES:
        rows[column] = _converted(raw, column, lambda x: x / cents)
    if source.volume_unit == NO_VOLUME:
        rows["volume"] = 0.0
    else:
        rows["volume"] = _converted(raw, "volume", lambda x: x * SHARES_PER[source.volume_unit])
    rows["amount"] = _converted(raw, "amount", lambda x: x * YUAN_PER[source.amount_unit])
    for column in ("adj_factor", "pct_chg"):
        rows[column] = _converted(raw, column, lambda x: x)
    stamp = pd.Timestamp(path.stat().st_mtime_ns // 1000, unit="us", tz="UTC")
    rows["fetched_at"] = pd.Series(stamp, index=rows.index, dtype="datetime64[us, UTC]")
    return rows


def _symbols(raw: pd.DataFrame, path: Path, source: LocalSource) -> pd.Series:
    if "symbol" not in raw:
        saw = "no column says which symbol a row is of"
        raise BadInputError(f"reading {path}", saw, "map `symbol` under `columns` of the source in sources.yaml")
    if source.symbol_format == "suffixed":
        return raw["symbol"]
    is_index = source.symbol_format == "bare_index"
    return raw["symbol"].map({code: suffixed(code, is_index) for code in raw["symbol"].unique()})


def _code(symbol: str, source: LocalSource) -> str:
    if source.symbol_format == "suffixed":
        return symbol
    code = symbol.split(".")[0]
    return code if suffixed(code, source.symbol_format == "bare_index") == symbol else ""


def _read_file(path: Path, source: LocalSource, codes: list[str] | None, days: Days | None = None) -> pd.DataFrame:
    import pyarrow as pa

    names = {theirs: ours for ours, theirs in source.columns.items()}
    try:
        if path.suffix == ".parquet":
            raw = _read_parquet(path, list(names), source, codes, days)
        else:
            raw = _read_csv(path, list(names))
    except (pa.ArrowException, OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        first_line = str(error).splitlines()[0]
        raise BadInputError(f"reading {path}", first_line, "replace the file by an intact one") from error
    raw = raw.rename(columns=names)
    if "symbol" in raw:
        raw["symbol"] = raw["symbol"].astype(str).str.strip()
        if source.symbol_format != "suffixed":
            raw["symbol"] = raw["symbol"].str.zfill(6)
        if codes is not None:
            raw = raw[raw["symbol"].isin(codes)].reset_index(drop=True)
    return raw


def _read_parquet(
    path: Path, columns: list[str], source: LocalSource, codes: list[str] | None, days: Days | None
) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    _require(path, columns, schema.names)
    symbol, date = source.columns.get("symbol"), source.columns["date"]
    filters: list[tuple[str, str, object]] = []
    if codes and symbol is not None and not pa.types.is_integer(schema.field(symbol).type):
        filters.append((symbol, "in", codes))
    if days is not None and pa.types.is_date(schema.field(date).type):
        filters += [(date, ">=", days[0].date()), (date, "<=", days[1].date())]
    return pq.read_table(path, columns=columns, filters=filters or None).to_pandas()


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    _require(path, columns, pd.read_csv(path, nrows=0).columns)
    return pd.read_csv(path, usecols=columns, dtype=str)


def _require(path: Path, wanted: Iterable[str], present: Iterable[str]) -> None:
    there = list(present)
    if missing := [c for c in wanted if c not in there]:
        saw = f"no column {', '.join(missing)}; there are {', '.join(there)}"
        raise BadInputError(f"reading {path}", saw, "correct `columns` of the source in sources.yaml")


def _dates(given: pd.Series, path: Path, date_format: str | None) -> pd.Series:
    try:
        if pd.api.types.is_datetime64_any_dtype(given.dtype):
            parsed = given
        else:
            text = given.astype(str).str.strip()
            compact = text.str.fullmatch(r"\d{8}").all()
            parsed = pd.to_datetime(text, format=date_format or ("%Y%m%d" if compact else "ISO8601"))
        if parsed.isna().any():
            raise ValueError(f"row {int(np.flatnonzero(parsed.isna())[0])} has no date")
        if len(parsed) and (last := parsed.max().tz_localize(None)) > pd.Timestamp.now() + A_DAY:
            raise ValueError(f"{last.date()} lies in the future")
    except ValueError as error:
        remedy = "correct the file, or `date_format` of the source in sources.yaml"
        raise BadInputError(f"reading the dates of {path}", str(error).splitlines()[0], remedy) from error
    return parsed.dt.tz_localize(None).dt.normalize().astype("datetime64[ns]")


def _converted(raw: pd.DataFrame, column: str, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    if column not in raw:
        return pd.Series(np.nan, index=raw.index)
    given = raw[column]
    if pd.api.types.is_numeric_dtype(given.dtype):
        return convert(given.astype("float64"))
    number = convert(pd.to_numeric(given, errors="coerce").astype("float64"))
    no_number = number.isna() & given.notna()
    return number.astype(object).where(~no_number, given.astype(object)) if no_number.any() else number


def _previous_close(rows: pd.DataFrame) -> pd.Series:
    if rows["prev_close"].notna().any():
        return rows["prev_close"]
    close = pd.to_numeric(rows["close"], errors="coerce")
    usable = rows.assign(close=close)[close > 0].drop_duplicates(["symbol", "date", "close"])
    usable = usable[~usable.duplicated(["symbol", "date"], keep=False)]
    before = usable.groupby("symbol")["close"].shift()
    keyed = pd.Series(before.to_numpy(), index=pd.MultiIndex.from_frame(usable[["symbol", "date"]]))
    known = pd.Series(keyed.reindex(pd.MultiIndex.from_frame(rows[["symbol", "date"]])).to_numpy(), index=rows.index)
    change = pd.to_numeric(rows["pct_chg"], errors="coerce") / 100.0
    agrees = ((close / known - 1.0 - change).abs() <= PCT_ROUNDING) | change.isna() | (change <= -1.0)
    return known.where(agrees, (close / (1.0 + change)).round(3))


def _adj_factor(rows: pd.DataFrame, source: LocalSource) -> pd.Series:
    if "adj_factor" in source.columns:
        return rows["adj_factor"]
    if "prev_close" not in source.columns:
        return pd.Series(1.0, index=rows.index)
    close, reference = (pd.to_numeric(rows[c], errors="coerce") for c in ("close", "prev_close"))
    step = close.groupby(rows["symbol"]).shift() / reference
    return step.where((step > 0) & np.isfinite(step), 1.0).groupby(rows["symbol"]).cumprod()
