"""Verifies the columns that strategies decide on against other implementations.

Here: the comparison, always against `reference`, and against TA-Lib where it is installed. Not here: printing, exit
codes (`cli`). Nothing to compare is BLOCKED, never a PASS.
"""

import importlib
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pandas as pd

from etf_platform.core.errors import MissingExtraError
from etf_platform.core.states import State
from etf_platform.indicators import reference
from etf_platform.indicators.names import find_column
from etf_platform.indicators.prepare import prepare

SAME, CLOSE_ENOUGH = 1e-8, 0.01
# TA-Lib seeds ADX sums with n - 1 values and EMAs with means: 1e-4 points of ADX are left at row 200
SETTLED = 200
VERIFIED = (
    *("rsi_9", "rsi_14", "rsi_24"),
    *("adx_14", "plus_di_14", "minus_di_14", "atr_14"),
    *("macd_line", "macd_signal", "macd_hist"),
)
SEEDED_ALIKE = ("rsi_9", "rsi_14", "rsi_24", "atr_14")
Columns = dict[str, np.ndarray]


def verify_against_talib(bars: pd.DataFrame, need_talib: bool = False) -> pd.DataFrame:
    """Compare `VERIFIED` columns with a plain slow implementation and, where installed, with TA-Lib.

    Parameters
    ----------
    bars : DataFrame
        Adjusted bars of one symbol: date, high, low, close; as for `prepare`.
    need_talib : bool
        Refuse to go on without TA-Lib.

    Returns
    -------
    DataFrame
        One row per indicator and reference (`plain`, `TA-Lib`): `indicator`, `reference`, `ours` and `theirs` (values
        of the last row), `largest_difference` (absolute, in the indicator's unit, over the compared rows; NaN without
        any), `tolerance`, `first_row` compared, `rows` compared, `state`, `first_date` compared. PASS within the
        tolerance; FAIL beyond it, or where only one side is defined; BLOCKED when no row can be compared.
        Columns that TA-Lib seeds otherwise are compared from row 200 on.

    Raises
    ------
    BadInputError
        As `prepare`.
    MissingExtraError
        `need_talib` and TA-Lib is not installed.
    """
    talib = _talib(need_talib)
    ours = prepare(bars, VERIFIED)
    values = {name: ours[name].to_numpy() for name in VERIFIED}
    rows = [*_compare("plain", values, _plain(bars)), *(_compare("TA-Lib", values, _of(talib, bars)) if talib else ())]
    table = pd.DataFrame(rows)
    return table.assign(first_date=ours["date"].reindex(table["first_row"]).to_numpy())


def _compare(source: str, ours: Columns, theirs: Columns) -> Iterator[dict[str, object]]:
    for name in VERIFIED:
        is_same = source == "plain" or name in SEEDED_ALIKE
        first = find_column(name).first_row if is_same else SETTLED
        yield {"indicator": name, "reference": source} | _row(ours[name], theirs[name], first, is_same)


def _row(ours: np.ndarray, theirs: np.ndarray, first: int, is_same: bool) -> dict[str, object]:
    tolerance = SAME * max(1.0, np.nanmax(np.abs(theirs), initial=0.0)) if is_same else CLOSE_ENOUGH
    mine, other = ours[first:], theirs[first:]
    is_compared = np.isfinite(mine) & np.isfinite(other)
    largest = float(np.abs(mine - other)[is_compared].max()) if is_compared.any() else np.nan
    agrees = largest <= tolerance and bool((np.isfinite(mine) == np.isfinite(other)).all())
    return {
        "ours": ours[-1],
        "theirs": theirs[-1],
        "largest_difference": largest,
        "tolerance": tolerance,
        "first_row": first,
        "rows": int(is_compared.sum()),
        "state": State.PASS if agrees else State.FAIL if mine.size and is_compared.any() else State.BLOCKED,
    }


def _plain(bars: pd.DataFrame) -> Columns:
    high, low, close = (bars[name].astype(float).tolist() for name in ("high", "low", "close"))
    plus, minus, strength = reference.directional(high, low, close, 14)
    line, signal, hist = reference.macd(close)
    found = {
        **{f"rsi_{n}": reference.rsi(close, n) for n in (9, 14, 24)},
        **{"adx_14": strength, "plus_di_14": plus, "minus_di_14": minus},
        "atr_14": reference.wilder(reference.true_range(high, low, close), 14, 1),
        **{"macd_line": line, "macd_signal": signal, "macd_hist": hist},
    }
    return {name: np.array(values) for name, values in found.items()}


def _of(talib: ModuleType, bars: pd.DataFrame) -> Columns:
    high, low, close = (np.ascontiguousarray(bars[name], dtype=float) for name in ("high", "low", "close"))
    line, signal, hist = talib.MACD(close, 12, 26, 9)
    return {
        **{f"rsi_{n}": talib.RSI(close, n) for n in (9, 14, 24)},
        "adx_14": talib.ADX(high, low, close, 14),
        "plus_di_14": talib.PLUS_DI(high, low, close, 14),
        "minus_di_14": talib.MINUS_DI(high, low, close, 14),
        "atr_14": talib.ATR(high, low, close, 14),
        **{"macd_line": line, "macd_signal": signal, "macd_hist": hist},
    }


def _talib(is_needed: bool) -> ModuleType | None:
    try:
        return importlib.import_module("talib")
    except ImportError as error:
        if not is_needed:
            return None
        remedy = "install the extra: pip install 'etf_platform[talib]'"
        raise MissingExtraError("verifying indicators against TA-Lib", "TA-Lib is not installed", remedy) from error
