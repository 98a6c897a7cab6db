"""What a factor of the scoring is: one function from the views of an asset's inputs to points, one file per factor.

Views are plain values made by `scoring.views` from stored tables; None in a view is unknown. A factor that lacks a
required input says so and has no score: unknown is never neutral.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Scored:
    """The score of one factor of one asset on one day.

    Attributes
    ----------
    score : float or None
        Points 0 to 100; None when unavailable.
    detail : str
        What made it, in the words of the report, e.g. `RSI超卖 MACD金叉`.
    reason : str
        Why it is unavailable; empty otherwise.
    as_of : date or None
        Date of the oldest input.
    inputs : mapping
        The numbers that went in, for the report and for people who check.
    """

    score: float | None
    detail: str
    reason: str = ""
    as_of: date | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def available(self) -> bool:
        """Whether there is a score."""
        return self.score is not None


@dataclass(frozen=True)
class ScoreFactor:
    """A factor as a unit.

    Attributes
    ----------
    name, label : str
        `tech`, and its row in the report: `技术面`.
    meaning : str
        One sentence.
    score : callable AssetView -> Scored
    """

    name: str
    label: str
    meaning: str
    score: Callable[[Any], Scored]
