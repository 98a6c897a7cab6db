"""What every factor of the scores must keep, run on each unit of the folder, and the published points of each."""

from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import etf_platform.scoring.factors
from etf_platform.core.catalog import collect
from etf_platform.core.config.scoring import Asset
from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.blocks import Flow, Panic, Probability, Technical, Valuation, VolumeBlock
from etf_platform.scoring.choose import ROWS, every_factor
from etf_platform.scoring.views import AssetView

DAY = date(2024, 6, 28)


def asset(group: str = "sector", market: str = "CN") -> Asset:
    return Asset(
        name="甲", symbol="510300.SH", vendor_symbol="510300", type="etf", group=group, category="finance",
        listing_market="CN", underlying_market=market, calendar="XSHG", panic_index=("CNVI",),
        applicable_factors=ROWS,
    )  # fmt: skip


TECHNICAL = Technical(rsi=50.0, macd=1.0, macd_signal=0.5, boll_position=0.5)
VOLUME = VolumeBlock(quality="中性", obv_trend="平稳", volume_ratio=1.0, today="up_up")
BARE = AssetView("A", asset(), DAY)
FULL = AssetView(
    "A",
    asset(),
    DAY,
    data_date=DAY,
    bars_age=0,
    close=10.0,
    change=0.01,
    probabilities={20: Probability(20, up_prob=0.5)},
    technical=TECHNICAL,
    volume=VOLUME,
    valuation=Valuation(12.0, 1.2, 0.5, 0.5, DAY, 0),
    flows=Flow("northbound", 50.0, 0.0, 0.0, None, 0, DAY, 0, "中性"),
    margin_sentiment=50.0,
    panic=Panic("CNVI", 20.0, as_of=DAY),
    sentiment_score=50.0,
)
FACTORS = every_factor()
BY_NAME = {unit.name: unit for unit in FACTORS}
every = pytest.mark.parametrize("unit", FACTORS, ids=lambda unit: unit.name)


def holds(scored: Scored) -> None:
    """A score has a detail; what has none has a reason, and never looks neutral."""
    if scored.available:
        assert 0.0 <= scored.score <= 100.0
        assert scored.detail and not scored.reason
    else:
        assert scored.score is None and scored.detail == "不可用"
        assert scored.reason and "中性" not in scored.reason


def test_the_folder_holds_the_six_rows_of_the_report_one_per_file():
    folder = Path(etf_platform.scoring.factors.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert {unit.name for unit in collect(etf_platform.scoring.factors, ScoreFactor)} == modules == set(ROWS)
    assert [unit.label for unit in FACTORS] == ["历史点位", "技术面", "估值面", "成交量", "资金面", "市场情绪"]


@every
def test_a_full_view_has_a_score(unit):
    assert unit.score(FULL).available
    holds(unit.score(FULL))


@every
def test_nothing_known_is_unavailable_with_a_reason(unit):
    assert not unit.score(BARE).available
    holds(unit.score(BARE))


@every
@pytest.mark.parametrize("group", ["core", "sector"])
@pytest.mark.parametrize("market", ["CN", "HK", "US", "GLOBAL"])
def test_any_field_of_the_view_may_be_unknown(unit, group, market):
    kind = "southbound" if market == "HK" else "northbound"
    full = replace(FULL, asset=asset(group, market), flows=replace(FULL.flows, kind=kind))

    for item in fields(AssetView):
        if item.name in ("key", "asset", "day"):
            continue
        empty = {"probabilities": {}, "reasons": {}, "source": ""}.get(item.name)
        holds(unit.score(replace(full, **{item.name: empty})))


@every
def test_any_field_of_a_block_may_be_unknown(unit):
    for name in ("technical", "volume", "valuation", "flows", "panic"):
        block = getattr(FULL, name)
        for item in fields(block):
            if item.name in ("kind", "name"):
                continue
            bare = "" if isinstance(getattr(block, item.name), str) else None
            for group in ("core", "sector"):
                view = replace(FULL, asset=asset(group), **{name: replace(block, **{item.name: bare})})
                holds(unit.score(view))


REQUIRED = {
    "hist": [("probabilities", {}), ("probabilities", {20: Probability(20, reason="独立样本2个，少于3个")})],
    "tech": [("technical", None)] + [("technical", replace(TECHNICAL, **{name: None}))
             for name in ("rsi", "macd", "macd_signal", "boll_position")],
    "valuation": [("valuation", None), ("valuation", Valuation(pe_percentile=0.5)),
                  ("valuation", Valuation(pb_percentile=0.5))],
    "volume": [("volume", None), ("volume", replace(VOLUME, quality="")), ("volume", replace(VOLUME, obv_trend="")),
               ("volume", replace(VOLUME, volume_ratio=None))],
    "capital": [("flows", None), ("flows", Flow("northbound", five_day=1.0)), ("flows", Flow("southbound", 60.0))],
    "sentiment": [("panic", None), ("panic", Panic("CNVI")), ("sentiment_score", None)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "field", "value"), [(name, *case) for name, cases in REQUIRED.items() for case in cases]
)
def test_a_required_input_that_is_missing_makes_the_factor_unavailable(name, field, value):
    scored = BY_NAME[name].score(replace(FULL, **{field: value}))

    assert not scored.available
    holds(scored)


def test_reasons_of_the_view_reach_the_reader():
    view = replace(BARE, reasons={"bars": "没有K线", "valuation": "没有公布", "capital": "已停止", "panic": "过期"})

    assert [unit.score(view).reason for unit in FACTORS] == [
        "没有K线",
        "没有K线",
        "没有公布",
        "没有K线",
        "已停止",
        "过期",
    ]


def test_the_reason_of_a_probability_is_its_own():
    view = replace(FULL, probabilities={20: Probability(20, reason="独立样本2个，少于3个")})

    assert BY_NAME["hist"].score(view).reason == "独立样本2个，少于3个"


number = st.none() | st.floats(-1e12, 1e12, allow_nan=False)
share = st.none() | st.floats(0.0, 1.0)
word = st.sampled_from(["", "中性", "优秀", "极弱", "偏弱", "上升", "下降", "平稳", "乐观", "悲观", "top", "bottom"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@every
def test_whatever_is_known_the_score_is_inside_its_bounds(unit, data):
    draw = data.draw
    view = replace(
        FULL,
        asset=asset(draw(st.sampled_from(["core", "sector"])), draw(st.sampled_from(["CN", "HK", "US", "GLOBAL"]))),
        probabilities={20: Probability(20, up_prob=draw(share))},
        technical=Technical(rsi=draw(number), macd=draw(number), macd_signal=draw(number), boll_position=draw(number),
                            divergence=draw(word)),
        volume=VolumeBlock(quality=draw(word), obv_trend=draw(word), volume_ratio=draw(number)),
        valuation=Valuation(pe_percentile=draw(share), pb_percentile=draw(share)),
        flows=Flow(draw(st.sampled_from(["northbound", "southbound", "margin"])), draw(number), five_day=draw(number),
                   text=draw(word)),
        margin_sentiment=draw(number), panic=Panic("CNVI", draw(number)), sentiment_score=draw(number),
    )  # fmt: skip

    holds(unit.score(view))
    holds(unit.score(view))
    assert unit.score(view) == unit.score(view)


# published points and texts


def of(name: str, **changes: object) -> tuple[float | None, str]:
    scored = BY_NAME[name].score(replace(FULL, **changes))
    return scored.score, scored.detail


def test_hist_is_the_probability():
    assert of("hist", probabilities={20: Probability(20, up_prob=0.938)}) == (pytest.approx(93.8), "上涨概率93.8%")


@pytest.mark.parametrize(
    ("changes", "score", "detail"),
    [
        ({"rsi": 25.0}, 85.0, "RSI超卖 MACD金叉"),
        ({"rsi": 30.0}, 75.0, "RSI偏低 MACD金叉"),
        ({"rsi": 40.0}, 65.0, "MACD金叉"),
        ({"rsi": 60.0}, 65.0, "MACD金叉"),
        ({"rsi": 60.1}, 55.0, "RSI偏高 MACD金叉"),
        ({"rsi": 70.0}, 55.0, "RSI偏高 MACD金叉"),
        ({"rsi": 70.1}, 45.0, "RSI超买 MACD金叉"),
        ({"macd": 0.5}, 40.0, "MACD死叉"),
        ({"boll_position": 0.19}, 75.0, "MACD金叉 布林下轨"),
        ({"boll_position": 0.20}, 65.0, "MACD金叉"),
        ({"boll_position": 0.80}, 65.0, "MACD金叉"),
        ({"boll_position": 0.81}, 55.0, "MACD金叉 布林上轨"),
        ({"divergence": "bottom"}, 80.0, "MACD金叉 底背离"),
        ({"divergence": "top"}, 50.0, "MACD金叉 顶背离"),
        ({"rsi": 20.0, "boll_position": 0.1, "divergence": "bottom"}, 100.0, "RSI超卖 MACD金叉 布林下轨 底背离"),
        (
            {"rsi": 90.0, "macd": 0.0, "boll_position": 0.9, "divergence": "top"},
            0.0,
            "RSI超买 MACD死叉 布林上轨 顶背离",
        ),
    ],
)
def test_tech(changes, score, detail):
    assert of("tech", technical=replace(TECHNICAL, **changes)) == (score, detail)


@pytest.mark.parametrize(
    ("pe", "pb", "score", "detail"),
    [
        (0.15, 0.25, 90.0, "PE低估(15%) PB低估"),
        (0.12, 0.50, 80.0, "PE低估(12%)"),
        (0.20, 0.50, 65.0, "PE偏低"),
        (0.40, 0.30, 50.0, "中性"),
        (0.60, 0.70, 50.0, "中性"),
        (0.61, 0.50, 35.0, "PE偏高"),
        (0.80, 0.50, 35.0, "PE偏高"),
        (0.81, 0.71, 10.0, "PE高估 PB高估"),
    ],
)
def test_valuation_low_is_cheap_and_adds(pe, pb, score, detail):
    assert of("valuation", valuation=Valuation(12.0, 1.2, pe, pb, DAY)) == (score, detail)


@pytest.mark.parametrize(
    ("changes", "score", "detail"),
    [
        ({"quality": "优秀", "obv_trend": "上升", "volume_ratio": 2.4}, 100.0, "量价优秀 OBV上升 放量(2.4x)"),
        ({"quality": "优秀"}, 75.0, "量价优秀"),
        ({"quality": "偏强"}, 60.0, "量价偏强"),
        ({"obv_trend": "上升"}, 75.0, "量价中性 OBV上升"),
        ({"volume_ratio": 2.1}, 70.0, "量价中性 放量(2.1x)"),
        ({}, 60.0, "量价中性"),
        ({"quality": "偏弱"}, 40.0, "量价偏弱"),
        ({"quality": "极弱", "obv_trend": "下降", "volume_ratio": 0.4}, 10.0, "量价极弱 OBV下降 极度缩量"),
        ({"volume_ratio": 2.0}, 60.0, "量价中性"),
        ({"volume_ratio": 0.5}, 60.0, "量价中性"),
    ],
)
def test_volume(changes, score, detail):
    assert of("volume", volume=replace(VOLUME, **changes)) == (score, detail)


@pytest.mark.parametrize(
    ("kind", "market", "sentiment", "score", "detail"),
    [
        ("northbound", "CN", 60.1, 75.0, "北向资金流入"),
        ("northbound", "CN", 60.0, 60.0, "北向资金小幅流入"),
        ("northbound", "CN", 50.1, 60.0, "北向资金小幅流入"),
        ("northbound", "CN", 50.0, 50.0, "中性"),
        ("northbound", "CN", 49.9, 40.0, "北向资金小幅流出"),
        ("northbound", "CN", 40.0, 40.0, "北向资金小幅流出"),
        ("northbound", "CN", 39.9, 25.0, "北向资金流出"),
        ("southbound", "HK", 61.0, 75.0, "南向资金流入"),
        ("southbound", "HK", 39.0, 25.0, "南向资金流出"),
        ("margin", "CN", 61.0, 75.0, "融资资金流入"),
        ("margin", "CN", 39.0, 25.0, "融资资金流出"),
        ("northbound", "US", 61.0, 65.0, "北向资金流入"),
        ("northbound", "US", 55.0, 50.0, "中性"),
        ("northbound", "GLOBAL", 40.0, 50.0, "中性"),
        ("northbound", "GLOBAL", 39.0, 35.0, "北向资金流出"),
    ],
)
def test_capital_of_sector_assets_by_bands(kind, market, sentiment, score, detail):
    assert of("capital", asset=asset("sector", market), flows=Flow(kind, sentiment)) == (score, detail)


@pytest.mark.parametrize(
    ("text", "score"),
    [("极度乐观", 75.0), ("乐观", 75.0), ("悲观", 25.0), ("极度悲观", 25.0), ("", None), ("中性", None)],
)
def test_hong_kong_takes_the_status_text_where_there_is_no_number(text, score):
    assert of("capital", asset=asset("sector", "HK"), flows=Flow("southbound", text=text))[0] == score


@pytest.mark.parametrize(
    ("five_day", "margin", "score"),
    [
        (5.1e9, 50.0, 75.0),
        (5.0e9, 50.0, 60.0),
        (0.0, 50.0, 50.0),
        (-5.0e9, 50.0, 40.0),
        (-5.1e9, 50.0, 25.0),
        (5.1e9, 61.0, 85.0),
        (5.1e9, 60.0, 75.0),
        (5.1e9, 40.0, 75.0),
        (-5.1e9, 39.0, 15.0),
        (5.1e9, None, None),
        (None, 50.0, None),
    ],
)
def test_capital_of_core_cn_assets_by_northbound_and_margin(five_day, margin, score):
    flows = Flow("northbound", 90.0, five_day=five_day)

    assert of("capital", asset=asset("core"), flows=flows, margin_sentiment=margin)[0] == score


@pytest.mark.parametrize(
    ("five_day", "score"), [(3.1e9, 75.0), (3.0e9, 60.0), (0.0, 50.0), (-3.0e9, 40.0), (-3.1e9, 25.0)]
)
def test_capital_of_core_hk_assets_by_southbound(five_day, score):
    flows = Flow("southbound", 50.0, five_day=five_day)

    assert of("capital", asset=asset("core", "HK"), flows=flows, margin_sentiment=None)[0] == score


def test_after_the_break_core_assets_are_judged_by_margin_once():
    view = {"asset": asset("core"), "flows": Flow("margin", 61.0, five_day=9e9), "margin_sentiment": 61.0}

    assert of("capital", **view) == (75.0, "融资资金流入")


def test_a_flow_of_another_market_says_nothing():
    """513120 was judged by northbound flow."""
    scored = BY_NAME["capital"].score(replace(FULL, asset=asset("sector", "HK")))

    assert not scored.available and scored.reason == "北向资金与市场HK无关"


@pytest.mark.parametrize(
    ("panic", "mood", "score", "detail"),
    [
        (31.2, 50.0, 80.0, "极度恐慌(31.2)"),
        (30.0, 50.0, 80.0, "极度恐慌(30.0)"),
        (25.0, 50.0, 65.0, "恐慌偏高"),
        (24.9, 50.0, 50.0, "中性"),
        (15.0, 30.0, 50.0, "中性"),
        (14.9, 70.0, 35.0, "过度乐观"),
        (35.0, 29.9, 90.0, "极度恐慌(35.0) 情绪低迷"),
        (10.0, 70.1, 25.0, "过度乐观 情绪亢奋"),
    ],
)
def test_sentiment_goes_against_the_crowd(panic, mood, score, detail):
    assert of("sentiment", panic=Panic("VIX", panic, as_of=DAY), sentiment_score=mood) == (score, detail)


def test_all_inputs_missing_leaves_no_score_at_all():
    assert [unit.score(BARE).score for unit in FACTORS] == [None] * 6


# as the original scored


COMPATIBLE = {unit.name: unit for unit in every_factor(original_compatible=True)}


def test_the_original_gave_what_was_missing_fifty_and_valuation_a_hundred():
    sector = {name: unit.score(BARE).score for name, unit in COMPATIBLE.items()}
    core = {name: unit.score(replace(BARE, asset=asset("core"))).score for name, unit in COMPATIBLE.items()}

    assert sector == dict.fromkeys(ROWS, 50.0) | {"valuation": 100.0}
    assert core == dict.fromkeys(ROWS, 50.0)


def test_the_original_counts_a_missing_panic_index_as_twenty():
    scored = COMPATIBLE["sentiment"].score(replace(FULL, panic=None, sentiment_score=20.0))

    assert (scored.score, scored.detail) == (60.0, "情绪低迷 恐慌指数缺失按20计")
    assert scored.inputs["panic_value"] == 20.0


@pytest.mark.parametrize("name", [name for name in ROWS if name not in ("volume",)])
def test_what_is_known_the_original_scored_as_ours(name):
    assert COMPATIBLE[name].score(FULL) == BY_NAME[name].score(FULL)


@pytest.mark.parametrize(
    ("today", "trend", "ratio", "score"),
    [
        ("up_up", "上升", 2.1, 100.0),
        ("up_up", "平稳", 1.0, 75.0),
        ("down_down", "平稳", 1.0, 60.0),
        ("down_up", "平稳", 1.0, 30.0),
        ("up_down", "平稳", 1.0, 45.0),
        ("down_up", "下降", 0.4, 10.0),
        ("", "上升", 1.0, 65.0),
        ("", "平稳", 2.1, 60.0),
        ("", "平稳", 1.0, 50.0),
    ],
)
def test_the_originals_volume_rule_of_core_assets(today, trend, ratio, score):
    block = VolumeBlock(today=today, obv_trend=trend, volume_ratio=ratio)

    assert COMPATIBLE["volume"].score(replace(FULL, asset=asset("core"), volume=block)).score == score


def test_the_original_took_nothing_for_the_weakest_quality():
    view = replace(FULL, volume=replace(VOLUME, quality="极弱"))

    assert (BY_NAME["volume"].score(view).score, COMPATIBLE["volume"].score(view).score) == (30.0, 50.0)


def test_compatible_scores_are_never_the_default():
    assert all(unit.score(BARE).score is None for unit in every_factor())
