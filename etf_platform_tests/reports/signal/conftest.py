"""Facts of one signal by hand. Not here: strategies; the report layer never sees them."""

from collections.abc import Callable
from math import nan

import numpy as np
import pandas as pd
import pytest

from etf_platform.reports.signal import Evidence, SignalFacts

TITLES = {
    "EMA_trend_v3": "纳指机构级(v3) 信号",
    "EMA_trend_v2": "EMA趋势增强(v2) 信号",
    "EMA_cross_v1": "EMA均线交叉(v1) 信号",
    "NDX_MA50_Volume_RSI": "NDX_MA50_Volume_RSI 信号",
    "NDX_short_term": "NDX短线 信号",
}
TREND = {"ema_fast": 80, "ema_slow": 200, "vol_window": 20, "vol_threshold": 0.02}
SETTINGS = {
    "EMA_trend_v3": {
        **TREND,
        "adx_period": 14,
        "adx_threshold": 25.0,
        "macd_fast": 12,
        "macd_slow": 26,
        "macd_signal": 9,
        "use_vol_filter": False,
        "use_vix_filter": False,
        "vix_threshold": 25.0,
    },
    "EMA_trend_v2": TREND,
    "EMA_cross_v1": {"short_ema": 50, "long_ema": 200, "rebalance_freq": "daily"},
    "NDX_MA50_Volume_RSI": {"rsi_period": 14},
    "NDX_short_term": {"rsi_params": {"short_period": 9, "long_period": 24}},
}
INDICATORS = {
    "ema_50": 605.1,
    "ema_80": 611.25,
    "ema_200": 584.31,
    "sma_50": 598.4,
    "sma_200": 580.0,
    "adx_14": 27.456,
    "macd_line": -1.234,
    "vol_20": 0.0119,
    "rsi_9": 61.234,
    "rsi_14": 58.9,
    "rsi_24": 55.5,
    "volume_ratio": 0.876,
    "vix": 18.234,
    "vix_date": pd.Timestamp("2026-02-12"),
}
SIGNAL = {
    "date": pd.Timestamp("2026-02-13"),
    "symbol": "QQQ.US",
    "signal": "buy",
    "position": 1.0,
    "reason": "uptrend",
    "state": "PASS",
    "conditions": "10101",
    "close": 600.64,
    "weight": 1.0,
    "entry_price": 590.0,
    "entry_reason": "uptrend",
    "stop_loss": 570.608,
    "take_profit": 720.768,
    "source": "us_total_return",
}
NO_LEVELS = {"stop_loss": nan, "take_profit": nan}


@pytest.fixture(scope="session")
def facts() -> Callable[..., SignalFacts]:
    """Builds facts of one strategy; keywords change the signal, `indicators` and `settings` change theirs."""

    def build(
        strategy: str = "EMA_trend_v3",
        indicators: dict[str, object] | None = None,
        settings: dict[str, object] | None = None,
        warmup_bars: int = 600,
        **signal: object,
    ) -> SignalFacts:
        return SignalFacts(
            strategy=strategy,
            title=TITLES.get(strategy, "信号"),
            signal={**SIGNAL, "strategy": strategy, **signal},
            indicators={**INDICATORS, **(indicators or {})},
            settings={**SETTINGS.get(strategy, {}), **(settings or {})},
            warmup_bars=warmup_bars,
        )

    return build


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """Two years of a rising price, an account, figures in two variants, three trades."""
    days = pd.bdate_range(end="2026-02-13", periods=500)
    close = pd.Series(400.0 * np.exp(np.linspace(0.0, 0.4, 500) + 0.03 * np.sin(np.arange(500) / 12)))
    history = pd.DataFrame({"date": days, "close": close, "source": "us_total_return"})
    history["weight"] = np.where(np.arange(500) % 100 < 70, 1.0, 0.0)
    history["ema_80"], history["ema_200"] = close.ewm(80).mean(), close.ewm(200).mean()
    history["adx_14"], history["macd_line"] = 25 + 10 * np.sin(np.arange(500) / 30), 4 * np.sin(np.arange(500) / 20)
    equity = pd.DataFrame({"date": days, "equity": close / 400.0, "buy_and_hold": (close / 400.0) ** 0.9})
    return Evidence(
        history=history,
        equity=equity.assign(source="us_total_return"),
        metrics=metrics_rows(),
        trades=pd.DataFrame({"exit_reason": ["stop_loss", "ema_not_uptrend", "stop_loss", "stop_loss", ""]}),
        hit_rates=pd.DataFrame(
            {
                "condition": [1, 1],
                "is_met": [True, False],
                "signals": [300, 100],
                "hit_rate": [0.61, 0.48],
                "mean_return": [0.0151, -0.002],
            }
        ),
        missing_sessions=0,
    )


def metrics_rows(source: str = "us_total_return") -> pd.DataFrame:
    figures = {
        ("condition_1", "strategy"): {
            "total_return": 2.5,
            "annual_return": 0.16,
            "annual_vol": 0.15,
            "max_drawdown": -0.18,
            "sharpe": 1.05,
            "win_rate": 0.625,
            "profit_factor": nan,
            "payoff_ratio": 1.6,
            "total_trades": 8.0,
            "exposure": 0.7,
            "turnover": 1.2,
        },
        ("condition_1", "buy_and_hold"): {"total_return": 2.0, "max_drawdown": -0.35, "sharpe": 0.8},
        ("condition_1", "exposure_matched"): {"total_return": 1.2, "max_drawdown": -0.25, "sharpe": 0.82},
        ("all_conditions", "strategy"): {
            "total_return": 1.0,
            "max_drawdown": -0.12,
            "sharpe": 0.9,
            "total_trades": 60.0,
        },
    }
    rows = [
        ("QQQ.US", "EMA_trend_v3", variant, "full", account, metric, value, "", source)
        for (variant, account), values in figures.items()
        for metric, value in values.items()
    ]
    names = ["symbol", "strategy", "variant", "sample", "account", "metric", "value", "unit", "source"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="session")
def metrics() -> Callable[..., pd.DataFrame]:
    """TREND_METRICS rows by hand."""
    return metrics_rows
