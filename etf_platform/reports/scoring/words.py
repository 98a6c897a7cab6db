"""Numbers and marks as the report writes them: red is up, and what is unknown is 不可用.

Not here: which of them stand where.
"""

from datetime import date
from math import floor

from etf_platform.reports.scoring.layout import Cell

NOT_AVAILABLE = "不可用"
NOT_APPLICABLE = "不适用"
NO_DATA = "数据不足"
UP, DOWN = "🔴", "🟢"
LIKELY, UNLIKELY = 0.6, 0.4
TOUCH = 1e-9
FLOW_NAMES = {"northbound": "北向资金(外资)", "southbound": "南向资金(内地)", "margin": "融资资金"}
VALUATION_LEVELS = ((0.20, "🟢 低估"), (0.40, "🟢 偏低"), (0.60, "🟡 合理"), (0.80, "🔴 偏高"))
BREADTH_LEVELS = ((0.70, "🔴 强势"), (0.55, "🔴 健康"), (0.45, "🟡 中性"), (0.30, "🟢 弱势"))
MOOD_LEVELS = ((80.0, "极度乐观"), (65.0, "偏乐观"), (45.0, "中性"), (30.0, "偏悲观"))


def number(value: float | None, places: int = 2) -> str:
    """A number with fixed places; a price below 1 has at least three."""
    return NOT_AVAILABLE if value is None else f"{value:.{places}f}"


def price(value: float | None) -> str:
    """A price: three places below 10, where funds are quoted so, else two."""
    return number(value, 3 if value is not None and abs(value) < 10.0 else 2)


def percent(value: float | None, places: int = 1, signed: bool = False) -> str:
    """A fraction in percent, without a blank before the sign."""
    return NOT_AVAILABLE if value is None else f"{100.0 * value:{'+' if signed else ''}.{places}f}%"


def points(value: float | None) -> str:
    """A score with one place."""
    return number(value, 1)


def total_points(value: float | None) -> str:
    """A total with one place, never rounded up to a limit that it does not reach: 39.96 is 39.9, and 看空."""
    return NOT_AVAILABLE if value is None else f"{_not_up_to(value):.1f}"


def _not_up_to(value: float) -> float:
    """The value to one place; 0.1 below where rounding would lift it to the next whole number."""
    rounded = round(value, 1)
    return rounded - 0.1 if floor(value + TOUCH) < floor(rounded) else rounded


def billions(value: float | None) -> str:
    """Yuan in 亿元."""
    return NOT_AVAILABLE if value is None else f"{value / 1e8:.2f} 亿元"


def day(value: date | None) -> str:
    """A date in ISO form."""
    return NOT_AVAILABLE if value is None else value.isoformat()


def moved(value: float | None) -> str:
    """A change in percent with its colour: red is up, green is down, none for no change."""
    if value is None:
        return NOT_AVAILABLE
    shown = percent(value, 2, signed=True)
    if float(shown.rstrip("%")) == 0.0:
        return "0.00%"
    return f"{shown} {UP if value > 0.0 else DOWN}"


def moved_cell(value: float | None) -> Cell:
    """`moved` as a cell."""
    return Cell(moved(value), css=_side(moved(value)))


def likely(value: float | None) -> str:
    """A probability, marked from 60 % on and below 40 %."""
    if value is None:
        return NOT_AVAILABLE
    sign = UP if value >= LIKELY else DOWN if value < UNLIKELY else ""
    return f"{_not_up_to(100.0 * value):.1f}% {sign}".rstrip()


def likely_cell(value: float | None) -> Cell:
    """`likely` as a cell."""
    return Cell(likely(value), css=_side(likely(value)))


def known_cell(text: str) -> Cell:
    """A cell that is grey when it says that something is unknown."""
    return Cell(text, css="missing" if text in (NOT_AVAILABLE, NOT_APPLICABLE, NO_DATA) else "")


def valuation_level(percentile: float | None) -> str:
    """What a percentile of PE says; low is cheap."""
    if percentile is None:
        return NOT_AVAILABLE
    return next((text for limit, text in VALUATION_LEVELS if percentile < limit), "🔴 高估")


def breadth_level(highs: int, lows: int) -> str:
    """Strength by the share of new highs among new highs and lows; nothing is said without any."""
    if highs + lows == 0:
        return "-"
    share = highs / (highs + lows)
    return next((text for limit, text in BREADTH_LEVELS if share >= limit), "🟢 极弱")


def mood(points_: float | None) -> str:
    """Name of the band of a sentiment score: 80, 65, 45, 30."""
    if points_ is None:
        return NOT_AVAILABLE
    return next((text for limit, text in MOOD_LEVELS if points_ >= limit), "极度悲观")


def _side(text: str) -> str:
    if text == NOT_AVAILABLE:
        return "missing"
    return "up" if text.endswith(UP) else "down" if text.endswith(DOWN) else ""
