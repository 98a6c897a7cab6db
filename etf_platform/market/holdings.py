"""Files of fund and index weights -> FUND_HOLDINGS: what a report says, as of when, and from when it may be used.

Which report was known on a day is `arbitrage.holdings`. A row that cannot be used is named with its reason, never
dropped silently; what makes a whole file unusable is an error. No network, nothing is stored.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from etf_platform.core.config.arbitrage import HoldingsFile
from etf_platform.core.errors import BadInputError, SourceError
from etf_platform.core.tables import FUND_HOLDINGS
from etf_platform.market.calendar import Sessions
from etf_platform.market.codes import lookup
from etf_platform.market.instruments import suffixed
from etf_platform.market.stock_bars import is_stock
from etf_platform.market.weight_files import CSV_COLUMNS, read_csv_weights, read_json_weights, read_sheet_weights

# Published weights are rounded; more than this is no rounding.
MOST_WEIGHT = 1.05
# A list whose weights reach this is the whole fund, whatever the number of its stocks.
FULL_WEIGHT = 0.80
TOP = 10
REFUSED = ("fund", "stock", "reason")

Reader = Callable[[bytes, HoldingsFile, str], pd.DataFrame]
READERS: dict[str, Reader] = {
    "weights_json": read_json_weights,
    "csi_xls": read_sheet_weights,
    "csv": read_csv_weights,
}


def nothing_refused() -> pd.DataFrame:
    """No rows with the columns `REFUSED`."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in REFUSED})


@dataclass(frozen=True, eq=False)
class Holdings:
    """FUND_HOLDINGS rows, and what was left out: one row of `REFUSED` each, `stock` empty for a whole fund."""

    rows: pd.DataFrame = field(default_factory=FUND_HOLDINGS.no_rows)
    refused: pd.DataFrame = field(default_factory=nothing_refused)


def read_holdings(file: HoldingsFile, root: Path | None, sessions: Sessions) -> Holdings:
    """The holdings in one configured file.

    Parameters
    ----------
    file : HoldingsFile
        `arbitrage.yaml`, `recorded.holdings`.
    root : Path or None
        Data root below which `file.path` stands, unless that is absolute.
    sessions : Sessions
        Tells the first session after `as_of`, from which on a file without `published_at` may be used.

    Raises
    ------
    SourceError
        No data root, or no such file.
    BadInputError
        The file cannot be read, is of another format, holds no weights, or dates contradict each other.
    """
    doing = "looking for a file of holdings"
    if root is None and not Path(file.path).is_absolute():
        raise SourceError(doing, "no data folder is given", "pass --data DIR or set ETF_PLATFORM_DATA")
    path = (root or Path()) / file.path
    if not path.is_file():
        raise SourceError(doing, f"there is no file {path}", "correct `recorded.holdings` in arbitrage.yaml")
    stamp = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return parse_holdings(path.read_bytes(), file, path.name, stamp, sessions)


def parse_holdings(body: bytes, file: HoldingsFile, name: str, stamp: datetime, sessions: Sessions) -> Holdings:
    """As `read_holdings`, of the bytes of a file: an upload is judged by this before it is kept.

    Weights are fractions. Rows are ranked by weight, the largest first; ties go to the smaller code. A list of more
    than ten stocks, or with 80 % of the fund, is `full`, any other `top10`. Refused are codes that are no stocks, funds
    of `refused_funds`, stocks that stand twice in one report, and reports whose weights sum to more than 1.05.
    """
    raw = READERS[file.format](body, file, name)
    if raw.empty:
        raise BadInputError(f"reading {name}", "no row with a weight", "put one row per fund and stock into the file")
    named, refused = _named(raw, file)
    dated = _dated(named, file, name, sessions)
    kept, heavy = _weighed(dated)
    rows = _complete(kept).assign(
        source=f"file:{name}",
        fetched_at=pd.Timestamp(stamp).as_unit("us"),
        payload_hash=hashlib.sha256(body).hexdigest(),
    )
    ordered = rows[[c.name for c in FUND_HOLDINGS.columns]].sort_values(list(FUND_HOLDINGS.key), ignore_index=True)
    return Holdings(ordered, pd.concat([refused, heavy], ignore_index=True))


def upload(path: Path, sessions: Sessions) -> Holdings:
    """A file that somebody has put into the folder of uploads, with `CSV_COLUMNS`; as `read_holdings`."""
    return read_holdings(HoldingsFile(path=str(path), format="csv"), None, sessions)


def together(parts: Iterable[Holdings]) -> Holdings:
    """The holdings of several files; of one stock in one report the later file's row counts, the earlier is refused."""
    found = [part for part in parts if len(part.rows) or len(part.refused)]
    if not found:
        return Holdings()
    rows = pd.concat([part.rows for part in found if len(part.rows)] or [FUND_HOLDINGS.no_rows()], ignore_index=True)
    report = ["as_of", "symbol"]
    last = rows.groupby(report)["source"].transform("last")
    over = rows.loc[rows["source"] != last, ["symbol", "source"]].drop_duplicates()
    again = pd.DataFrame({"fund": over["symbol"], "stock": "", "reason": "replaced by a later file: " + over["source"]})
    refused = pd.concat([part.refused for part in found] + [again.astype("str")], ignore_index=True)
    kept = rows[rows["source"] == last].sort_values(list(FUND_HOLDINGS.key), ignore_index=True)
    return Holdings(kept, refused)


def merged(fresh: pd.DataFrame, stored: pd.DataFrame | None) -> pd.DataFrame:
    """FUND_HOLDINGS with fresh reports in place of stored ones of the same fund and period; no other report is lost.

    A report keeps the earliest `published_at` under which it was ever stored with the same completeness: having asked
    for it again later does not make it public later.
    """
    if stored is None or stored.empty:
        return fresh.sort_values(list(FUND_HOLDINGS.key), ignore_index=True)
    report = ["symbol", "as_of", "completeness"]
    first = stored.groupby(report)["published_at"].min().rename("earlier").reset_index()
    rows = fresh.merge(first, on=report, how="left")
    rows["published_at"] = rows[["published_at", "earlier"]].min(axis=1)
    known = set(zip(fresh["symbol"], fresh["as_of"], strict=True))
    is_kept = [pair not in known for pair in zip(stored["symbol"], stored["as_of"], strict=True)]
    both = pd.concat([stored[is_kept], rows[list(stored.columns)]], ignore_index=True)
    return both.sort_values(list(FUND_HOLDINGS.key), ignore_index=True)


def house_fund(code: str) -> str | None:
    """House symbol of a fund's code, bare or with suffix; None where it is no fund."""
    return _house(code, lambda symbol: (found := lookup(symbol)) is not None and found.kind in ("fund", "lof"))


def house_stock(code: str) -> str | None:
    """House symbol of a stock's code, bare (leading zeros may be lost) or with suffix; None where it is no stock."""
    return _house(code.zfill(6) if code.isdigit() else code, is_stock)


def _house(code: str, is_right: Callable[[str], bool]) -> str | None:
    is_bare = len(code) == 6 and code.isascii() and code.isdigit()
    symbol = suffixed(code) if is_bare else code.upper()
    return symbol if is_right(symbol) else None


def _named(raw: pd.DataFrame, file: HoldingsFile) -> tuple[pd.DataFrame, pd.DataFrame]:
    funds = raw["fund"].map({code: house_fund(code) for code in raw["fund"].unique()})
    stocks = raw["stock"].map({code: house_stock(code) for code in raw["stock"].unique()})
    rows = raw.assign(symbol=funds.astype("str"), stock=stocks.where(stocks.notna(), raw["stock"]).astype("str"))
    reason = pd.Series("", index=raw.index, dtype="str")
    is_whole = pd.Series(False, index=raw.index)
    for found, words, whole in (
        (
            rows.assign(k=funds.fillna(raw["fund"])).duplicated(["k", "as_of", "stock"], keep=False),
            "stands twice",
            False,
        ),
        (stocks.isna(), "no stock of the code table", False),
        (funds.isna(), "no fund of the code table", True),
        (funds.isin(file.refused_funds), "refused by the configuration: the weights are those of another index", True),
    ):
        reason[found], is_whole[found] = words, whole
    left = rows.assign(reason=reason, fund=funds.fillna(raw["fund"]), stock=rows["stock"].where(~is_whole, ""))
    left = left[reason != ""]
    return rows[reason == ""], left[list(REFUSED)].drop_duplicates().astype("str").reset_index(drop=True)


def _dated(rows: pd.DataFrame, file: HoldingsFile, name: str, sessions: Sessions) -> pd.DataFrame:
    doing = f"reading {name}"
    told = rows["as_of"].fillna(_day(file.as_of, doing, "as_of"))
    if told.isna().any():
        raise BadInputError(doing, "the file does not say as of when its weights are", "give `as_of` (YYYY-MM-DD)")
    if file.as_of and (told != pd.Timestamp(file.as_of)).any():
        other = told[told != pd.Timestamp(file.as_of)].iloc[0]
        raise BadInputError(doing, f"the file is as of {other.date()}, not of {file.as_of}", "correct `as_of`")
    published = rows["published_at"].fillna(_day(file.published_at, doing, "published_at"))
    after = pd.to_datetime(told.map({day: sessions.next(day) for day in told.unique()}))
    if (early := published < told).any():
        saw = f"published on {published[early].iloc[0].date()}, as of {told[early].iloc[0].date()}"
        raise BadInputError(doing, saw, "a report cannot be published before the end of its period: correct the dates")
    dates = {"as_of": told, "published_at": published.where(published.notna(), after)}
    return rows.assign(
        **{k: v.astype("datetime64[ns]") for k, v in dates.items()}, published_estimated=published.isna()
    )


def _day(text: str | None, doing: str, what: str) -> pd.Timestamp:
    if text is None:
        return pd.NaT  # type: ignore[return-value]
    try:
        return pd.to_datetime(text, format="%Y-%m-%d")
    except ValueError as error:
        raise BadInputError(doing, f"{what} is {text!r}", "write it as YYYY-MM-DD") from error


def _weighed(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    total = rows.groupby(["symbol", "as_of"])["weight"].transform("sum")
    summed = rows.assign(weight_sum=total)
    heavy = summed[total > MOST_WEIGHT].drop_duplicates(["symbol", "as_of"])
    reasons = [
        f"the weights of {as_of.date()} sum to {total:.4f}, at most {MOST_WEIGHT:g} is possible"
        for as_of, total in zip(heavy["as_of"], heavy["weight_sum"], strict=True)
    ]
    refused = pd.DataFrame({"fund": heavy["symbol"], "stock": "", "reason": reasons}).astype("str")
    return summed[total <= MOST_WEIGHT], refused


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    report = ["symbol", "as_of"]
    ordered = rows.sort_values([*report, "weight", "stock"], ascending=[True, True, False, True], ignore_index=True)
    size = ordered.groupby(report)["stock"].transform("size")
    is_full = (size > TOP) | (ordered["weight_sum"] >= FULL_WEIGHT)
    judged = pd.Series(np.where(is_full, "full", "top10"), index=ordered.index, dtype="str")
    return ordered.assign(
        rank=ordered.groupby(report).cumcount().astype("int64") + 1,
        completeness=ordered["completeness"].where(ordered["completeness"] != "", judged),
        from_issuer=False,
    )


__all__ = [
    "CSV_COLUMNS",
    "Holdings",
    "house_fund",
    "house_stock",
    "merged",
    "parse_holdings",
    "read_holdings",
    "together",
    "upload",
]
