"""How a factor becomes a score: steps of points, clipping, and what is said when an input is missing.

Not here: the steps of a factor; each has its file in `factors`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from etf_platform.core.units.scoring import Scored
from etf_platform.scoring.views import AssetView

UNAVAILABLE = "不可用"
NOTHING = "中性"

Step = tuple[bool, float, str]


def first_step(steps: Iterable[Step]) -> tuple[float, str]:
    """Points and text of the first step that holds; 0 and no text when none does."""
    return next(((points, text) for holds, points, text in steps if holds), (0.0, ""))


def scored(points: float, texts: Iterable[str], as_of: date | None, inputs: Mapping[str, Any]) -> Scored:
    """A score clipped to 0..100; texts joined by blanks, `中性` when every input is known and nothing stands out."""
    detail = " ".join(text for text in texts if text)
    return Scored(min(100.0, max(0.0, points)), detail or NOTHING, as_of=as_of, inputs=inputs)


def unavailable(view: AssetView, key: str, what: str, reason: str = "") -> Scored:
    """No score: the detail is 不可用, the reason comes from the block, from `view.reasons`, or names the input."""
    return Scored(None, UNAVAILABLE, reason or view.reasons.get(key, "") or f"缺少{what}")


def missing(inputs: Mapping[str, object]) -> str:
    """Names of the inputs that are None, joined by 、; empty when all are there."""
    return "、".join(name for name, value in inputs.items() if value is None)
