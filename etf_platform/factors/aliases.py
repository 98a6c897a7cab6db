"""Published factor ids -> panel columns; each computation exists once.

Look-up of the 314 ids, the columns of the stored panel, the successor's optional set, and what of it cannot be computed
from bars, with the reason. The definitions themselves stand in `families`.
"""

import functools

from etf_platform.core.errors import UnknownUnitError
from etf_platform.factors.families import published
from etf_platform.factors.published import Published

__all__ = ["OPTIONAL", "UNAVAILABLE", "Published", "lookup", "panel_columns", "published"]


@functools.cache
def _by_id() -> dict[str, Published]:
    return {entry.factor_id: entry for entry in published()}


def lookup(factor_id: str) -> Published:
    """The entry of one published id.

    Raises
    ------
    UnknownUnitError
        There is no such id.
    """
    try:
        return _by_id()[factor_id]
    except KeyError as error:
        raise UnknownUnitError(
            f"looking up factor {factor_id!r}",
            "it is none of the 314 published ids",
            "list them with `etf-platform factors list`",
        ) from error


def panel_columns() -> tuple[str, ...]:
    """Columns of the stored panel: every computation and normalised form behind the 314 ids, then the optional set."""
    entries = published()
    ids = [c for entry in entries for c in (entry.column, entry.normalised_column) if c]
    return tuple(dict.fromkeys([*ids, *(column for column, _ in OPTIONAL.values())]))


OPTIONAL: dict[str, tuple[str, int]] = {
    "ADX_14D": ("adx_14", 1),
    "BREAKOUT_20D": ("breakout_20", 1),
    "MOM_20D": ("momentum_20", 1),
    "SLOPE_20D": ("slope_20", 1),
    "SHARPE_20D": ("sharpe_20", 1),
    "VORTEX_14D": ("vortex_14", 0),
    "PRICE_POSITION_20D": ("price_position_20", 1),
    "PRICE_POSITION_120D": ("price_position_120", 1),
    "CALMAR_60D": ("calmar_60", 1),
    "OBV_SLOPE_10D": ("obv_slope_10", 1),
    "UP_DOWN_VOL_RATIO_20D": ("up_down_vol_ratio_20", 0),
    "PV_CORR_20D": ("pv_corr_20", 0),
    "AMIHUD_20D": ("amihud_20", 0),
    "GK_VOL_RATIO_20D": ("gk_vol_ratio_20", 0),
    "MAX_DD_60D": ("max_drawdown_60", 0),
    "VOL_RATIO_20D": ("vol_ratio_20", 0),
}
"""The successor's ids: panel column, and the sign where it published one (0 otherwise)."""

UNAVAILABLE: dict[str, str] = {
    "CORR_TO_MARKET_20D": "needs a market series; a factor sees one fund and must not depend on the others of its pool",
    "SHARE_CHG_5D": "needs the fund's shares outstanding, which no configured source delivers",
    "SHARE_CHG_10D": "needs the fund's shares outstanding, which no configured source delivers",
    "SHARE_CHG_20D": "needs the fund's shares outstanding, which no configured source delivers",
    "SHARE_ACCEL": "needs the fund's shares outstanding, which no configured source delivers",
    "MARGIN_CHG_10D": "needs the fund's margin balance, which no configured source delivers",
    "MARGIN_BUY_RATIO": "needs the fund's margin purchases, which no configured source delivers",
}
"""Ids of the successor that cannot be computed from bars, with the reason."""
