"""Fills as they happened, from a file of the broker, as rows of `PAPER_FILLS`.

A CSV with a header, UTF-8 (with or without BOM): `date, symbol, order_id, decision_date, side, ordered, shares, price,
cost, status`; `status` may be left out and is then told by the shares. Imported fills take the place of the modelled
ones of their days, before the day is recorded. Not here: whether the account can book them (`account`), storing.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import PAPER_FILLS
from etf_platform.paper.terms import FILLED, MODELLED, NO_TRADE, SIDES, STATUS

NEEDED = ("date", "symbol", "order_id", "decision_date", "side", "ordered", "shares", "price", "cost")
_SYMBOL = re.compile(r"[0-9]{6}\.(SH|SZ|BJ)|[A-Z.]{1,8}\.US")


class FillImportError(BadInputError):
    """A file of fills cannot be taken: nothing of it is stored."""


def fills_of(data: bytes, origin: str) -> pd.DataFrame:
    """Rows of `PAPER_FILLS` from a CSV file.

    Parameters
    ----------
    data : bytes
        The file.
    origin : str
        Its name, kept with every row; not `modelled`.

    Returns
    -------
    DataFrame
        Sorted by date and order id; prices in CNY, not filled is NaN.

    Raises
    ------
    FillImportError
        Not UTF-8, no header, a missing or unknown column, no rows, or a value that is not what its column says; the
        sentence names the line.
    """
    if not origin or origin == MODELLED:
        raise FillImportError("importing fills", f"the origin is {origin!r}", "name the file they are from")
    doing = f"importing fills of {origin}"
    lines = _lines(data, doing)
    rows = [_row(line, f"{doing}, line {number}", origin) for number, line in enumerate(lines, start=2)]
    frame = pd.DataFrame(rows)[[c.name for c in PAPER_FILLS.columns]]
    twice = frame[frame.duplicated(["date", "order_id"])]
    if len(twice):
        raise FillImportError(doing, f"order {twice['order_id'].iloc[0]} stands twice", "give one row per order")
    return frame.sort_values(["date", "order_id"], ignore_index=True)


def _lines(data: bytes, doing: str) -> list[dict[str, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FillImportError(doing, "the file is not UTF-8", "save it as UTF-8") from error
    reader = csv.DictReader(io.StringIO(text))
    names = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in (*NEEDED, "status")]
    if missing or unknown or len(names) != len(set(names)):
        saw = f"missing columns {missing or 'none'}, unknown or repeated {unknown or 'none'}"
        raise FillImportError(doing, saw, f"the header is {','.join(NEEDED)} and, if wanted, status")
    reader.fieldnames = names
    lines = list(reader)
    if not lines:
        raise FillImportError(doing, "there is no row", "pass a file with fills")
    return lines


def _row(line: Mapping[str, str | None], doing: str, origin: str) -> dict[str, Any]:
    if None in line or any(value is None for value in line.values()):
        raise FillImportError(doing, "it has more or fewer fields than the header", "fill in every column")
    read: dict[str, Any] = {name: _READ[name](str(line[name]).strip(), name, doing) for name in NEEDED}
    read["status"] = str(line.get("status") or (FILLED if read["shares"] > 0.0 else NO_TRADE)).strip()
    fault = _fault(read)
    if fault:
        raise FillImportError(doing, fault, "correct the line")
    return read | {
        "value": read["shares"] * read["price"] if read["shares"] > 0.0 else 0.0,
        "origin": origin,
        "source": f"import:{origin}",
    }


def _fault(row: Mapping[str, Any]) -> str:
    """What contradicts itself in a row; empty when nothing does."""
    is_filled = row["shares"] > 0.0
    checks = (
        (row["side"] not in SIDES, f"side {row['side']!r} is neither buy nor sell"),
        (row["status"] not in STATUS, f"status {row['status']!r} is none of {', '.join(STATUS)}"),
        (_SYMBOL.fullmatch(row["symbol"]) is None, f"{row['symbol']!r} is no symbol with exchange suffix"),
        (not row["order_id"], "the order has no id"),
        (row["decision_date"] >= row["date"], "the decision is not older than the fill"),
        (row["shares"] > row["ordered"], f"{row['shares']:g} filled of {row['ordered']:g} ordered"),
        (is_filled and not row["price"] > 0.0, "it is filled without a price above 0"),
        (is_filled != (row["status"] == FILLED), f"status {row['status']} with {row['shares']:g} shares"),
        (not is_filled and row["cost"] > 0.0, "it costs something and filled nothing"),
    )
    return next((text for is_wrong, text in checks if is_wrong), "")


def _text(value: str, name: str, doing: str) -> str:
    return value


def _day(value: str, name: str, doing: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(date.fromisoformat(value))
    except ValueError as error:
        raise FillImportError(doing, f"{name} {value!r} is no ISO date", "write it as 2024-10-31") from error


def _number(value: str, name: str, doing: str) -> float:
    try:
        number = float(value) if value else (math.nan if name == "price" else math.inf)
    except ValueError as error:
        raise FillImportError(doing, f"{name} {value!r} is no number", "write it as 1234.5") from error
    if math.isinf(number) or number < 0.0 or (math.isnan(number) and name != "price"):
        raise FillImportError(doing, f"{name} is {value or 'empty'}", "give a finite number of at least 0")
    return number


_READ: dict[str, Callable[[str, str, str], Any]] = {
    **dict.fromkeys(("date", "decision_date"), _day),
    **dict.fromkeys(("symbol", "order_id", "side"), _text),
    **dict.fromkeys(("ordered", "shares", "price", "cost"), _number),
}
