"""A data platform for ETF strategy teams, orchestrated by Dagster.

The folders are the data flow. Numbered layers do not import each other: they talk through tables of the lake, and
only `orchestration` knows the order.

    definitions.py   the Dagster code location
    cli              the command `etf-platform`
    orchestration/   the only place that knows Dagster
    governance/      what may be released: gates, snapshots, restore
    market/       1  the world -> bars; calendar, instruments, limits, quarantine, sources
    factors/      2  bars -> factor panel; one file per family
    indicators/   3  bars -> named indicator columns
    strategies/   4  panel -> scores and target weights; columns -> signals; one file per strategy
    backtest/     5  targets x prices -> fills and equity; capacity; sweeps; single-asset accounts
    risk/         6  returns, fills -> VaR, ES, exception tests, attribution
    kpi/          7  all of it -> snapshots with thresholds
    fuses/           rules that may stop any of the arrows
    alerts/          what to say, and channels/ to say it on
    reports/         Markdown, HTML and plots for people
    measures/        numbers in, numbers out
    storage/         the lake (Delta tables), the ops database, queries
    core/            units, schemas, config, catalogue, errors
"""

import os
from typing import TYPE_CHECKING

# Read once, when numpy is imported. Matrices here are small: a second thread of the linear algebra waits in a busy loop
# (three pools' factor summaries on two cores: 3 s of processor time with two threads, 0.4 s with one), and a sum must
# not depend on the number of cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from etf_platform.storage.lake import Lake

__version__ = "0.1.0"


def open_lake(home: str | None = None) -> "Lake":
    """Open the lake of a workspace for reading, for notebooks and scripts.

    Parameters
    ----------
    home : str, optional
        State folder; default from `ETF_PLATFORM_HOME`, else `./etf_home`.

    Examples
    --------
    >>> lake = open_lake()                                        # doctest: +SKIP
    >>> lake.sql("SELECT * FROM market_A_SHARE_bars").df()        # doctest: +SKIP
    """
    import dataclasses
    from pathlib import Path

    from etf_platform.core.workspace import Workspace
    from etf_platform.storage.lake import Lake

    workspace = Workspace.from_env()
    if home is not None:
        workspace = dataclasses.replace(workspace, home=Path(home).absolute())
    return Lake(workspace.lake)
