"""Numbers as people read them: percent, thousands separators, units.

Here: the only place that turns a value and its unit into text. Not here: rounding of stored numbers; exports (`tables`,
formats csv and json) keep full precision.
"""

import math
from numbers import Integral, Real
from typing import Any

import pandas as pd

NOT_DEFINED = "n/a"
MONEY = ("CNY", "USD")
PLACES = {"ratio": 2, "score": 3, "correlation": 3}
PLAIN = ("", "factor", "count", "flag", "text", "name", "code", "see unit", "see type")


def shown(value: Any, unit: str = "", signed: bool = False) -> str:
    """A value with its unit, as text for a person.

    Parameters
    ----------
    value : object
        Number, date, flag or text. NaN, NaT and None read "n/a" (not defined).
    unit : str
        As in `core.schema.Column.unit`: fractions become percent, money gets separators, `1 per year` reads "per year".
    signed : bool
        Write a plus before positive numbers.
    """
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, Real) and math.isnan(float(value))):
        return NOT_DEFINED
    if isinstance(value, pd.Timestamp):
        return iso(value)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if not isinstance(value, Real):
        return str(value)
    return _number(value, unit, "+" if signed else "")


def _number(value: Any, unit: str, sign: str) -> str:
    if unit == "fraction":
        places = 4 if 0.0 < abs(value) < 1e-3 else 2
        return f"{100.0 * float(value):{sign}.{places}f} %"
    if unit in MONEY:
        return f"{float(value):{sign},.0f} {unit}"
    if unit == "1 per year":
        return f"{float(value):{sign}.2f} per year"
    if unit in PLACES:
        return f"{float(value):{sign}.{PLACES[unit]}f}"
    text = f"{value:{sign},d}" if isinstance(value, Integral) else significant(float(value), sign)
    return text if unit in PLAIN else f"{text} {unit}"


def significant(value: float, sign: str = "") -> str:
    """A number without a known unit: four decimals below 1,000, none above, no trailing zeros."""
    if not math.isfinite(value):
        return f"{value:{sign}}"
    if abs(value) >= 1000.0:
        return f"{value:{sign},.0f}"
    if value and abs(value) < 1e-3:
        return f"{value:{sign}.3g}"
    text = f"{value:{sign}.4f}".rstrip("0")
    return text.rstrip(".")


def iso(stamp: pd.Timestamp) -> str:
    """ISO 8601: the date alone at midnight without a zone, else date and time; UTC is written `Z`."""
    if stamp.tzinfo is None and stamp == stamp.normalize():
        return stamp.strftime("%Y-%m-%d")
    return stamp.isoformat().replace("+00:00", "Z")
