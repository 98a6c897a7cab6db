"""A small market day written by hand: four assets, one without bars, one that broke."""

import datetime as dt
from dataclasses import replace

import pytest

from etf_platform.reports.scoring import document as d
from etf_platform.reports.scoring.positions import Position, Positions

DAY = dt.date(2025, 5, 30)
FACTORS = ("历史点位", "技术面", "估值面", "成交量", "资金面", "市场情绪")
BANDS = (
    d.Band("强烈看多", "✅✅", "✅✅ 强烈看多 (建议积极配置)"),
    d.Band("看多", "✅", "✅ 看多 (可以适度配置)"),
    d.Band("中性偏多", "⚖️", "⚖️ 中性偏多 (观望或少量配置)"),
    d.Band("中性", "⚖️", "⚪ 中性 (观望为主)"),
    d.Band("看空", "🔴", "🔴 看空 (暂不建议参与)"),
)
REGIMES = (
    d.Regime("牛市上升期", "🚀", 0.70, 0.90, 80, "积极配置,把握上涨机会"),
    d.Regime("牛市震荡期", "📈", 0.60, 0.80, 70, "维持较高仓位,逢低加仓"),
    d.Regime("震荡市", "🟡", 0.50, 0.70, 65, "控制仓位,高抛低吸"),
    d.Regime("熊市反弹期", "⚠️", 0.40, 0.60, 60, "谨慎参与反弹,保留现金"),
    d.Regime("熊市下跌期", "📉", 0.30, 0.50, 75, "严控仓位,保留现金为主"),
)


@pytest.fixture(scope="session")
def report() -> d.MarketReport:
    return make_report()


@pytest.fixture(scope="session")
def empty() -> d.MarketReport:
    """Nothing is known: no asset, no market, no positions."""
    return d.MarketReport(DAY, dt.datetime(2025, 5, 30, 16, 45), BANDS)


def make_report() -> d.MarketReport:
    return d.MarketReport(
        day=DAY,
        generated_at=dt.datetime(2025, 5, 30, 16, 45),
        bands=BANDS,
        assets=(hs300(), nasdaq(), bitcoin(), liquor(), power()),
        failures=(d.Failure("A股化工", "reading the bars of a scored asset: no column volume"),),
        indices=(
            d.IndexLine("沪深300", 3840.23, -0.0048, "看多", "✅"),
            d.IndexLine("纳斯达克 (代理: QQQ.US)", 519.11, 0.0, "中性偏多", "⚖️"),
        ),
        panic=(
            d.PanicLine("美股", d.Fear("VIX", 19.18, "😊 正常区间", "正常操作,可适度乐观", dt.date(2025, 5, 29))),
            d.PanicLine("港股", None, "没有收录VHSI数据"),
            d.PanicLine("A股", d.Fear("CNVI", 23.875, "😊 正常区间", "正常操作,可适度乐观", DAY)),
        ),
        panic_summary="两市场(美股、A股)情绪正常，可正常操作",
        state=d.MarketView(REGIMES[0], 1.2, 1, 1, 2, 0.006, 0.20, 1.0, ("HS300", "CYBZ", "KECHUANG50")),
        regimes=REGIMES,
        positions=Positions(
            (Position("沪深300ETF", "510300", "HS300", 0.28, 280000.0), Position("国债", "", "", 0.1, None)),
            "positions_20250529.json",
        ),
        institutional=d.Institutional(
            (d.Percentiles(5, 0.12, 0.18), d.Percentiles(10, 0.35, None)),
            (d.Breadth(20, 6, 3, 22), d.Breadth(60, 0, 0, 22)),
            d.Margin(1.805e12, 0.0021, 55.0, "中性", dt.date(2025, 5, 29)),
        ),
        method="正交合成 (近期样本, 252个交易日)",
        source="local",
    )


def hs300() -> d.AssetReport:
    """A core asset for which nearly everything is there; its total is 65.0, the mean of the orthogonal scores."""
    return d.AssetReport(
        "HS300",
        "沪深300",
        "000300.SH",
        "core",
        "broad_index",
        type="index",
        underlying_market="CN",
        data_date=DAY,
        close=3840.23,
        change=-0.0048,
        status="PASS",
        total=65.0,
        raw_total=61.5,
        direction="看多",
        mark="✅",
        position="60-70%",
        available=6,
        applicable=6,
        factors=tuple(
            d.FactorRow(label, True, True, raw, orth, 1 / 6, detail)
            for label, raw, orth, detail in zip(
                FACTORS,
                (62.0, 85.0, 90.0, 50.0, 40.0, 42.0),
                (80.0, 60.0, 100.0, 50.0, 50.0, 50.0),
                ("上涨概率62.0%", "RSI超卖 MACD金叉", "PE低估(12%) PB低估", "量价中性", "融资资金流出", "情绪亢奋"),
                strict=True,
            )
        ),
        chances=(
            d.Chance(
                20, 0.62, 0.472, 0.786, 0.55, 41, 9, 0.474, 0.012, 0.009, 0.05, 0.07, 0.4, -0.2, -0.11, "震荡市", 0.5
            ),
            d.Chance(60, reason="2个独立样本，少于3个"),
        ),
        technical=technical(),
        volume=volume(),
        valuation=d.Worth(12.6, 1.32, 0.12, 0.18, 0.061, DAY),
        flows=d.Money("margin", 55.0, 1e9, 3.8e9, 0.0021, dt.date(2025, 5, 29), "中性"),
        margin=d.Margin(1.805e12, 0.0021, 55.0, "中性", dt.date(2025, 5, 29)),
        panic=d.Fear("CNVI", 23.875, "😊 正常区间", "正常操作,可适度乐观", DAY),
        sentiment_score=71.2,
        risk=d.RiskFacts(0.15, 0.0, "低风险", "✅", ("20日波动率高于5年90分位",), ("20日VaR",)),
        strategies=("历史概率支持，可以配置", "低风险，可以持有"),
        combos=("牛市确认 3/5",),
        target_weight=0.2,
        source="cn_indices",
    )


def nasdaq() -> d.AssetReport:
    """A core asset whose bars are a proxy's, and whose valuation is unknown."""
    known = replace(hs300().factors[0], orth_score=52.0, score=55.0, weight=0.25, detail="上涨概率55.0%")
    return d.AssetReport(
        "NASDAQ",
        "纳斯达克",
        "^IXIC",
        "core",
        "tech_index",
        type="index",
        underlying_market="US",
        proxy="QQQ.US",
        data_date=dt.date(2025, 5, 29),
        close=519.11,
        change=0.0,
        status="WARN",
        reason="估值面: 没有收录^IXIC的PE数据",
        total=52.0,
        raw_total=55.0,
        direction="中性偏多",
        mark="⚖️",
        position="50-60%",
        available=4,
        applicable=5,
        factors=(
            known,
            replace(known, label="技术面"),
            d.FactorRow("估值面", reason="没有收录^IXIC的PE数据"),
            replace(known, label="成交量"),
            d.FactorRow("资金面", applicable=False),
            replace(known, label="市场情绪"),
        ),
        chances=(d.Chance(20, 0.55, 0.5, 0.6, 0.56, 80, 12, 0.545, 0.01, 0.012),),
        technical=technical(),
        volume=volume(),
        panic=d.Fear("VIX", 19.18, "😊 正常区间", "正常操作,可适度乐观", dt.date(2025, 5, 29)),
        sentiment_score=48.0,
        risk=d.RiskFacts(0.0, 0.0, "低风险", "✅"),
        strategies=("低风险，可以持有",),
        source="us_total_return (proxy QQQ.US)",
        reasons={"valuation": "没有收录^IXIC的PE数据"},
    )


def bitcoin() -> d.AssetReport:
    """A core asset without bars."""
    why = "没有收录BTC-USD的行情"
    return d.AssetReport(
        "BTC",
        "比特币",
        "BTC-USD",
        "core",
        "crypto",
        underlying_market="GLOBAL",
        reason=why,
        applicable=4,
        factors=tuple(d.FactorRow(label, label not in ("估值面", "资金面"), reason=why) for label in FACTORS),
        reasons={"bars": why, "panic": "没有收录VIX数据", "sentiment": why},
    )


def liquor() -> d.AssetReport:
    """A sector asset that is 强烈看多: its factor table is shown."""
    factors = tuple(replace(row, orth_score=77.25) for row in hs300().factors)
    return replace(
        hs300(),
        key="CN_LIQUOR",
        name="A股白酒",
        symbol="512690.SH",
        group="sector",
        category="consumer",
        type="etf",
        close=0.593,
        change=0.0123,
        total=77.25,
        raw_total=61.5,
        direction="强烈看多",
        mark="✅✅",
        position="70-80%",
        factors=factors,
        margin=None,
        flows=d.Money("northbound", 66.0, 1e9, 7.5e9, None, DAY, "乐观"),
    )


def power() -> d.AssetReport:
    """A sector asset that is 看空: no factor table unless all are asked for."""
    return replace(
        liquor(),
        key="CN_POWER",
        name="A股电力",
        symbol="159611.SZ",
        category="utilities",
        total=38.4,
        direction="看空",
        mark="🔴",
        position="20-30%",
        chances=(d.Chance(20, 0.38, 0.3, 0.45, 0.5, 30, 6, 0.375, -0.01, -0.02),),
        strategies=("历史概率偏空，建议减仓",),
        flows=None,
        target_weight=0.0,
        reasons={"capital": "没有收录北向资金净流入数据"},
    )


def technical() -> d.Indicators:
    return d.Indicators(
        rsi=25.0,
        macd=1.2,
        macd_signal=0.8,
        k=30.5,
        d=36.7,
        j=18.0,
        boll_position=0.43,
        plus_di=21.0,
        minus_di=18.0,
        adx=25.4,
        macd_divergence="top",
        divergence_age=7,
        pivot=3838.1,
        r1=3850.0,
        r2=3862.5,
        s1=3828.4,
        s2=3816.9,
    )


def volume() -> d.Volumes:
    return d.Volumes(
        degree=55.0,
        status="震荡",
        quality="中性",
        obv_trend="上升",
        volume_ratio=1.2,
        ratio_level="正常",
        breakout="未突破",
        breakout_signal="观望",
        resistance=3900.0,
        signal="中性偏多",
    )
