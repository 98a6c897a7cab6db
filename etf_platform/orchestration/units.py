"""Collects the units that contributors add (fuses, factors) and applies the configured overrides."""

from typing import TYPE_CHECKING

from etf_platform.core.catalog import collect
from etf_platform.core.config import Config
from etf_platform.core.units.fuse import Fuse

if TYPE_CHECKING:
    import pandas as pd


def enabled_fuses(config: Config) -> tuple[Fuse, ...]:
    """Every fuse that is judged, with `fuses.yaml` applied.

    Raises
    ------
    ConfigError
        `overrides` names a fuse that does not exist.
    """
    from etf_platform.fuses import configured_fuses

    return tuple(fuse for fuse in configured_fuses(config.fuses) if fuse.enabled)


def data_dictionary() -> str:
    """docs/data_dictionary.md: every table, every factor column and every metric of operations."""
    from etf_platform.core.tables import TABLES
    from etf_platform.storage.dictionary import render

    return render(TABLES, column_rows(), metric_rows())


def metric_rows() -> list[dict[str, object]]:
    """One row per metric of the registry, thresholds as the keys that they stand under."""
    from etf_platform.orchestration.kpi_questions import registry_rows

    return [
        {"metric": f"`{row['kpi']}`"} | {str(name): text for name, text in row.items() if name != "kpi"}
        for row in registry_rows().to_dict("records")
    ]


def column_rows() -> list[dict[str, object]]:
    """One row per panel column: name, unit, warm-up, inputs, direction, bucket, meaning."""
    import etf_platform.factors
    from etf_platform.core.units.factor import Factor

    return [
        {
            "column": f"`{factor.column}`",
            "unit": factor.unit,
            "warm-up": factor.warmup,
            "inputs": ", ".join(factor.inputs),
            "direction": f"{factor.direction:+d}",
            "bucket": factor.bucket,
            "meaning": factor.title,
        }
        for factor in sorted(collect(etf_platform.factors, Factor), key=lambda f: f.column)
    ]


def factor_rows() -> "pd.DataFrame":
    """One row per published factor id."""
    import pandas as pd

    from etf_platform.factors.aliases import published

    return pd.DataFrame(
        [
            {
                "factor_id": a.factor_id,
                "family": a.family,
                "bucket": a.bucket,
                "column": a.column,
                "scored_as": a.scored_column,
                "formula": a.formula,
                "warmup_bars": a.warmup_bars,
                "min_history": a.min_history,
                "direction": a.direction_prior,
                "duplicate_of": a.duplicate_of or "",
            }
            for a in published()
        ]
    )


def indicator_rows() -> "pd.DataFrame":
    """One row per indicator column."""
    import pandas as pd

    from etf_platform.indicators.names import describe

    return pd.DataFrame(describe())


def unit_problems(config: Config) -> list[str]:
    """What is wrong with the configuration of units that YAML alone cannot tell: strategies and their settings."""
    from etf_platform.strategies.signals.catalog import problems

    known = {symbol for universe in config.universes.universes.values() for symbol in universe.symbols}
    return problems(config.strategies.trend, known)
