"""What evaluators, selectors and filters of limit-up signals are; each is a value in a file of its own folder.

A unit sees one `Candidate`: a stock at its limit and one fund that holds it. Money is yuan, weights and premiums are
fractions, times are trading seconds. None is unknown, and no unit may take it for a number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from etf_platform.core.config.arbitrage import SignalEvaluation, Strategy

Word = Literal["高", "中", "低"]


@dataclass(frozen=True)
class Candidate:
    """A stock at its limit, and one fund that holds it, at one moment.

    Attributes
    ----------
    stock, etf : str
        House symbols.
    weight : float
        Of the stock in the fund.
    rank : int or None
        Position of the stock in the fund, 1 is the largest.
    top10_ratio : float or None
        Sum of the fund's ten largest weights.
    seconds_to_close : int
        Trading seconds to the close of the session, without the lunch break; 0 after it.
    hour : int
        Hour of the exchange's clock.
    amount, projected_amount : float or None
        Turnover of the fund so far, and as projected for the whole day.
    premium : float or None
        Price of the fund / value of its share - 1.
    seal_amount : float or None
        Orders waiting at the stock's limit.
    """

    stock: str
    etf: str
    weight: float
    rank: int | None
    top10_ratio: float | None
    seconds_to_close: int
    hour: int
    amount: float | None = None
    projected_amount: float | None = None
    premium: float | None = None
    seal_amount: float | None = None


@dataclass(frozen=True)
class Words:
    """The two words that the original's users know, with what made them."""

    confidence: Word
    risk: Word
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluator:
    """Puts a candidate into words; `default` takes its thresholds from the settings, the others have their own."""

    name: str
    meaning: str
    evaluate: Callable[[Candidate, SignalEvaluation], Words]


@dataclass(frozen=True)
class Selector:
    """Chooses one of a stock's funds: the largest value wins, ties go to the smaller symbol; None takes no part."""

    name: str
    meaning: str
    value: Callable[[Candidate], float | None]


@dataclass(frozen=True)
class Filter:
    """Refuses candidates; the sentence says why, and is empty where the candidate passes."""

    name: str
    meaning: str
    refuse: Callable[[Candidate, Strategy], str]
