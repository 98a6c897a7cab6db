"""Risk scores, advice and combinations: the published examples, and what is unknown."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etf_platform.core.config.scoring import Asset
from etf_platform.scoring.blocks import Flow, Probability, Technical
from etf_platform.scoring.risk import Risk, assess
from etf_platform.scoring.strategies import combos, holding_advice, texts
from etf_platform.scoring.views import AssetView

ASSET = Asset(
    name="沪深300",
    symbol="000300.SH",
    vendor_symbol="sh000300",
    type="index",
    group="core",
    category="broad_index",
    listing_market="CN",
    underlying_market="CN",
    calendar="XSHG",
    panic_index=("CNVI",),
    applicable_factors=("hist", "tech"),
)
CALM = Technical(
    close=100.0,
    rsi=50.0,
    macd=1.0,
    macd_signal=0.5,
    dist20=0.01,
    volatility_20=0.15,
    volatility_20_limit=0.30,
    drawdown_250=-0.05,
    var_20=0.05,
)


def view(up_prob: float | None = 0.55, flow: float | None = 55.0, **technical) -> AssetView:
    down = None if up_prob is None else 1.0 - up_prob
    return AssetView(
        "HS300",
        ASSET,
        dt.date(2024, 3, 1),
        probabilities={20: Probability(20, up_prob=up_prob, down_prob=down)},
        technical=replace(CALM, **technical),
        flows=None if flow is None else Flow("margin", sentiment=flow),
    )


def risk_of(score: float | None) -> Risk:
    return Risk(score, score, "", "")


def test_the_published_example():
    """Down probability 0.72, MACD top divergence and RSI 82: 0.30 + 0.15 + 0.10 = 0.55, 高风险."""
    risk = assess(view(up_prob=0.28, macd_divergence="top", rsi=82.0))

    assert (risk.rule_risk, risk.risk_score, risk.level, risk.mark) == (0.55, 0.55, "高风险", "🔴🔴")
    assert risk.factors == ("历史20日下跌概率>70%", "MACD顶背离", "RSI严重超买(>80)")
    assert risk.is_high


def test_the_rules_reach_085_and_ours_add_to_at_most_one():
    worst = view(up_prob=0.1, flow=10.0, macd_divergence="top", rsi=90.0, dist20=-0.184, volatility_20=0.5)
    risk = assess(replace(worst, technical=replace(worst.technical, drawdown_250=-0.4, var_20=0.2)))

    assert (risk.rule_risk, risk.risk_score, risk.level) == (0.85, 1.0, "极高风险")
    assert risk.factors == (
        "历史20日下跌概率>70%",
        "MACD顶背离",
        "RSI严重超买(>80)",
        "MA20偏离>18%",
        "资金大幅流出",
        "20日波动率高于5年90分位",
        "距250日高点回撤>20%",
        "20日VaR(95%)>10%",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0.0),
        ({"up_prob": 0.45}, 0.10),
        ({"up_prob": 0.35}, 0.20),
        ({"up_prob": 0.25}, 0.30),
        ({"rsi": 75.0}, 0.05),
        ({"rsi": 70.0}, 0.0),
        ({"dist20": 0.16}, 0.10),
        ({"dist20": -0.16}, 0.10),
        ({"dist20": 0.15}, 0.0),
        ({"flow": 29.0}, 0.20),
        ({"flow": 30.0}, 0.10),
        ({"flow": 40.0}, 0.0),
        ({"volatility_20": 0.31}, 0.15),
        ({"drawdown_250": -0.21}, 0.15),
        ({"drawdown_250": -0.20}, 0.0),
        ({"var_20": 0.11}, 0.10),
    ],
)
def test_each_part_alone(changes, expected):
    assert assess(view(**changes)).risk_score == expected


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"up_prob": 0.25, "flow": 20.0, "rsi": 81.0, "dist20": 0.2}, "极高风险"),
        ({"up_prob": 0.35, "macd_divergence": "top", "volatility_20": 0.4}, "高风险"),
        ({"up_prob": 0.25}, "中风险"),
        ({"up_prob": 0.35}, "低风险"),
    ],
)
def test_levels_at_their_limits(changes, level):
    """0.70, 0.50 and 0.30 themselves belong to the higher level: no rounding of tenths takes them away."""
    assert assess(view(**changes)).level == level


def test_the_originals_rules_alone():
    risk = assess(view(up_prob=0.25, volatility_20=0.4), original_compatible=True)

    assert (risk.risk_score, risk.rule_risk) == (0.30, 0.30)


def test_what_cannot_be_judged_is_named_and_adds_nothing():
    risk = assess(view(up_prob=None, flow=None, var_20=None, rsi=75.0))

    assert risk.risk_score == 0.05
    assert risk.unavailable == ("20日下跌概率", "资金情绪", "20日VaR")
    assert risk.told == ("RSI超买(>70)", "不可用: 20日下跌概率、资金情绪、20日VaR")
    assert assess(view(rsi=75.0)).told == ("RSI超买(>70)",)


def test_without_indicators_there_is_no_risk_and_no_low_risk():
    bare = AssetView("HS300", ASSET, dt.date(2024, 3, 1))

    risk = assess(bare)

    assert (risk.risk_score, risk.rule_risk, risk.level, risk.mark, risk.is_high) == (None, None, "", "", None)
    assert len(risk.unavailable) == 8
    assert texts(bare, risk) == ()
    assert combos(bare, risk) == ()


@given(
    st.one_of(st.none(), st.floats(0.0, 1.0)),
    st.one_of(st.none(), st.floats(0.0, 100.0)),
    st.one_of(st.none(), st.floats(0.0, 100.0)),
)
def test_risk_is_a_share_and_ours_is_never_below_the_rules(up_prob, flow, rsi):
    risk = assess(view(up_prob=up_prob, flow=flow, rsi=rsi))

    assert 0.0 <= risk.rule_risk <= risk.risk_score <= 1.0


def test_advice_in_the_order_of_the_specification():
    bold = view(up_prob=0.65, rsi=75.0, macd_divergence="top")

    assert texts(bold, risk_of(0.75)) == (
        "历史概率支持，可以配置",
        "MACD顶背离，警惕回调",
        "RSI超买，不追高",
        "高风险，强烈建议减仓",
    )
    assert texts(view(up_prob=0.35, rsi=25.0), risk_of(0.2)) == (
        "历史概率偏空，建议减仓",
        "RSI超卖，可分批买入",
        "低风险，可以持有",
    )


def test_the_column_of_advice_is_the_first_text_that_holds():
    assert holding_advice(("历史概率支持，可以配置", "低风险，可以持有")) == "低风险，可以持有"
    assert holding_advice(("历史概率支持，可以配置",)) == "-"
    assert holding_advice(()) == "-"


def test_all_five_signs_of_a_bull_market():
    shown = combos(view(up_prob=0.65, flow=70.0), risk_of(0.1))

    assert [combo.text for combo in shown] == ["牛市确认 5/5", "抄底 2/3"]


def test_a_bear_market_counts_a_dead_cross_or_a_top_divergence_once():
    dead = view(up_prob=0.3, flow=30.0, rsi=75.0, macd=0.1, macd_signal=0.2, macd_divergence="top")

    shown = {combo.name: (combo.matched, combo.total) for combo in combos(dead, risk_of(0.65))}

    assert shown == {"熊市确认": (5, 5), "逃顶": (2, 4)}


def test_bottom_and_top_are_shown_from_two_signs():
    low = view(up_prob=0.55, flow=55.0, rsi=25.0)
    one = view(up_prob=0.45, flow=45.0, rsi=25.0)

    assert ("抄底", 3) in [(combo.name, combo.matched) for combo in combos(low, risk_of(0.5))]
    assert "抄底" not in [combo.name for combo in combos(one, risk_of(0.5))]


def test_a_combination_says_how_many_signs_could_not_be_judged():
    shown = combos(view(up_prob=None, flow=None), risk_of(0.1))

    assert [combo.text for combo in shown] == ["牛市确认 3/5 (2项不可用)"]
