"""Back-test of a trend strategy as a console table and as a document, from rows of the stored tables.

Not here: the figures themselves (`backtest`).
"""

import math
from typing import Any
from unicodedata import east_asian_width

import pandas as pd

from etf_platform.reports.signal.facts import defined
from etf_platform.reports.signal.targets import figures

WIDTH, NAME, CELL = 56, 18, 12
NEXT_SESSION = "next_session"
KNOWS_ITS_PRICE = ("same_close", "original_compatible")
FRAME, RULE = "=" * WIDTH, "-" * WIDTH
TOO_LITTLE = {"error": "insufficient_data", "win_rate": 0, "max_drawdown": 0}
SIMULATED = "  模拟数据（simulated），并非真实行情"
STRATEGY_KEYS = {
    "total_return": "total_return",
    "max_drawdown": "max_drawdown",
    "sharpe_ratio": "sharpe",
    "win_rate": "win_rate",
    "total_trades": "total_trades",
    "profit_factor": "profit_factor",
}
OUR_KEYS = ("annual_return", "annual_vol", "exposure", "turnover", "payoff_ratio")
BENCHMARK_KEYS = ("total_return", "max_drawdown", "sharpe_ratio")


def backtest_text(metrics: pd.DataFrame, variant: str | None = None) -> str:
    """The console table of one variant against buy and hold, full sample.

    `metrics` are TREND_METRICS of one symbol and strategy; the first variant unless one is named. A figure that is not
    defined reads N/A. Simulated data add one line before the closing frame.
    """
    ours, hold = figures(metrics, "strategy", variant), figures(metrics, "buy_and_hold", variant)
    if not ours:
        return "【无数据】无法生成报告。"
    lines = [
        FRAME,
        "  Backtest 策略 vs 基准（买入持有）",
        FRAME,
        _cells("指标", "策略", "基准", "差异"),
        RULE,
        _row("累计收益率", ours, hold, "total_return", ".2%"),
        _row("最大回撤", ours, hold, "max_drawdown", ".2%"),
        _row("夏普比率", ours, hold, "sharpe", ".4f"),
        RULE,
        f"  策略额外: 胜率 {_shown(ours.get('win_rate'), '.2%')} | 交易次数 {ours.get('total_trades', 0):.0f}"
        f" | 盈亏比 {_shown(ours.get('profit_factor'), '.2f')}",
        *_fills_note(metrics),
        *([SIMULATED] if _is_simulated(metrics) else []),
        FRAME,
    ]
    return "\n".join(lines)


def backtest_document(
    metrics: pd.DataFrame,
    trades: pd.DataFrame | None = None,
    variant: str | None = None,
    start_effective: pd.Timestamp | None = None,
    original_compatible: bool = False,
) -> dict[str, Any]:
    """The back-test as values that JSON can hold; None where a figure is not defined.

    Keys: `strategy`, `benchmark`, the strategy's keys again at the top, our further figures,
    `benchmark_exposure_matched`, `variants` (name -> strategy figures), `trades` (rows of TREND_TRADES of the variant),
    `execution` (`same_close` or `original_compatible` where fills knew their price, else `next_session`) and
    `start_effective`. Without figures: the original's error document. `original_compatible`: max_drawdown positive,
    four decimals, profit_factor 99 where there are no losses.
    """
    ours = figures(metrics, "strategy", variant)
    if not ours:
        return dict(TOO_LITTLE)
    told = _of_original if original_compatible else dict
    strategy = told(_named(ours, STRATEGY_KEYS))
    return {
        "strategy": strategy,
        "benchmark": told(_benchmark(figures(metrics, "buy_and_hold", variant))),
        **strategy,
        **{key: defined(ours.get(key)) for key in OUR_KEYS},
        "benchmark_exposure_matched": told(_benchmark(figures(metrics, "exposure_matched", variant))),
        "variants": {
            str(name): told(_named(figures(metrics, "strategy", str(name)), STRATEGY_KEYS))
            for name in metrics["variant"].unique()
        },
        "trades": _trades(trades),
        "execution": _execution(metrics),
        "start_effective": None if start_effective is None else f"{start_effective:%Y-%m-%d}",
        **({"simulated": True} if _is_simulated(metrics) else {}),
    }


def _named(values: dict[str, float], keys: dict[str, str]) -> dict[str, Any]:
    named: dict[str, Any] = {key: defined(values.get(metric)) for key, metric in keys.items()}
    if named.get("total_trades") is not None:
        named["total_trades"] = int(named["total_trades"])
    return named


def _benchmark(values: dict[str, float]) -> dict[str, Any]:
    return _named(values, {key: STRATEGY_KEYS[key] for key in BENCHMARK_KEYS})


def _of_original(values: dict[str, Any]) -> dict[str, Any]:
    told = {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}
    if told.get("max_drawdown") is not None:
        told["max_drawdown"] = abs(told["max_drawdown"])
    if told.get("profit_factor", 0) is None and told.get("total_trades"):
        told["profit_factor"] = 99
    return told


def _trades(trades: pd.DataFrame | None) -> list[dict[str, Any]]:
    if trades is None or trades.empty:
        return []
    rows: list[dict[str, Any]] = trades.to_dict("records")  # type: ignore[assignment]
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def _row(name: str, ours: dict[str, float], hold: dict[str, float], metric: str, form: str) -> str:
    a, b = ours.get(metric, math.nan), hold.get(metric, math.nan)
    return _cells(name, _shown(a, form), _shown(b, form), _shown(a - b, "+" + form))


def _cells(name: str, *values: str) -> str:
    """One line of the table; a Chinese character takes two cells of the terminal."""
    return f"  {name}{' ' * (NAME - _width(name))}" + "".join(" " * (CELL - _width(text)) + text for text in values)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _fills_note(metrics: pd.DataFrame) -> list[str]:
    """A line for fills at a close that the decision knows already; the source names them in brackets."""
    mode = _execution(metrics)
    return [f"  成交方式: {mode}（按信号当根收盘价成交，并非可执行价格）"] if mode in KNOWS_ITS_PRICE else []


def _execution(metrics: pd.DataFrame) -> str:
    sources = metrics["source"].astype("string")
    return next((m for m in KNOWS_ITS_PRICE if sources.str.contains(f"[{m}]", regex=False).any()), NEXT_SESSION)


def _shown(value: float | None, form: str) -> str:
    number = defined(value)
    return "N/A" if number is None else format(number, form)


def _is_simulated(metrics: pd.DataFrame) -> bool:
    return bool(metrics["source"].astype("string").str.contains("simulated", case=False).any())
