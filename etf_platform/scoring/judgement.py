"""What a total means: direction, position, mark, and whether there may be a judgement at all.

Here: the bands of the totals and the rule of availability. Not here: how a total is made (`synthesis`), sizes of a
portfolio (`sizing`): the positions here are a hint for one asset, and add up to far more than 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from etf_platform.core.states import State

TOUCH = 1e-9


@dataclass(frozen=True)
class Band:
    """A band of totals: its lower limit in points, direction, recommended position, mark, and heading in the report."""

    limit: float
    direction: str
    position: str
    mark: str
    heading: str


BANDS = (
    Band(75.0, "强烈看多", "70-80%", "✅✅", "✅✅ 强烈看多 (建议积极配置)"),
    Band(60.0, "看多", "60-70%", "✅", "✅ 看多 (可以适度配置)"),
    Band(50.0, "中性偏多", "50-60%", "⚖️", "⚖️ 中性偏多 (观望或少量配置)"),
    Band(40.0, "中性", "40-50%", "⚖️", "⚪ 中性 (观望为主)"),
    Band(float("-inf"), "看空", "20-30%", "🔴", "🔴 看空 (暂不建议参与)"),
)
NO_DATA = Band(float("nan"), "数据不足", "", "", "")
DIRECTIONS = tuple(band.direction for band in BANDS)


@dataclass(frozen=True)
class Verdict:
    """Judgement of an asset: PASS, WARN or BLOCKED and why, the total that may be shown, and its band."""

    status: State
    reason: str
    total: float | None
    band: Band


def judge(total: float | None) -> Band:
    """Band of a total in points; 数据不足, never 中性, when it is unknown."""
    if total is None or not isfinite(total):
        return NO_DATA
    return next(band for band in BANDS if total >= band.limit)


def verdict(total: float | None, applicable: int, missing: Mapping[str, str], min_available: float = 2 / 3) -> Verdict:
    """Whether a total may be shown, and what it says.

    Parameters
    ----------
    total : float or None
        Of the synthesis; None when there was nothing to make it from.
    applicable : int
        Factors that can exist for the asset.
    missing : mapping
        Label of every applicable factor that is unavailable, e.g. 资金面 -> why.
    min_available : float
        Share of the applicable factors below which there is no total.

    Returns
    -------
    Verdict
        BLOCKED, without total, when too few factors or no total is there; WARN when any factor is missing.
    """
    causes = "; ".join(f"{label}: {why}" if why else label for label, why in missing.items())
    available = applicable - len(missing)
    if applicable <= 0 or available / applicable < min_available - TOUCH:
        few = f"有效因子{max(available, 0)}/{applicable}，不足{min_available:.0%}"
        return Verdict(State.BLOCKED, f"{few}: {causes}" if causes else few, None, NO_DATA)
    if total is None or not isfinite(total):
        return Verdict(State.BLOCKED, "没有可用的正交基" + (f"; {causes}" if causes else ""), None, NO_DATA)
    return Verdict(State.WARN if missing else State.PASS, causes, total, judge(total))
