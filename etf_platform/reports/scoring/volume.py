"""Volume of one asset: how it goes with price, ratio, turnover, OBV, breakout, signal. Not here: other parts."""

from etf_platform.reports.scoring.document import AssetReport, Volumes
from etf_platform.reports.scoring.layout import Part, below, item, missing
from etf_platform.reports.scoring.words import NOT_AVAILABLE, number, percent, price

QUALITY = {"优秀": "✅", "偏强": "🟡", "中性": "🟡"}
RATIO = {"巨量": "📈", "显著放量": "📈", "缩量": "📉", "极度缩量": "📉"}
TREND = {"上升": "📈", "下降": "📉"}
BREAKOUT = {"有效突破": "✅", "假突破风险": "⚠️", "蓄势待发": "🔍"}
SIGNAL = {"强烈买入": "✅", "买入": "✅", "减仓": "🔴", "清仓": "🔴"}


def volume_part(asset: AssetReport) -> list[Part]:
    """量能分析; what is unknown is said to be so."""
    volume = asset.volume
    if volume is None:
        return [missing(asset.reasons.get("bars", ""))]
    return [
        item("量价配合", _together(volume)),
        item("量价背离", _divergence(asset)),
        *_amounts(volume),
        item(
            "OBV趋势", f"{volume.obv_trend} {TREND.get(volume.obv_trend, '➡️')}" if volume.obv_trend else NOT_AVAILABLE
        ),
        item("OBV背离", _obv_divergence(volume)),
        *_breakout(volume),
        item("量能信号", f"{SIGNAL.get(volume.signal, '🟡')} {volume.signal}" if volume.signal else NOT_AVAILABLE),
    ]


def _together(volume: Volumes) -> str:
    if not volume.status or volume.degree is None:
        return NOT_AVAILABLE
    return f"{QUALITY.get(volume.quality, '⚠️')} {volume.status} (协同度: {volume.degree:.0f}/100)"


def _divergence(asset: AssetReport) -> str:
    if asset.technical is None:
        return NOT_AVAILABLE
    told = {"top": "⚠️ 顶背离，价格上涨但成交量萎缩", "bottom": "✅ 底背离，价格下跌但成交量未萎缩"}
    return told.get(asset.technical.volume_divergence, "无")


def _amounts(volume: Volumes) -> list[Part]:
    ratio = volume.volume_ratio
    sign = RATIO.get(volume.ratio_level, "➡️")
    turnover = volume.turnover_rate
    told = NOT_AVAILABLE if turnover is None else f"{percent(turnover)} ({volume.turnover_level})"
    return [
        item("换手率", told),
        item("量比", NOT_AVAILABLE if ratio is None else f"{number(ratio)} {sign} ({volume.ratio_level})"),
    ]


def _obv_divergence(volume: Volumes) -> str:
    return {"top": "⚠️ 顶背离看跌", "bottom": "✅ 底背离看涨"}.get(volume.obv_divergence, "无")


def _breakout(volume: Volumes) -> list[Part]:
    if not volume.breakout:
        return [item("突破确认", NOT_AVAILABLE)]
    ratio = number(volume.volume_ratio, 1)
    return [
        item("突破确认", f"{BREAKOUT.get(volume.breakout, '➡️')} {volume.breakout}"),
        below(f"阻力位: {price(volume.resistance)}, 量比: {ratio}, 信号: {volume.breakout_signal}"),
    ]
