"""历史点位: probability of a rise over 20 sessions."""

from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.points import scored, unavailable
from etf_platform.scoring.views import AssetView


def score_hist(view: AssetView) -> Scored:
    """100 * up_prob over 20 sessions."""
    block = view.up_prob
    if block is None or block.up_prob is None:
        return unavailable(view, "bars", "上涨概率", block.reason if block is not None else "")
    inputs = {"up_prob": block.up_prob, "matches": block.matches, "effective": block.effective}
    return scored(100.0 * block.up_prob, [f"上涨概率{block.up_prob * 100:.1f}%"], view.data_date, inputs)


HIST = ScoreFactor(
    name="hist",
    label="历史点位",
    meaning="probability of a positive return over 20 sessions, from past days in the same state",
    score=score_hist,
)
