"""Counts over the signals of an event back-test, as the original's users know them. Not here: returns."""

from typing import Any

import pandas as pd

MOST = 10
WORDS = ("高", "中", "低")


def statistics(signals: pd.DataFrame) -> dict[str, Any]:
    """Counts of EVENT_SIGNALS as plain values.

    Returns
    -------
    dict
        `total_signals`; `by_confidence`, `by_risk` (all three words, also those with 0); `signals_by_date`,
        `signals_by_month` (YYYY-MM-DD and YYYY-MM, ascending); `most_triggered_stocks`, `most_used_etfs` (up to ten
        of `{symbol, signals}`, most first, ties by symbol).
    """
    days = signals["date"].dt.strftime("%Y-%m-%d") if len(signals) else pd.Series(dtype="str")
    return {
        "total_signals": len(signals),
        "by_confidence": _words(signals["confidence"]),
        "by_risk": _words(signals["risk"]),
        "signals_by_date": _by(days),
        "signals_by_month": _by(days.str[:7]),
        "most_triggered_stocks": _most(signals["stock"]),
        "most_used_etfs": _most(signals["etf"]),
    }


def _words(said: pd.Series) -> dict[str, int]:
    counted = said.value_counts()
    return {word: int(counted.get(word, 0)) for word in WORDS}


def _by(labels: pd.Series) -> dict[str, int]:
    return {str(label): int(n) for label, n in labels.value_counts().sort_index().items()}


def _most(symbols: pd.Series) -> list[dict[str, Any]]:
    counted = symbols.value_counts().rename_axis("symbol").reset_index(name="n")
    ordered = counted.sort_values(["n", "symbol"], ascending=[False, True]).head(MOST)
    return [{"symbol": str(symbol), "signals": int(n)} for symbol, n in ordered.itertuples(index=False)]
