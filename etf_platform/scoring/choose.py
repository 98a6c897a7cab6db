"""The six factors, ours or as the original scored them. Not here: what a factor does (`factors`)."""

from dataclasses import replace

import etf_platform.scoring.factors
from etf_platform.core.catalog import collect
from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.blocks import Panic
from etf_platform.scoring.factors.sentiment import score_sentiment
from etf_platform.scoring.factors.volume import ratio_step, score_volume
from etf_platform.scoring.points import missing, scored, unavailable
from etf_platform.scoring.views import AssetView

ROWS = ("hist", "tech", "valuation", "volume", "capital", "sentiment")
PANIC_DEFAULT = 20.0
CORE_CLASSES = {
    "up_up": (25.0, "价涨量增"),
    "down_down": (10.0, "价跌量缩"),
    "down_up": (-20.0, "价跌量增"),
    "up_down": (-5.0, "价涨量缩"),
}


def every_factor(original_compatible: bool = False) -> list[ScoreFactor]:
    """The factors in the order of the report.

    `original_compatible`: what is missing counts 50, a missing valuation 100 for sector assets, a missing panic index
    20; core assets have the original's volume rule. Such details say 缺失按…计.
    """
    found = {unit.name: unit for unit in collect(etf_platform.scoring.factors, ScoreFactor)}
    units = [found[name] for name in ROWS]
    return [_as_original(unit) for unit in units] if original_compatible else units


def _as_original(unit: ScoreFactor) -> ScoreFactor:
    rule = {"volume": original_volume, "sentiment": _original_sentiment}.get(unit.name, unit.score)

    def score(view: AssetView) -> Scored:
        given = rule(view)
        if given.available:
            return given
        points = 100.0 if unit.name == "valuation" and view.asset.group == "sector" else 50.0
        return replace(given, score=points, detail=f"缺失按{points:.0f}计")

    return replace(unit, score=score)


def original_volume(view: AssetView) -> Scored:
    """The original's volume score: by the class of the day for core assets; ours for the others, 极弱 taking nothing.

    Core: price and volume up +25, both down +10, price down on more volume -20, up on less -5; OBV and ratio as ours.
    """
    if view.asset.group != "core":
        given = score_volume(view)
        weak = view.volume is not None and view.volume.quality == "极弱"
        return replace(given, score=min(100.0, given.score + 20.0)) if weak and given.score is not None else given
    block = view.volume
    over = None if block is None else block.volume_ratio
    if block is None or over is None or not block.obv_trend:
        trend = None if block is None else block.obv_trend or None
        return unavailable(view, "volume", missing({"OBV趋势": trend, "量比": over}))
    points, text = CORE_CLASSES.get(block.today, (0.0, ""))
    trend_points = {"上升": 15.0, "下降": -15.0}.get(block.obv_trend, 0.0)
    more, said = ratio_step(over)
    inputs = {"today": block.today, "obv_trend": block.obv_trend, "volume_ratio": over}
    texts = [text, f"OBV{block.obv_trend}" if trend_points else "", said]
    return scored(50.0 + points + trend_points + more, texts, view.data_date, inputs)


def _original_sentiment(view: AssetView) -> Scored:
    panic = view.panic
    if panic is None or panic.value is None:
        panic = Panic(view.asset.panic_index[0], PANIC_DEFAULT)
    mood = 50.0 if view.sentiment_score is None else view.sentiment_score
    given = score_sentiment(replace(view, panic=panic, sentiment_score=mood))
    is_given = view.panic is not None and view.panic.value is not None
    return given if is_given else replace(given, detail=f"{given.detail} 恐慌指数缺失按20计")
