"""成交量: whether volume goes with price."""

from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.points import first_step, missing, scored, unavailable
from etf_platform.scoring.views import AssetView

QUALITY = {"优秀": 25.0, "偏强": 10.0, "中性": 10.0, "偏弱": -10.0, "极弱": -20.0}
TREND = {"上升": 15.0, "下降": -15.0, "平稳": 0.0}


def score_volume(view: AssetView) -> Scored:
    """Base 50; quality +25 to -20, OBV trend +-15, volume ratio above 2 +10, below 0.5 -5."""
    block = view.volume
    if block is None:
        return unavailable(view, "bars", "量能")
    over = block.volume_ratio
    if over is None or block.quality not in QUALITY or block.obv_trend not in TREND:
        lacking = missing({"量价配合": block.quality or None, "OBV趋势": block.obv_trend or None, "量比": over})
        return unavailable(view, "volume", lacking or "量能")
    steps = (
        (QUALITY[block.quality], f"量价{block.quality}"),
        (TREND[block.obv_trend], "" if block.obv_trend == "平稳" else f"OBV{block.obv_trend}"),
        ratio_step(over),
    )
    inputs = {"quality": block.quality, "obv_trend": block.obv_trend, "volume_ratio": over}
    total = 50.0 + sum(points for points, _ in steps)
    return scored(total, [text for _, text in steps], view.data_date, inputs)


def ratio_step(over: float) -> tuple[float, str]:
    """Points and text of a volume ratio."""
    return first_step(((over > 2.0, 10.0, f"放量({over:.1f}x)"), (over < 0.5, -5.0, "极度缩量")))


VOLUME = ScoreFactor(
    name="volume",
    label="成交量",
    meaning="quality of volume with price over 20 days, OBV trend and volume ratio",
    score=score_volume,
)
