"""估值面: how dear the asset is against its own past."""

from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.points import first_step, missing, scored, unavailable
from etf_platform.scoring.views import AssetView


def score_valuation(view: AssetView) -> Scored:
    """Base 50; a low percentile of PE adds 30 or 15, a high one takes as much; PB +-10. Low is cheap."""
    block = view.valuation
    if block is None:
        return unavailable(view, "valuation", "PE和PB")
    pe, pb = block.pe_percentile, block.pb_percentile
    if pe is None or pb is None:
        return unavailable(view, "valuation", missing({"PE分位数": pe, "PB分位数": pb}))
    steps = (
        first_step(
            (
                (pe < 0.20, 30.0, f"PE低估({pe * 100:.0f}%)"),
                (pe < 0.40, 15.0, "PE偏低"),
                (pe > 0.80, -30.0, "PE高估"),
                (pe > 0.60, -15.0, "PE偏高"),
            )
        ),
        first_step(((pb < 0.30, 10.0, "PB低估"), (pb > 0.70, -10.0, "PB高估"))),
    )
    inputs = {"pe": block.pe, "pb": block.pb, "pe_percentile": pe, "pb_percentile": pb}
    total = 50.0 + sum(points for points, _ in steps)
    return scored(total, [text for _, text in steps], block.as_of, inputs)


VALUATION = ScoreFactor(
    name="valuation",
    label="估值面",
    meaning="percentiles of PE and PB in five years of their own past; low is cheap and adds",
    score=score_valuation,
)
