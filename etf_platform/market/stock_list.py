"""The list of all stocks: out of a file, a provider's pages, or nothing but symbols. Bars and states are elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from etf_platform.core.config.arbitrage import StockList
from etf_platform.core.errors import BadInputError, SourceError
from etf_platform.core.tables import STOCK_LIST
from etf_platform.market.codes import classify
from etf_platform.market.stock_bars import is_stock

GROUPS = ("sz_main", "chinext", "sh_main", "star", "bse")
REFUSED = ("symbol", "reason")


@dataclass(frozen=True, eq=False)
class Listed:
    """STOCK_LIST rows sorted by symbol, and what was left out with the reason (columns `REFUSED`)."""

    rows: pd.DataFrame
    refused: pd.DataFrame


def read_stock_list(settings: StockList, root: Path | None, source: str) -> Listed:
    """The list in a CSV below the data root.

    Symbols carry their exchange suffix (`600519.SH`). Rows of anything but a stock of the code table, repeated symbols
    and unreadable dates are refused, each with its reason; an empty date or industry is unknown.

    Raises
    ------
    SourceError
        No data root, or no such file.
    BadInputError
        The file is no CSV, is empty, or lacks a column that `settings.columns` names.
    """
    path = _found(settings.path, root)
    raw = _read(path, settings)
    dates = pd.to_datetime(raw["list_date"].replace("", None), format=settings.date_format, errors="coerce")
    raw["no_date"] = (raw["list_date"] != "") & dates.isna()
    return listed(raw.assign(list_date=dates), source)


def listed(raw: pd.DataFrame, source: str) -> Listed:
    """STOCK_LIST of raw rows with `symbol`, `name`, `industry`, `list_date` (and `no_date`: it could not be read)."""
    reasons = pd.Series("", index=raw.index)
    reasons[raw.get("no_date", reasons != "").astype(bool)] = "the first day of trading cannot be read"
    reasons[raw["symbol"].duplicated(keep=False)] = "stands more than once"
    reasons[~raw["symbol"].map(is_stock).astype(bool)] = "no stock of the code table (B shares are not covered)"
    kept = raw[reasons == ""].copy()
    kept["board"] = [classify(symbol).board for symbol in kept["symbol"]]
    kept["list_date"] = pd.to_datetime(kept["list_date"]).astype("datetime64[ns]")
    rows = kept.assign(source=source)[[c.name for c in STOCK_LIST.columns]]
    refused = raw.assign(reason=reasons).loc[reasons != "", list(REFUSED)]
    return Listed(rows.sort_values("symbol", ignore_index=True), refused.reset_index(drop=True))


def from_quotes(quotes: pd.DataFrame, known: pd.DataFrame | None = None) -> Listed:
    """The list of a provider's pages (QUOTES rows, several pages may repeat a stock).

    Pages give neither industry nor first day: those of `known` (an older STOCK_LIST) stay, else they are unknown.
    """
    rows = quotes.drop_duplicates("symbol", keep="last")[["symbol", "name", "source"]]
    older = (known if known is not None else listed_symbols((), "").rows).set_index("symbol")
    found = older.reindex(rows["symbol"])
    raw = rows.assign(industry=found["industry"].fillna("").to_numpy(), list_date=found["list_date"].to_numpy())
    return listed(raw, str(rows["source"].iloc[0]) if len(rows) else "")


def listed_symbols(symbols: Iterable[str], source: str) -> Listed:
    """A list of which nothing but the symbols is known; names are empty."""
    raw = pd.DataFrame({"symbol": pd.Series(sorted(symbols), dtype="str"), "name": "", "industry": ""})
    return listed(raw.astype("str").assign(list_date=pd.Series(pd.NaT, index=raw.index)), source)


def _found(relative: str, root: Path | None) -> Path:
    doing = "looking for the list of stocks"
    if root is None and not Path(relative).is_absolute():
        raise SourceError(doing, "no data folder is given", "pass --data DIR or set ETF_PLATFORM_DATA")
    path = (root or Path()) / relative
    if not path.is_file():
        raise SourceError(doing, f"there is no file {path}", "correct `recorded.stock_list.path` in arbitrage.yaml")
    return path


def _read(path: Path, settings: StockList) -> pd.DataFrame:
    remedy = "correct the file, or `recorded.stock_list` in arbitrage.yaml"
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInputError(f"reading {path}", str(error).splitlines()[0], remedy) from error
    if absent := sorted(set(settings.columns.values()) - set(raw.columns)):
        raise BadInputError(f"reading {path}", f"no column {', '.join(absent)}", remedy)
    if raw.empty or "symbol" not in settings.columns:
        raise BadInputError(f"reading {path}", "no row" if raw.empty else "no column is mapped to `symbol`", remedy)
    rows = pd.DataFrame({ours: raw[theirs].str.strip() for ours, theirs in settings.columns.items()})
    return rows.assign(**{name: "" for name in ("name", "industry", "list_date") if name not in rows})
