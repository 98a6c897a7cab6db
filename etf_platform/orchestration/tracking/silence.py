"""Why a stock at its limit has no signal, in one sentence: shown beside the board. Not here: refusing (`arbitrage`)."""

from collections import Counter
from collections.abc import Collection, Sequence

import pandas as pd

from etf_platform.arbitrage.choose import Refusal

UNWATCHED, UNSEALED, UNKNOWN = "不在自选列表", "未封死：仍有卖单", "封单未知"
NO_QUOTE = "没有基金行情"


def why_silent(
    states: pd.DataFrame, watched: Collection[str], signalled: Collection[str], refused: Sequence[Refusal]
) -> pd.Series:
    """A sentence per row of `states`; None for stocks that are not at their limit, and for those with a signal.

    Parameters
    ----------
    states : DataFrame
        `symbol`, `at_limit`, `sealed` (null is unknown).
    signalled : collection of str
        Stocks with a signal of their standing episode.
    refused : sequence of Refusal
        Of the same look.
    """
    at_limit, sealed = (states[name].astype("boolean") for name in ("at_limit", "sealed"))
    said: dict[str, str] = {}
    for refusal in refused:
        said[refusal.stock] = "；".join(filter(None, (said.get(refusal.stock), refusal.sentence)))
    found: list[str | None] = []
    for symbol, is_at, is_sealed in zip(states["symbol"], at_limit.fillna(False), sealed, strict=True):
        if not is_at or symbol in signalled:
            found.append(None)
        elif symbol not in watched:
            found.append(UNWATCHED)
        else:
            found.append(said.get(symbol) or (UNKNOWN if is_sealed is pd.NA else NO_QUOTE if is_sealed else UNSEALED))
    return pd.Series(found, index=states.index, dtype=object)


def counted(refused: Sequence[Refusal], silence: pd.Series) -> dict[str, int]:
    """Boards without a signal: by filter or selector, and those that nobody watches."""
    tally = Counter(refusal.by for refusal in refused)
    tally["unwatched"] = int((silence == UNWATCHED).sum())
    return {name: number for name, number in sorted(tally.items()) if number}
