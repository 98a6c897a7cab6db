"""Looks indicators up by column name, and says which columns are stored every day. Not here: arithmetic, frames."""

import difflib
from collections.abc import Iterable
from functools import cache

import etf_platform.indicators as package
from etf_platform.core.catalog import collect
from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.units.indicator import Indicator, IndicatorColumn

STANDARD = (
    *("sma_5", "sma_20", "sma_50", "sma_200"),
    *("ema_50", "ema_80", "ema_200"),
    *("macd_line", "macd_signal", "macd_hist"),
    *("adx_14", "plus_di_14", "minus_di_14"),
    *("rsi_9", "rsi_14", "rsi_24"),
    *("atr_14", "boll_upper_20", "boll_mid_20", "boll_lower_20"),
    *("kdj_k", "kdj_d", "kdj_j"),
    *("obv", "volume_ratio", "vol_20", "ma_slope"),
    *("market_env", "trend_dir", "volume_class"),
)


@cache
def indicators() -> tuple[Indicator, ...]:
    """Every indicator, ordered by file and position in it."""
    return tuple(collect(package, Indicator))


def find_column(name: str, original_compatible: bool = False) -> IndicatorColumn:
    """The column of that name, e.g. `ema_80`.

    `original_compatible` prefers the original's definition where it differs; names that the original has no variant of
    mean ours.

    Raises
    ------
    UnknownUnitError
        No indicator has such a name; lists the nearest names.
    """
    for is_original in (True, False) if original_compatible else (False,):
        for unit in indicators():
            found = unit.column(name) if unit.is_original == is_original else None
            if found:
                return found
    raise UnknownUnitError(
        f"looking up the indicator {name!r}",
        "no indicator has this name",
        f"use a name like {', '.join(_nearest(name))}",
    )


def find_columns(names: Iterable[str], original_compatible: bool = False) -> tuple[IndicatorColumn, ...]:
    """The columns of those names, in their order, each once."""
    return tuple(find_column(name, original_compatible) for name in dict.fromkeys(names))


def _nearest(name: str) -> list[str]:
    ours = [unit for unit in indicators() if not unit.is_original]
    known = [
        *(column.name for unit in ours for column in unit.columns),
        *(text for unit in ours for text in unit.names),
    ]
    return difflib.get_close_matches(name, list(dict.fromkeys(known)), n=4, cutoff=0.0)


def describe() -> list[dict[str, object]]:
    """One row per indicator and definition: what the documentation shows."""
    return [
        {
            "name": " or ".join(f"`{name}`" for name in unit.names),
            "unit": unit.unit,
            "first row": f"{unit.columns[0].first_row} (`{unit.columns[0].name}`)",
            "inputs": ", ".join(unit.inputs),
            "direction": f"{unit.direction:+d}",
            "definition": "original_compatible" if unit.is_original else "ours",
            "meaning": unit.meaning,
        }
        for unit in indicators()
    ]
