"""What the reader holds: a JSON list in the environment, else the newest dated file.

Here: reading and checking it. A file's date is the one in its name, never when it was touched; files later than the
report's day are not read, so a past report stays as it was. Not here: what is said about it (`holdings`).
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etf_platform.core.errors import BadInputError

VARIABLE = "POSITIONS_DATA"
DATED = re.compile(r"positions_(\d{4})-?(\d{2})-?(\d{2})(?:\D.*)?\.json")
DOING = "reading the positions"
FORM = "write a JSON list of asset_name, asset_code, asset_key, position_ratio (0 to 1) and current_value"
TOUCH = 1e-6


@dataclass(frozen=True)
class Position:
    """One holding: name, code, key in `scoring.yaml` (may be empty), share of the whole, value in yuan or None."""

    asset_name: str
    asset_code: str
    asset_key: str
    position_ratio: float
    current_value: float | None = None


@dataclass(frozen=True)
class Positions:
    """All holdings and where they were read: `POSITIONS_DATA` or the name of a file."""

    rows: tuple[Position, ...]
    origin: str

    @property
    def invested(self) -> float:
        """Sum of the shares."""
        return math.fsum(row.position_ratio for row in self.rows)


def read_positions(env: Mapping[str, str], folder: Path, day: date) -> Positions | None:
    """The reader's positions on a day; None when there are none to read.

    Parameters
    ----------
    env : mapping
        `POSITIONS_DATA` in it wins over any file.
    folder : Path
        Holds `positions_YYYYMMDD.json` files (dashes and a tail such as `_evening` are fine); those without a date in
        their name are examples and are not read.

    Raises
    ------
    BadInputError
        Text that is no JSON list of positions, a ratio outside of 0 to 1, shares of more than 1 in all, a value that
        is no number, an asset twice, or a date in a name that does not exist.
    """
    if text := env.get(VARIABLE, "").strip():
        return parse_positions(text, VARIABLE)
    path = newest_file(folder, day)
    if path is None:
        return None
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{DOING} in {path.name}", "bytes that are no UTF-8", "save it as UTF-8") from error
    return parse_positions(text, path.name)


def newest_file(folder: Path, day: date) -> Path | None:
    """The positions file with the latest date in its name that is not after `day`; of one date the last by name.

    Raises
    ------
    BadInputError
        A name has a date that does not exist.
    """
    dated = [
        (_date_of(path), path.name, path) for path in folder.glob("positions_*.json") if DATED.fullmatch(path.name)
    ]
    fitting = [entry for entry in dated if entry[0] <= day]
    return max(fitting)[2] if fitting else None


def parse_positions(text: str, origin: str) -> Positions:
    """Positions out of JSON; `origin` names it in errors.

    Raises
    ------
    BadInputError
        As `read_positions`.
    """
    doing = f"{DOING} in {origin}"
    try:
        listed = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInputError(doing, f"no JSON ({error.msg}, line {error.lineno})", FORM) from error
    if not isinstance(listed, list):
        raise BadInputError(doing, f"{type(listed).__name__} where a list belongs", FORM)
    rows = tuple(_position(item, f"{doing}, entry {number}") for number, item in enumerate(listed, start=1))
    found = Positions(rows, origin)
    names = [row.asset_key or row.asset_code or row.asset_name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInputError(doing, f"{', '.join(twice)} twice", "write every asset once")
    if found.invested > 1.0 + TOUCH:
        raise BadInputError(
            doing, f"shares of {found.invested:.4f} in all", "position_ratio is a fraction of the whole"
        )
    return found


def _date_of(path: Path) -> date:
    found = DATED.fullmatch(path.name)
    assert found is not None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError as error:
        raise BadInputError(DOING, f"no such date: {path.name}", "name it positions_YYYYMMDD.json") from error


def _position(item: Any, doing: str) -> Position:
    if not isinstance(item, dict):
        raise BadInputError(doing, f"{type(item).__name__} where an object belongs", FORM)
    name = _text(item, "asset_name", doing)
    if not name:
        raise BadInputError(doing, "no asset_name", FORM)
    ratio = _number(item, "position_ratio", doing)
    if ratio is None or not 0.0 <= ratio <= 1.0:
        saw = "no position_ratio" if ratio is None else f"a position_ratio of {ratio:g}"
        raise BadInputError(doing, saw, "write a fraction from 0 to 1")
    value = _number(item, "current_value", doing)
    if value is not None and value < 0.0:
        raise BadInputError(doing, f"a current_value of {value:g}", "write yuan, zero or more")
    return Position(name, _text(item, "asset_code", doing), _text(item, "asset_key", doing), ratio, value)


def _text(item: Mapping[str, Any], name: str, doing: str) -> str:
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInputError(doing, f"{name} is no text", FORM)
    return (value or "").strip()


def _number(item: Mapping[str, Any], name: str, doing: str) -> float | None:
    value = item.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInputError(doing, f"{name} is no number", FORM)
    return float(value)
