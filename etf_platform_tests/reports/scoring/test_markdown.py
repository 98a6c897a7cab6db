"""The Markdown report reads as specified: order, wording, marks, and what is said where nothing is known."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from etf_platform.reports.scoring import document as d
from etf_platform.reports.scoring import report_markdown

TOP_LEVEL = [
    "# 📊 市场洞察报告",
    "## 🎯 【建议】",
    "## 🔥 今日市场大盘分析",
    "## 💼 【我的持仓分析】",
    "## 📊 标的汇总",
    "## 🏛️ 机构级核心指标",
    "## 四大科技指数",
    "## 宽基指数",
    "## 加密货币",
    "## CONSUMER: A股白酒",
    "## UTILITIES: A股电力",
    "## ⚠️ 分析失败",
    "## 📖 【投资纪律】",
]
CORE_PARTS = [
    "当前点位",
    "综合判断",
    "历史点位分析",
    "技术面分析",
    "估值分析 (A股专属)",
    "资金面分析",
    "成交量分析",
    "支撑压力位",
    "市场宽度 (A股专属)",
    "综合市场情绪",
    "恐慌指数 (CNVI)",
    "相对强度分析 (Alpha/Beta)",
    "筹码分布",
    "量价背离",
]
SECTOR_PARTS = [
    "当前点位",
    "综合判断",
    "历史点位分析",
    "技术面分析",
    "资金面分析",
    "风险评估",
    "量能分析",
    "支撑压力位",
]


def headings(markdown: str, level: int) -> list[str]:
    return [line for line in markdown.splitlines() if re.match(f"#{{{level}}} ", line)]


def section(markdown: str, heading: str) -> list[str]:
    """Lines that are not blank from a heading to the next of its level or a higher one."""
    lines = markdown.splitlines()
    first = lines.index(heading)
    level = len(heading.split(" ")[0])
    rest = lines[first + 1 :]
    stop = next((i for i, line in enumerate(rest) if re.match(f"#{{1,{level}}} ", line)), len(rest))
    return [line for line in rest[:stop] if line]


def test_sections_stand_in_their_order(report):
    markdown = report_markdown(report)

    assert headings(markdown, 1) + headings(markdown, 2) == TOP_LEVEL


def test_the_beginning_word_by_word(report):
    markdown = report_markdown(report)

    assert markdown.startswith(
        "# 📊 市场洞察报告\n\n**生成时间**: 2025-05-30 16:45:00\n\n**交易日**: 2025-05-30\n\n"
        "**合成方法**: 正交合成 (近期样本, 252个交易日)\n\n---\n\n## 🎯 【建议】\n\n"
        "根据你的交易系统生成的6个资产分析报告，我来为你筛选当前建议参与的标的：\n\n"
        "### ✅✅ 强烈看多 (建议积极配置)\n\n- A股白酒\n\n"
        "### ✅ 看多 (可以适度配置)\n\n- 沪深300\n\n"
        "### ⚖️ 中性偏多 (观望或少量配置)\n\n- 纳斯达克\n\n"
        "### 🔴 看空 (暂不建议参与)\n\n- A股电力\n\n"
        "**数据不足，未给建议**: A股化工、比特币\n\n---\n\n## 🔥 今日市场大盘分析\n"
    )


def test_names_of_a_list_are_joined_and_empty_lists_left_out(report):
    both = tuple(replace(asset, direction="中性", mark="⚖️") if asset.is_judged else asset for asset in report.assets)

    markdown = report_markdown(replace(report, assets=both))
    assert section(markdown, "### ⚪ 中性 (观望为主)")[0] == "- 沪深300、纳斯达克、A股白酒、A股电力"
    assert "看空 (" not in markdown and "看多 (" not in markdown


def test_the_market_word_by_word(report):
    markdown = report_markdown(report)

    assert section(markdown, "## 🔥 今日市场大盘分析") == [
        "### 📈 核心指数表现",
        "| 指数 | 最新价格 | 涨跌幅 | 方向判断 |",
        "|---|---:|---:|---|",
        "| 沪深300 | 3840.23 | -0.48% 🟢 | 看多✅ |",
        "| 纳斯达克 (代理: QQQ.US) | 519.11 | 0.00% | 中性偏多⚖️ |",
        "### 😱 市场恐慌指数",
        "| 市场 | 指数 | 数值 | 状态 | 操作建议 |",
        "|---|---|---:|---|---|",
        "| 美股 | VIX | 19.18 | 😊 正常区间 | 正常操作,可适度乐观 |",
        "| 港股 | - | 不可用 | 不可用 | 没有收录VHSI数据 |",
        "| A股 | CNVI | 23.88 | 😊 正常区间 | 正常操作,可适度乐观 |",
        "**综合判断**: 两市场(美股、A股)情绪正常，可正常操作",
        "### 🌍 市场环境与仓位策略",
        "**当前市场状态**: 🚀 牛市上升期",
        "**多维度分析**:",
        "| 维度 | 评分 | 数据 | 说明 |",
        "|---|---:|---|---|",
        "| 短期趋势 | +1.0 | 当日均涨+0.60% | 🚀 温和 |",
        "| 长期趋势 | +1.0 | 年内累计+20.0% | 🚀 牛市 |",
        "| 市场宽度 | +2.0 | 100%指数上涨 | ✅ 普涨 |",
        "| **综合评分** | **1.20** | 范围:-2到+2 | 置信度: 80% |",
        "**战略仓位建议** (按周调整):",
        "- **建议仓位**: 7-9成 (70%-90%)",
        "- **现金储备**: 1-3成 (10%-30%)",
        "- **操作策略**: 积极配置,把握上涨机会",
        "- **调整周期**: 每周复盘后调整",
        "**动态仓位参考**:",
        "- 🚀 牛市上升期: 7-9成 ← 当前",
        "- 📈 牛市震荡期: 6-8成",
        "- 🟡 震荡市: 5-7成",
        "- ⚠️ 熊市反弹期: 4-6成",
        "- 📉 熊市下跌期: 3-5成",
        "---",
    ]


def test_the_overview_word_by_word(report):
    markdown = report_markdown(report)

    assert section(markdown, "### 📋 分析概览") == [
        "- **总资产数**: 6",
        "- **成功分析**: 4",
        "- **失败数**: 2",
        "| 标的名称 | 当前价格 | 涨跌幅 | 方向判断 | 多因子评分 | 建议仓位 | 20日上涨概率 | 风险等级 | 持有建议 "
        "| 有效因子 | 数据日期 |",
        "|---|---:|---:|---|---:|---|---:|---|---|---|---|",
        "| 沪深300 | 3840.23 | -0.48% 🟢 | 看多✅ | 65.0 | 60-70% | 62.0% 🔴 | ✅ 低风险 | 低风险，可以持有 | 6/6 "
        "| 2025-05-30 |",
        "| 纳斯达克 (代理: QQQ.US) | 519.11 | 0.00% | 中性偏多⚖️ | 52.0 | 50-60% | 55.0% | ✅ 低风险 "
        "| 低风险，可以持有 | 4/5 | 2025-05-29 |",
        "| 比特币 | 不可用 | 不可用 | 数据不足 | 不可用 | - | 不可用 | 不可用 | - | 0/4 | 不可用 |",
        "| A股白酒 | 0.593 | +1.23% 🔴 | 强烈看多✅✅ | 77.2 | 70-80% | 62.0% 🔴 | ✅ 低风险 | 低风险，可以持有 | 6/6 "
        "| 2025-05-30 |",
        "| A股电力 | 0.593 | +1.23% 🔴 | 看空🔴 | 38.4 | 20-30% | 38.0% 🟢 | ✅ 低风险 | - | 6/6 | 2025-05-30 |",
        "---",
    ]


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.6, "60.0% 🔴"), (0.5999, "59.9%"), (0.4, "40.0%"), (0.3999, "39.9% 🟢")]
)
def test_probabilities_are_marked_from_60_and_below_40_percent(report, probability, shown):
    asset = replace(report.assets[0], chances=(d.Chance(20, probability),))

    assert f"| {shown} | ✅ 低风险 |" in report_markdown(replace(report, assets=(asset,)))


@pytest.mark.parametrize(("total", "shown"), [(39.96, "39.9"), (40.0, "40.0"), (39.94, "39.9"), (74.999999, "74.9")])
def test_a_total_is_not_rounded_up_to_a_limit_that_it_does_not_reach(report, total, shown):
    asset = replace(report.assets[0], total=total)

    assert f"| 看多✅ | {shown} | 60-70% |" in report_markdown(replace(report, assets=(asset,)))


def test_the_factor_table_word_by_word(report):
    lines = section(report_markdown(report), "### 沪深300")

    first = lines.index("**多因子评分**:")
    assert lines[first + 1 : first + 10] == [
        "| 因子 | 评分 | 正交分 | 权重 | 加权分 | 关键指标 |",
        "|---|---:|---:|---:|---:|---|",
        "| 历史点位 | 62.0 | 80.0 | 16.7% | 13.3 | 上涨概率62.0% |",
        "| 技术面 | 85.0 | 60.0 | 16.7% | 10.0 | RSI超卖 MACD金叉 |",
        "| 估值面 | 90.0 | 100.0 | 16.7% | 16.7 | PE低估(12%) PB低估 |",
        "| 成交量 | 50.0 | 50.0 | 16.7% | 8.3 | 量价中性 |",
        "| 资金面 | 40.0 | 50.0 | 16.7% | 8.3 | 融资资金流出 |",
        "| 市场情绪 | 42.0 | 50.0 | 16.7% | 8.3 | 情绪亢奋 |",
        "| **总分** | **61.5** | **65.0** | 100% | **65.0** | 看多✅ |",
    ]


def test_an_unavailable_factor_is_said_to_be_so_and_one_that_cannot_exist_too(report):
    lines = section(report_markdown(report), "### 纳斯达克 (代理: QQQ.US)")

    assert "| 估值面 | 不可用 | - | - | - | 没有收录^IXIC的PE数据 |" in lines
    assert "| 资金面 | 不适用 | - | - | - | - |" in lines


def test_equal_weights_have_no_orthogonal_scores(report):
    asset = report.assets[0]
    plain = replace(asset, factors=tuple(replace(row, orth_score=None) for row in asset.factors), total=61.5)

    lines = section(report_markdown(replace(report, assets=(plain,))), "### 沪深300")
    assert "| 技术面 | 85.0 | - | 16.7% | 14.2 | RSI超卖 MACD金叉 |" in lines
    assert "| **总分** | **61.5** | - | 100% | **61.5** | 看多✅ |" in lines


def test_a_factor_whose_column_was_dropped_is_not_counted(report):
    asset = report.assets[0]
    dropped = replace(asset.factors[3], orth_score=None, weight=None)

    lines = section(
        report_markdown(replace(report, assets=(replace(asset, factors=(*asset.factors[:3], dropped)),))),
        "### 沪深300",
    )
    assert "| 成交量 | 50.0 | 剔除 | - | - | 量价中性 |" in lines


def test_sector_assets_have_a_factor_table_when_strong_or_when_all_are_asked_for(report):
    strong, weak = "## CONSUMER: A股白酒", "## UTILITIES: A股电力"

    markdown, everything = report_markdown(report), report_markdown(replace(report, factor_table="all"))
    assert "**多因子评分**:" in section(markdown, strong)
    assert "**多因子评分**:" not in section(markdown, weak)
    assert "**多因子评分**:" in section(everything, weak)


def test_parts_of_a_core_and_of_a_sector_asset_stand_in_their_order(report):
    markdown = report_markdown(report)

    core, sector = section(markdown, "### 沪深300"), section(markdown, "## CONSUMER: A股白酒")
    assert [line[5:] for line in core if line.startswith("#### ")] == CORE_PARTS
    assert [line[4:] for line in sector if line.startswith("### ")] == SECTOR_PARTS
    assert sector[0] == "**描述**: A股白酒 (512690.SH)"


def test_a_sector_asset_word_by_word(report):
    lines = section(report_markdown(report), "## UTILITIES: A股电力")

    first = lines.index("### 综合判断")
    assert lines[first + 1 :] == [
        "- **方向判断**: 看空🔴",
        "- **建议仓位**: 20-30%",
        "- **信号组合**: 牛市确认 3/5",
        "**操作策略**:",
        "- 历史概率偏空，建议减仓",
        "### 历史点位分析",
        "- **相似点位**: 30 个 (独立样本 6 个)",
        "| 周期 | 上涨概率 | 平均收益 | 收益中位 | 置信度 |",
        "|---|---:|---:|---:|---:|",
        "| 未来20日 | 38.0% 🟢 | -1.00% | -2.00% | 37.5% |",
        "- **20日概率80%区间**: 30.0% 至 45.0%，基准上涨率 50.0%",
        "### 技术面分析",
        "- **MACD**: ✅ 金叉",
        "- **RSI**: 25.0 (✅ 超卖)",
        "- **KDJ**: K=30.5, D=36.7, J=18.0 🔴",
        "- **布林带**: 43% (😊 中轨区域)",
        "- **DMI/ADX**: 25.4 (strong 🔥, 📈)",
        "### 资金面分析",
        "数据不足: 没有收录北向资金净流入数据",
        "### 风险评估",
        "- **综合风险**: 0.15 (✅ 低风险)，规则分 0.00",
        "- **风险因素**:",
        "  - 20日波动率高于5年90分位",
        "- **未能评估**: 20日VaR",
        "### 量能分析",
        "- **量价配合**: 🟡 震荡 (协同度: 55/100)",
        "- **量价背离**: 无",
        "- **换手率**: 不可用",
        "- **量比**: 1.20 ➡️ (正常)",
        "- **OBV趋势**: 上升 📈",
        "- **OBV背离**: 无",
        "- **突破确认**: ➡️ 未突破",
        "  - 阻力位: 3900.00, 量比: 1.2, 信号: 观望",
        "- **量能信号**: 🟡 中性偏多",
        "### 支撑压力位",
        "- **轴心点**: 3838.10",
        "- **阻力位**: R1=3850.00, R2=3862.50",
        "- **支撑位**: S1=3828.40, S2=3816.90",
        "---",
    ]


def test_a_horizon_without_a_probability_says_why(report):
    lines = report_markdown(report).splitlines()

    assert "| 未来60日 | 不可用 | - | - | - |" in lines
    assert "- **不可用**: 未来60日: 2个独立样本，少于3个" in lines


def test_the_end_word_by_word(report):
    assert report_markdown(report).endswith(
        "## ⚠️ 分析失败\n\n"
        "- **A股化工**: reading the bars of a scored asset: no column volume\n"
        "- **比特币**: 没有收录BTC-USD的行情\n\n---\n\n"
        "## 📖 【投资纪律】\n\n"
        "- ✅ **仓位管理**: 保持5-9成,留至少1成应对黑天鹅\n"
        "- ✅ **标的选择**: 集中3-5只,单一标的≤20%\n"
        "- ✅ **投资节奏**: 长线底仓+波段加减仓\n"
        "- ✅ **收益目标**: 年化15%,穿越牛熊\n"
        "- ✅ **纪律执行**: 先制定方案→执行→迭代,不情绪化操作\n\n---\n\n"
        "**免责声明**: 本报告仅供参考,不构成投资建议。投资有风险,入市需谨慎。\n\n"
        "*报告生成时间: 2025-05-30 16:45:00*\n"
    )


def test_without_failures_and_positions_their_sections_are_left_out(report):
    whole = replace(report, assets=report.judged, failures=(), positions=None)

    markdown = report_markdown(whole)
    assert "分析失败" not in markdown and "我的持仓分析" not in markdown and "未给建议" not in markdown


def test_positions_stand_beside_what_the_report_says_of_them(report):
    assert section(report_markdown(report), "## 💼 【我的持仓分析】") == [
        "| 标的 | 代码 | 仓位 | 市值(元) | 方向判断 | 多因子评分 | 风险等级 | 持有建议 |",
        "|---|---|---:|---:|---|---:|---|---|",
        "| 沪深300ETF | 510300 | 28.0% | 280,000 | 看多✅ | 65.0 | ✅ 低风险 | 低风险，可以持有 |",
        "| 国债 | - | 10.0% | - | 未评分 | - | - | - |",
        "- **总仓位**: 38.0% (低于建议仓位 70%-90%)",
        "- **现金**: 62.0%",
        "- **持仓数量**: 2只 (纪律: 集中3-5只)",
        "- ⚠️ **超过单一标的上限20%**: 沪深300ETF 28.0%",
        "- **持仓来源**: positions_20250529.json",
        "---",
    ]


def test_what_has_no_data_says_so_in_one_line(empty):
    markdown = report_markdown(empty)

    assert "根据你的交易系统生成的0个资产分析报告" in markdown
    for heading in ("### 📈 核心指数表现", "### 😱 市场恐慌指数", "### 💰 融资融券 (市场情绪)"):
        assert section(markdown, heading)[0].startswith("数据不足")
    assert "中性" not in markdown


def test_an_asset_without_bars_has_one_line_per_part_and_no_judgement(report):
    lines = section(report_markdown(report), "### 比特币")

    assert "- **方向判断**: 数据不足" in lines
    assert "| **总分** | **不可用** | - | - | **不可用** | 数据不足 |" in lines
    assert lines.count("数据不足: 没有收录BTC-USD的行情") >= 5
    assert not any("中性" in line or "低风险" in line for line in lines)


def test_the_same_inputs_give_the_same_bytes(report):
    assert report_markdown(report) == report_markdown(replace(report))
    later = report_markdown(replace(report, generated_at=dt.datetime(2026, 1, 1)))
    assert later.replace("2026-01-01 00:00:00", "2025-05-30 16:45:00") == report_markdown(report)


def test_simulated_data_are_labelled_below_the_title(report):
    simulated = replace(report, source="sample: simulated, seed 20240102")

    assert report_markdown(simulated).startswith("# 📊 市场洞察报告\n\n> **SIMULATED DATA 模拟数据** ")
    assert "SIMULATED" not in report_markdown(report)


def test_one_simulated_asset_labels_the_report(report):
    asset = replace(report.assets[0], source="sample (simulated)")

    assert "SIMULATED DATA" in report_markdown(replace(report, assets=(asset, *report.assets[1:])))


def test_names_cannot_become_columns_tags_or_emphasis(report):
    asset = replace(report.assets[3], name="坏|*名*<b>[x](http://x)")

    markdown = report_markdown(replace(report, assets=(asset,)))
    assert "坏\\|\\*名\\*&lt;b>\\[x\\](http://x)" in markdown
    assert "<b>" not in markdown
