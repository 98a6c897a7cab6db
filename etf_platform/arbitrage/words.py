"""The words 高, 中, 低: steps of evaluators, and the word of a score. Not here: thresholds of evaluators."""

from etf_platform.core.units.arbitrage import Word

_UP: dict[Word, Word] = {"低": "中", "中": "高", "高": "高"}


def of_weight(weight: float, high: float, low: float) -> Word:
    """高 from `high` on, 低 below `low`, else 中; fractions."""
    return "高" if weight >= high else "低" if weight < low else "中"


def of_time(seconds: int, high: int, low: int) -> Word:
    """Risk by trading seconds to the close: 高 below `high`, 低 above `low`, else 中.

    A negative number of seconds is no time to the close (the original said -1 for closed) and stays 中.
    """
    if seconds < 0:
        return "中"
    return "高" if seconds < high else "低" if seconds > low else "中"


def raised(word: Word) -> Word:
    """One level up; 高 stays."""
    return _UP[word]


def known_rank(rank: int | None) -> int | None:
    """The rank, or None where it is unknown: 0 and -1 are no positions."""
    return rank if rank is not None and rank >= 1 else None


def is_above(value: float | None, limit: float) -> bool:
    """Whether a known value lies above a limit; an unknown one does not."""
    return value is not None and value > limit


def before_morning_hour(risk: Word, hour: int, morning_hour: int) -> Word:
    """高 becomes 中 before the hour: there is a day left to get out."""
    return "中" if risk == "高" and hour < morning_hour else risk


def of_score(total: float | None) -> Word | None:
    """Word of a score: 高 from 70, 中 from 45, else 低; None without a score."""
    if total is None:
        return None
    return "高" if total >= 70.0 else "中" if total >= 45.0 else "低"


def says_buy(confidence: Word, risk: Word) -> bool:
    """The decision `words`: confidence is not 低 and risk is not 高."""
    return confidence != "低" and risk != "高"
