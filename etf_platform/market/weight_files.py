"""The three layouts of files of weights: bytes in, one raw row per fund and stock out. Judging is `market.holdings`."""

import io
import json
import zipfile
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.config.arbitrage import HoldingsFile
from etf_platform.core.errors import BadInputError

RAW_COLUMNS = ("fund", "stock", "stock_name", "weight", "shares", "value", "as_of", "published_at", "completeness")
# An uploaded file: the first three are needed (`as_of` too, unless the configuration gives it); others may be absent.
CSV_COLUMNS = ("fund", "stock", "weight", "as_of", "published_at", "stock_name", "shares", "value", "completeness")
NEEDED = ("fund", "stock", "weight")
# Our name: the words that a heading of the official sheet holds, in either language.
SHEET_COLUMNS = {
    "as_of": ("日期", "date"),
    "stock": ("成份券代码", "constituent code"),
    "stock_name": ("成份券名称", "constituent name"),
    "weight": ("权重", "weight"),
}
COMPLETENESS = ("", "top10", "full")


def read_json_weights(body: bytes, file: HoldingsFile, name: str) -> pd.DataFrame:
    """Raw rows of {fund: {stock: weight}}; raises BadInputError where it is anything else."""
    doing, remedy = f"reading {name}", "replace the file by an intact one: {fund: {stock: weight as a fraction}}"
    try:
        whole = json.loads(body.decode("utf-8"), object_pairs_hook=_distinct)
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError) as error:
        raise BadInputError(doing, f"no JSON: {error}", remedy) from error
    if not isinstance(whole, dict) or not all(isinstance(stocks, dict) for stocks in whole.values()):
        raise BadInputError(doing, "no object of objects", remedy)
    rows = [(fund, stock, weight) for fund, stocks in whole.items() for stock, weight in stocks.items()]
    for fund, stock, weight in rows:
        _require_fraction(weight, f"the weight of {stock} in {fund}", doing)
    return _raw(pd.DataFrame(rows, columns=["fund", "stock", "weight"]))


def read_sheet_weights(body: bytes, file: HoldingsFile, name: str) -> pd.DataFrame:
    """Raw rows of the official close-weight sheet of an index, once for each of `file.funds`; its weights are percent.

    Raises
    ------
    BadInputError
        No spreadsheet, another sheet, no funds configured, or a weight that is none.
    """
    doing, remedy = f"reading {name}", "take the close-weight sheet of the index from its provider"
    sheet = _sheet(body, doing, remedy)
    if not file.funds:
        raise BadInputError(doing, "nobody says which funds follow the index", "list them under `funds`")
    sheet["as_of"] = pd.to_datetime(sheet["as_of"].astype(str).str.strip(), format="%Y%m%d", errors="coerce")
    if sheet["as_of"].nunique(dropna=False) != 1 or sheet["as_of"].isna().any():
        raise BadInputError(doing, "the rows are not all of one date (YYYYMMDD)", remedy)
    for code, weight in zip(sheet["stock"], sheet["weight"], strict=True):
        found = _number(weight)
        if not 0.0 <= found <= 100.0:
            raise BadInputError(doing, f"the weight of {code} is {str(weight)[:40]!r}, percent were expected", remedy)
    sheet["weight"] = sheet["weight"].astype("float64") / 100.0
    return _raw(pd.concat([sheet.assign(fund=fund) for fund in file.funds], ignore_index=True))


def read_csv_weights(body: bytes, file: HoldingsFile, name: str) -> pd.DataFrame:
    """Raw rows of a CSV with the columns `CSV_COLUMNS`, UTF-8, weights as fractions, dates YYYY-MM-DD.

    Raises
    ------
    BadInputError
        No CSV, no rows, columns missing or unknown, text where a number or a date belongs, a weight beyond [0, 1]
        (percent); the message names row and column.
    """
    doing = f"reading {name}"
    raw = _csv(body, doing)
    for name_of, least in (("weight", True), ("shares", False), ("value", False)):
        raw[name_of] = [_cell(text, name_of, row, least, doing) for row, text in enumerate(raw[name_of], 2)]
    for row, weight in enumerate(raw["weight"], 2):
        _require_fraction(weight, f"row {row}: the weight", doing)
    for name_of in ("as_of", "published_at"):
        raw[name_of] = _days(raw[name_of], name_of, doing)
    if wrong := sorted(set(raw["completeness"]) - set(COMPLETENESS)):
        raise BadInputError(doing, f"completeness {wrong[0][:40]!r}", "write top10 or full, or leave it empty")
    for name_of in ("fund", "stock"):
        if (blank := raw.index[raw[name_of] == ""]).size:
            raise BadInputError(doing, f"row {blank[0] + 2}: no {name_of}", "fill in the code, or delete the row")
    return _raw(raw)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise KeyError("a code stands twice in one object")
    return found


def _raw(rows: pd.DataFrame) -> pd.DataFrame:
    blank: dict[str, Any] = {"stock_name": "", "completeness": "", "shares": np.nan, "value": np.nan}
    blank |= {"as_of": pd.NaT, "published_at": pd.NaT}
    full = rows.assign(**{name: value for name, value in blank.items() if name not in rows})
    texts = dict.fromkeys(("fund", "stock", "stock_name", "completeness"), "str")
    numbers = dict.fromkeys(("weight", "shares", "value"), "float64")
    dates = dict.fromkeys(("as_of", "published_at"), "datetime64[ns]")
    return full[list(RAW_COLUMNS)].astype(texts | numbers | dates)


def _number(value: object) -> float:
    try:
        return float(str(value).strip())
    except ValueError:
        return float("nan")


def _require_fraction(weight: object, what: str, doing: str) -> None:
    is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not is_number or not 0.0 <= float(weight) <= 1.0:  # type: ignore[arg-type]
        hint = " (percent?)" if is_number and float(weight) > 1.0 else ""  # type: ignore[arg-type]
        saw = f"{what} is {str(weight)[:40]!r}{hint}"
        raise BadInputError(doing, saw, "write weights as fractions: 0.0624 for 6.24 %")


def _sheet(body: bytes, doing: str, remedy: str) -> pd.DataFrame:
    from python_calamine import CalamineError

    try:
        sheet = pd.read_excel(io.BytesIO(body), engine="calamine", dtype=str)
    except (CalamineError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise BadInputError(doing, f"no spreadsheet: {error}", remedy) from error
    headings = {str(column): str(column).replace("\n", " ").lower() for column in sheet.columns}
    found: dict[str, str] = {}
    for ours, words in SHEET_COLUMNS.items():
        hits = [c for c, text in headings.items() if any(w in text for w in words) and "(eng)" not in text]
        if len(hits) != 1:
            raise BadInputError(doing, f"no single column {words[0]} ({words[1]})", remedy)
        found[hits[0]] = ours
    return sheet[list(found)].rename(columns=found)


def _csv(body: bytes, doing: str) -> pd.DataFrame:
    remedy = f"write UTF-8 CSV with the columns {', '.join(CSV_COLUMNS)} (the first three are needed)"
    try:
        raw = pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInputError(doing, str(error).splitlines()[0], remedy) from error
    raw.columns = raw.columns.astype(str).str.strip()
    if absent := [name for name in NEEDED if name not in raw]:
        raise BadInputError(doing, f"no column {', '.join(absent)}", remedy)
    if unknown := [str(name) for name in raw if name not in CSV_COLUMNS]:
        raise BadInputError(doing, f"unknown column {', '.join(unknown)[:80]}", remedy)
    raw = raw.apply(lambda column: column.str.strip())
    return raw.assign(**{name: "" for name in CSV_COLUMNS if name not in raw})


def _cell(text: str, name: str, row: int, is_needed: bool, doing: str) -> float:
    found = _number(text)
    if np.isfinite(found) or (text == "" and not is_needed):
        return found
    raise BadInputError(doing, f"row {row}: {name} is {text[:40]!r}", "write a plain number, without % or commas")


def _days(texts: pd.Series, name: str, doing: str) -> pd.Series:
    days = pd.to_datetime(texts.replace("", None), format="%Y-%m-%d", errors="coerce")
    if (wrong := days.isna() & (texts != "")).any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadInputError(doing, f"row {row + 2}: {name} is {texts.iloc[row][:40]!r}", "write it as YYYY-MM-DD")
    return days
