"""Names and settings of trend strategies: defaults of the specification, and one clear line per mistake."""

import pytest

from etf_platform.core.config.trend import TrendBacktest, TrendConfig
from etf_platform.core.errors import ConfigError, UnknownUnitError
from etf_platform.strategies.signals import catalog

NAMES = ["EMA_cross_v1", "EMA_trend_v2", "EMA_trend_v3", "NDX_MA50_Volume_RSI", "NDX_short_term"]
EMA_RISK = {"stop_loss_ratio": 0.05, "take_profit_ratio": 0.20}
OURS = {"index_code": "QQQ", "original_compatible": False}
DEFAULTS = {
    "EMA_cross_v1": {"short_ema": 50, "long_ema": 200, "rebalance_freq": "daily", "risk_control": EMA_RISK},
    "EMA_trend_v2": {
        "ema_fast": 80,
        "ema_slow": 200,
        "vol_window": 20,
        "vol_threshold": 0.02,
        "risk_control": EMA_RISK,
    },
    "EMA_trend_v3": {
        "ema_fast": 80,
        "ema_slow": 200,
        "vol_window": 20,
        "vol_threshold": 0.02,
        "adx_period": 14,
        "adx_threshold": 25,
        "macd_fast": 12,
        "macd_slow": 26,
        "macd_signal": 9,
        "use_vol_filter": False,
        "vix_threshold": 25,
        "use_vix_filter": False,
        "require": "condition_1",
        "risk_control": EMA_RISK,
    },
    "NDX_MA50_Volume_RSI": {
        "rsi_period": 14,
        "vol_ratio_heavy": 1.2,
        "vol_ratio_light": 0.8,
        "slope_flat_threshold": 0.001,
        "oscillate_range": 0.03,
        "stop_below_ma50": 0.02,
        "stop_below_ma20": 0.03,
        "risk_control": EMA_RISK,
        "min_bars": 60,
    },
    "NDX_short_term": {
        "rsi_params": {"short_period": 9, "long_period": 24},
        "use_divergence": False,
        "divergence_lookback": 20,
        "long_only": True,
        "no_short_in_bull": False,
        "hold_days": (3, 10),
        "risk_control": {
            "stop_loss_ratio": 0.03,
            "take_profit_ratio": 0.07,
            "max_position": 0.8,
            "is_leverage_etf": False,
        },
        "signal_risk": {},
        "dynamic_cap": {"bull_overbought": 0.5, "bear_oversell": 0.5},
    },
}


def test_five_strategies_are_published():
    assert [unit.name for unit in catalog.published()] == NAMES
    assert {unit.name: unit.warmup for unit in catalog.published()} == {
        name: "rsi" if name.startswith("NDX") else "ema" for name in NAMES
    }


@pytest.mark.parametrize("name", NAMES)
def test_keys_and_defaults_are_those_of_the_specification(name):
    assert catalog.settings_of({}, catalog.find(name)).model_dump() == {**OURS, **DEFAULTS[name]}


def test_an_unknown_strategy_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownUnitError) as refused:
        catalog.find("ema_TREND_v3")

    assert str(refused.value) == (
        "looking up the trend strategy 'ema_TREND_v3': there is no such strategy; did you mean EMA_trend_v3? "
        "Known: EMA_cross_v1, EMA_trend_v2, EMA_trend_v3, NDX_MA50_Volume_RSI, NDX_short_term."
    )


def test_a_strategy_far_from_every_name_lists_them_all():
    with pytest.raises(UnknownUnitError, match="use one of EMA_cross_v1, EMA_trend_v2"):
        catalog.find("momentum")


@pytest.mark.parametrize(
    ("name", "raw", "line"),
    [
        ("EMA_trend_v3", {"ema_fast": "80"}, "EMA_trend_v3.ema_fast: Input should be a valid integer (found '80')"),
        ("EMA_trend_v3", {"ema_fast": 80.5}, "EMA_trend_v3.ema_fast: Input should be a valid integer (found 80.5)"),
        ("EMA_trend_v3", {"ema_fast": True}, "EMA_trend_v3.ema_fast: Input should be a valid integer (found True)"),
        ("EMA_trend_v3", {"use_vix_filter": "yes"}, "use_vix_filter: Input should be a valid boolean (found 'yes')"),
        ("EMA_trend_v3", {"adx_threshold": None}, "adx_threshold: Input should be a valid number (found None)"),
        ("EMA_trend_v3", {"vix_treshold": 25}, "EMA_trend_v3.vix_treshold: there is no such key"),
        ("EMA_trend_v3", {"ema_fast": 200}, "EMA_trend_v3: ema_fast 200 must be shorter than ema_slow 200"),
        ("EMA_trend_v2", {"risk_control": {"stop_loss_ratio": "5%"}}, "risk_control.stop_loss_ratio: Input should be"),
        ("EMA_trend_v2", {"risk_control": 0.05}, "EMA_trend_v2.risk_control: Input should be a valid dictionary"),
        ("EMA_cross_v1", {"rebalance_freq": "weekly"}, "rebalance_freq: Input should be 'daily' or 'monthly'"),
        ("NDX_short_term", {"hold_days": [3]}, "NDX_short_term.hold_days.1: Field required"),
        ("NDX_short_term", {"signal_risk": {"oversell": {"stop": 1}}}, "signal_risk.oversell.stop: there is no such"),
    ],
)
def test_a_wrong_value_is_one_line_with_file_and_key_path(name, raw, line):
    with pytest.raises(ConfigError) as refused:
        catalog.settings_of(raw, catalog.find(name))

    assert f"strategies.yaml: trend.strategies.{name}" in str(refused.value)
    assert line in str(refused.value)
    assert "1 problem(s)" in str(refused.value)


def test_all_problems_of_a_file_are_listed_at_once():
    trend = TrendConfig.model_validate(
        {
            "runs": [{"strategy": "EMA_trend_v3", "symbol": "QQQ.US"}, {"strategy": "ema_cross", "symbol": "QQQ.US"}],
            "strategies": {"EMA_trend_v2": {"ema_fast": "80", "nope": 1}, "Trend": {}},
        }
    )

    lines = catalog.problems(trend)

    assert len(lines) == 4
    assert lines[0].startswith("strategies.yaml: trend.runs.1.strategy: 'ema_cross': there is no such strategy")
    assert lines[1].startswith("strategies.yaml: trend.strategies.EMA_trend_v2.ema_fast: ")
    assert lines[2] == "strategies.yaml: trend.strategies.EMA_trend_v2.nope: there is no such key"
    assert lines[3].startswith("strategies.yaml: trend.strategies.Trend: there is no such strategy")


def test_keys_of_the_configuration_replace_defaults():
    trend = TrendConfig.model_validate({"strategies": {"EMA_trend_v3": {"ema_fast": 50, "vix_threshold": 27.5}}})

    settings = catalog.settings_from(trend, catalog.find("EMA_trend_v3"))

    assert (settings.ema_fast, settings.vix_threshold, settings.ema_slow) == (50, 27.5, 200)
    assert catalog.problems(trend) == []


@pytest.mark.parametrize(
    ("name", "ours", "original"),
    [
        ("EMA_trend_v3", 600, 200),
        ("EMA_cross_v1", 600, 200),
        ("NDX_MA50_Volume_RSI", 250, 60),
        ("NDX_short_term", 250, 50),
    ],
)
def test_warm_up_bars_are_those_of_the_specification(name, ours, original):
    unit = catalog.find(name)

    assert catalog.warmup_bars_of(unit, unit.settings(), TrendBacktest()) == ours
    assert catalog.warmup_bars_of(unit, unit.settings(original_compatible=True), TrendBacktest()) == original
