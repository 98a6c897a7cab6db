"""Two sources side by side: the same close within a tick or a small share of the price. Pure; nothing is repaired."""

import hashlib
from collections.abc import Sequence

import pandas as pd

from etf_platform.core.tables import RECONCILIATION

AGREES, DIFFERS, ABSENT = "agrees", "differs", "absent"


def sample_of(symbols: Sequence[str], trading_date: pd.Timestamp, size: int) -> tuple[str, ...]:
    """`size` of the symbols, others every day, the same ones for everybody who draws for this day."""

    def lot(symbol: str) -> str:
        return hashlib.sha256(f"{trading_date:%Y-%m-%d} {symbol}".encode()).hexdigest()

    return tuple(sorted(sorted(symbols, key=lot)[:size]))


def compare_closes(
    stored: pd.DataFrame,
    other: pd.DataFrame,
    asked: Sequence[str],
    ticks: pd.Series,
    share: float,
    trading_date: pd.Timestamp,
    names: tuple[str, str],
) -> pd.DataFrame:
    """Closes of one session from two sources.

    Parameters
    ----------
    stored, other : DataFrame
        Columns `date`, `symbol`, `close`, `volume` (shares).
    asked : sequence of str
        The sample.
    ticks : Series
        Symbol -> allowed difference in the symbol's currency.
    share : float
        Allowed difference as a share of the stored close; the larger of the two counts.
    names : (str, str)
        Labels of the two sources; the first fills `source`.

    Returns
    -------
    DataFrame
        RECONCILIATION, one row per asked symbol; `absent` where one of the two has no close.
    """
    pair = pd.DataFrame({"symbol": list(asked)})
    for suffix, frame in (("", stored), ("_other", other)):
        day = frame[frame["date"] == trading_date].drop_duplicates("symbol").set_index("symbol")
        for column in ("close", "volume"):
            pair[column + suffix] = pair["symbol"].map(day[column]).astype("float64")
    pair["difference"] = pair["close_other"] / pair["close"] - 1.0
    allowed = pd.concat([pair["symbol"].map(ticks), pair["close"] * share], axis=1).max(axis=1)
    agrees = (pair["close_other"] - pair["close"]).abs() <= allowed + 1e-9
    known = pair["close"].notna() & pair["close_other"].notna()
    verdict = agrees.map({True: AGREES, False: DIFFERS}).where(known, ABSENT)
    pair = pair.assign(verdict=verdict, date=trading_date, source=names[0], other_source=names[1])
    return pair[[c.name for c in RECONCILIATION.columns]].sort_values("symbol", ignore_index=True)
