"""What the funds of live signals did in the next session, and how often that was a gain."""

from dataclasses import dataclass

import pandas as pd

from etf_platform.core.tables import SIGNAL_OUTCOMES
from etf_platform.measures.proportions import wilson_interval

COLUMNS = [column.name for column in SIGNAL_OUTCOMES.columns]
CARRIED = ["date", "signal_id", "stock", "etf", "confidence", "actionable", "entry"]


@dataclass(frozen=True)
class HitRate:
    """Signals with an outcome, those that gained, their share, and its Wilson interval (95 %); NaN without any."""

    n: int
    wins: int
    rate: float
    low: float
    high: float


def outcomes(signals: pd.DataFrame, fund_bars: pd.DataFrame) -> pd.DataFrame:
    """SIGNAL_OUTCOMES of signals whose next session is there.

    Parameters
    ----------
    signals : DataFrame
        `date` (session of the signal), `signal_id`, `stock`, `etf`, `confidence`, `actionable`, `entry` (price of the
        fund at the signal, yuan); signals without an entry have no outcome.
    fund_bars : DataFrame
        BARS of the funds, with the day of the signal where there was one.

    Returns
    -------
    DataFrame
        Returns before costs, from the entry to prices of the fund's next traded day. Where that day's reference price
        differs from the close before it (a dividend or split), the entry is scaled by the same ratio.
    """
    traded = fund_bars[fund_bars["volume"] > 0].sort_values(["date", "symbol"], kind="stable")
    known = signals[signals["entry"].notna() & (signals["entry"] > 0)]
    known = known[CARRIED].rename(columns={"etf": "symbol"}).sort_values(["date", "signal_id"], kind="stable")
    bars = traded[["date", "symbol", "open", "high", "low", "close", "prev_close", "source"]]
    after = pd.merge_asof(
        known,
        bars.assign(evaluated_on=bars["date"]),
        on="date",
        by="symbol",
        direction="forward",
        allow_exact_matches=False,
    )
    same = bars[["date", "symbol", "close"]].rename(columns={"close": "close_then"})
    both = after.merge(same, on=["date", "symbol"], how="left")
    both = both[both["evaluated_on"].notna()]
    entry = both["entry"] * (both["prev_close"] / both["close_then"]).fillna(1.0)
    names = {"next_open": "open", "next_close": "close", "best": "high", "worst": "low"}
    made = both.assign(**{name: both[price] / entry - 1.0 for name, price in names.items()})
    made = made.rename(columns={"symbol": "etf"})
    return made[COLUMNS].sort_values(["date", "signal_id"], kind="stable", ignore_index=True)


def hit_rate(outcomes: pd.DataFrame, column: str = "next_open") -> HitRate:
    """How often signals gained by the next open (or another column), before costs; a return of exactly 0 is no gain."""
    known = outcomes[column].dropna()
    n, wins = len(known), int((known > 0.0).sum())
    low, high = wilson_interval(wins, n)
    return HitRate(n, wins, wins / n if n else float("nan"), low, high)
