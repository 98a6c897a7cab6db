"""技术面: RSI, MACD, Bollinger bands and divergence of the newest bar."""

from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.points import first_step, missing, scored, unavailable
from etf_platform.scoring.views import AssetView


def score_tech(view: AssetView) -> Scored:
    """Base 50; RSI +-20 or 10, MACD +15 or -10, Bollinger position +-10, the newest divergence +-15."""
    block = view.technical
    if block is None:
        return unavailable(view, "bars", "技术指标")
    strength, line, signal, position = block.rsi, block.macd, block.macd_signal, block.boll_position
    if strength is None or line is None or signal is None or position is None:
        lacking = missing({"RSI": strength, "MACD": line, "MACD信号线": signal, "布林带位置": position})
        return unavailable(view, "", lacking)
    steps = (
        first_step(
            (
                (strength < 30.0, 20.0, "RSI超卖"),
                (strength < 40.0, 10.0, "RSI偏低"),
                (strength > 70.0, -20.0, "RSI超买"),
                (strength > 60.0, -10.0, "RSI偏高"),
            )
        ),
        (15.0, "MACD金叉") if line > signal else (-10.0, "MACD死叉"),
        first_step(((position < 0.20, 10.0, "布林下轨"), (position > 0.80, -10.0, "布林上轨"))),
        first_step(((block.divergence == "bottom", 15.0, "底背离"), (block.divergence == "top", -15.0, "顶背离"))),
    )
    inputs = {"rsi": strength, "macd": line, "macd_signal": signal, "boll_position": position}
    total = 50.0 + sum(points for points, _ in steps)
    return scored(total, [text for _, text in steps], view.data_date, inputs | {"divergence": block.divergence})


TECH = ScoreFactor(
    name="tech",
    label="技术面",
    meaning="RSI, MACD, Bollinger position and the newest divergence of the bars",
    score=score_tech,
)
