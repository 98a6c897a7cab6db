"""Which published ids are scored: the four rules of `production_set`."""

from collections.abc import Collection

import pandas as pd

from etf_platform.core.config.models import FactorsConfig
from etf_platform.core.errors import InsufficientDataError
from etf_platform.factors.aliases import lookup

AUTO_COVERAGE = 0.5
PRODUCTION_COVERAGE = 0.80
RESEARCH_COVERAGE = 0.30


def production_ids(
    settings: FactorsConfig, summary: pd.DataFrame | None = None, leak_suspects: Collection[str] = ()
) -> tuple[str, ...]:
    """Ids of the configured production set.

    Parameters
    ----------
    settings : FactorsConfig
        `curated12`: the configured list, in its order. `auto_coverage_50`: coverage above 0.5. `filter_production`:
        coverage of at least 0.80, not constant, no leak suspect, one per identical group. `filter_research`: coverage
        of at least 0.30, one per identical group. The last three in the published order.
    summary : DataFrame, optional
        `factors/<pool>/summary`; needed by every rule but the first.
    leak_suspects : collection of str
        Panel columns that a look-ahead test caught.

    Raises
    ------
    InsufficientDataError
        The rule needs a summary and there is none.
    UnknownUnitError
        A configured id does not exist.
    """
    if settings.production_set == "curated12":
        return tuple(lookup(factor_id).factor_id for factor_id in settings.curated12)
    if summary is None:
        raise InsufficientDataError(
            f"choosing the production set {settings.production_set}",
            "there is no factor summary",
            "materialise it first",
        )
    return tuple(_chosen(settings.production_set, summary, leak_suspects)["factor_id"])


def _chosen(rule: str, summary: pd.DataFrame, leak_suspects: Collection[str]) -> pd.DataFrame:
    if rule == "auto_coverage_50":
        return summary[summary["coverage"] > AUTO_COVERAGE]
    if rule == "filter_research":
        return _one_per_group(summary[summary["coverage"] >= RESEARCH_COVERAGE])
    sound = ~summary["zero_variance"] & ~summary["column"].isin(list(leak_suspects))
    return _one_per_group(summary[(summary["coverage"] >= PRODUCTION_COVERAGE) & sound])


def _one_per_group(rows: pd.DataFrame) -> pd.DataFrame:
    alone = rows["identical_group_id"] == ""
    return rows[alone | ~rows.duplicated("identical_group_id")]
