"""The documents behind `signal.json` and `timeseries.json`: plain values in a fixed order of keys.

Not here: writing files.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from etf_platform.reports.signal.facts import TOO_FEW, SignalFacts, defined
from etf_platform.reports.signal.text import macd_column
from etf_platform.reports.signal.wording import action, derivation, trend_type

CLOSE_PLACES = 4


def report_dict(facts: SignalFacts | None) -> dict[str, Any]:
    """The signal as values that JSON can hold; a number that is not defined is None.

    No bars or too few: `{"error": "insufficient_data"}`; a strategy without a report: `{"error":
    "unsupported_strategy", "strategy": name}`. Simulated data add `"simulated": true` as the last key.
    """
    if facts is not None and facts.strategy not in _FIELDS:
        return {"error": "unsupported_strategy", "strategy": facts.strategy}
    if facts is None or facts.is_too_short:
        return {"error": TOO_FEW}
    return {
        "date": facts.date,
        "symbol": facts.symbol,
        "strategy": facts.strategy,
        "close": facts.number("close"),
        **_FIELDS[facts.strategy](facts),
        "derivation": derivation(facts),
        "action": action(facts),
        "stop_loss": defined(facts.signal["stop_loss"]),
        "take_profit": defined(facts.signal["take_profit"]),
        **_filters(facts),
        **({"simulated": True} if facts.is_simulated else {}),
    }


def timeseries(closes: pd.DataFrame, years: int = 5) -> dict[str, Any]:
    """Closes of the last `years` years up to the last row, rounded to four decimals.

    Parameters
    ----------
    closes : DataFrame
        One symbol, ascending: `date`, `symbol`, `close`, `source`. Rows without a close are left out.

    Returns
    -------
    dict
        `{"symbol", "from", "to", "series": [[date, close], ...]}`, or `{"error": "insufficient_data"}` without rows.
    """
    rows = closes.dropna(subset=["close"]) if len(closes) else closes
    if rows.empty:
        return {"error": TOO_FEW}
    rows = rows[rows["date"] > rows["date"].iloc[-1] - pd.DateOffset(years=years)]
    days = [f"{day:%Y-%m-%d}" for day in rows["date"]]
    simulated = rows["source"].astype("string").str.contains("simulated", case=False).any()
    return {
        "symbol": str(rows["symbol"].iloc[0]).removesuffix(".US"),
        "from": days[0],
        "to": days[-1],
        "series": [[day, round(float(close), CLOSE_PLACES)] for day, close in zip(days, rows["close"], strict=True)],
        **({"simulated": True} if simulated else {}),
    }


def _trend_v3(facts: SignalFacts) -> dict[str, Any]:
    return {
        **_averages(facts, "ema_fast", "ema_slow"),
        "sma_200": facts.number("sma_200"),
        "adx_14": facts.number(f"adx_{facts.settings['adx_period']}"),
        "macd_line": facts.number(macd_column(dict(facts.settings))),
        "conditions_met": list(facts.conditions or (None,) * 5),
    }


def _trend_v2(facts: SignalFacts) -> dict[str, Any]:
    volatility = facts.number(f"vol_{facts.settings['vol_window']}")
    return {**_averages(facts, "ema_fast", "ema_slow"), "vol_20": volatility}


def _cross_v1(facts: SignalFacts) -> dict[str, Any]:
    return _averages(facts, "short_ema", "long_ema")


def _averages(facts: SignalFacts, fast: str, slow: str) -> dict[str, Any]:
    return {
        "ema_fast": facts.number(f"ema_{facts.settings[fast]}"),
        "ema_slow": facts.number(f"ema_{facts.settings[slow]}"),
    }


def _ma50_volume_rsi(facts: SignalFacts) -> dict[str, Any]:
    return {
        "sma_50": facts.number("sma_50"),
        "trend_type": trend_type(facts),
        "rsi_14": facts.number(f"rsi_{facts.settings['rsi_period']}"),
        "volume_ratio": facts.number("volume_ratio"),
    }


def _short_term(facts: SignalFacts) -> dict[str, Any]:
    periods = facts.settings["rsi_params"]
    return {
        "ma_50": facts.number("sma_50"),
        "rsi_9": facts.number(f"rsi_{periods['short_period']}"),
        "rsi_24": facts.number(f"rsi_{periods['long_period']}"),
        "volume_ratio": facts.number("volume_ratio"),
    }


def _filters(facts: SignalFacts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if facts.settings.get("use_vix_filter"):
        found["vix"] = facts.number("vix")
    if facts.settings.get("use_vol_filter"):
        found["vol_20"] = facts.number(f"vol_{facts.settings['vol_window']}")
        found["vol_threshold"] = facts.settings["vol_threshold"]
    return found


_FIELDS: dict[str, Callable[[SignalFacts], dict[str, Any]]] = {
    "EMA_trend_v3": _trend_v3,
    "EMA_trend_v2": _trend_v2,
    "EMA_cross_v1": _cross_v1,
    "NDX_MA50_Volume_RSI": _ma50_volume_rsi,
    "NDX_short_term": _short_term,
}
