"""市场情绪: fear, taken against the crowd."""

from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.scoring.points import first_step, scored, unavailable
from etf_platform.scoring.views import AssetView


def score_sentiment(view: AssetView) -> Scored:
    """Base 50; panic index from 30 +30, from 25 +15, below 15 -15; sentiment score below 30 +10, above 70 -10."""
    panic, mood = view.panic, view.sentiment_score
    if panic is None or panic.value is None:
        return unavailable(view, "panic", "恐慌指数" + "/".join(view.asset.panic_index))
    if mood is None:
        return unavailable(view, "sentiment", "情绪评分")
    value = panic.value
    steps = (
        first_step(
            (
                (value >= 30.0, 30.0, f"极度恐慌({value:.1f})"),
                (value >= 25.0, 15.0, "恐慌偏高"),
                (value < 15.0, -15.0, "过度乐观"),
            )
        ),
        first_step(((mood < 30.0, 10.0, "情绪低迷"), (mood > 70.0, -10.0, "情绪亢奋"))),
    )
    total = 50.0 + sum(points for points, _ in steps)
    inputs = {"panic": panic.name, "panic_value": value, "sentiment_score": mood}
    return scored(total, [text for _, text in steps], panic.as_of, inputs)


SENTIMENT = ScoreFactor(
    name="sentiment",
    label="市场情绪",
    meaning="the market's fear index and sentiment score, counted against the crowd",
    score=score_sentiment,
)
