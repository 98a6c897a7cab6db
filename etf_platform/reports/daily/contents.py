"""What the daily report is made from, filled by orchestration.

Here: the input as a value. Not here: reading the lake, and any text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class DailyReport:
    """Tables and texts of one day.

    Every frame but `summary` has the columns of its table plus `universe` (a pool of `pools`, or `portfolio`). A frame
    without rows or without columns means that nothing is stored; it is reported, never passed over.

    Attributes
    ----------
    as_of : Timestamp
        Session that the report is about; rows after it must have been left out.
    generated_at : Timestamp
        UTC time at which the report was made.
    pools : tuple of str
        Every configured pool, in order of display.
    watched : tuple of str
        Pools of weight 0: shown, and never worse than WARN for the overall state.
    summary : DataFrame
        `kpi/portfolio/summary`, one row per pool and `PORTFOLIO`.
    kpi : DataFrame
        `kpi/<universe>/snapshot`, rows of `as_of`.
    verdicts : DataFrame
        Last verdict of every fuse in every universe, columns of `core.units.fuse.verdict_row`: `universe`, `guards`,
        `fuse`, `as_of`, `state`, `on_fail`, `observed`, `limit`, `reason`.
    targets : DataFrame
        `strategies/<pool>/targets`, rows of `as_of`.
    members : DataFrame
        `market/<pool>/members`.
    positions, rebalances, equity, months, capacity : DataFrame
        `backtest/<universe>/...`, positions and equity with their whole history up to `as_of` (it is drawn).
    blocked : mapping of str to str
        Pool -> why nothing can be said about it today. Pools without targets are found without being named here.
    versions : mapping of str to int
        Table address -> Delta version that was read.
    config_digest, code_commit : str
        What the numbers were made with.
    pictures : mapping of (str, str) to bytes
        (universe, title) -> PNG drawn before from the same rows; what is not there is drawn.
    min_weight_change : float
        Changes of weight below this fraction are not traded.
    """

    as_of: pd.Timestamp
    generated_at: pd.Timestamp
    pools: tuple[str, ...]
    watched: tuple[str, ...] = ()
    summary: pd.DataFrame = field(default_factory=pd.DataFrame)
    kpi: pd.DataFrame = field(default_factory=pd.DataFrame)
    verdicts: pd.DataFrame = field(default_factory=pd.DataFrame)
    targets: pd.DataFrame = field(default_factory=pd.DataFrame)
    members: pd.DataFrame = field(default_factory=pd.DataFrame)
    positions: pd.DataFrame = field(default_factory=pd.DataFrame)
    rebalances: pd.DataFrame = field(default_factory=pd.DataFrame)
    equity: pd.DataFrame = field(default_factory=pd.DataFrame)
    months: pd.DataFrame = field(default_factory=pd.DataFrame)
    capacity: pd.DataFrame = field(default_factory=pd.DataFrame)
    blocked: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    config_digest: str = ""
    code_commit: str = ""
    pictures: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    min_weight_change: float = 0.01

    @property
    def universes(self) -> tuple[str, ...]:
        """`portfolio`, then the pools."""
        return ("portfolio", *self.pools)

    @property
    def sources(self) -> tuple[str, ...]:
        """Distinct values of `source` in all frames, sorted."""
        frames = [getattr(self, f.name) for f in fields(self)]
        tables = [f for f in frames if isinstance(f, pd.DataFrame) and "source" in f]
        return tuple(sorted({str(value) for frame in tables for value in frame["source"].dropna().unique()}))

    @property
    def is_simulated(self) -> bool:
        """Whether any row was made from simulated data."""
        return any("simulated" in source.lower() for source in self.sources)

    def rows(self, name: str, universe: str) -> pd.DataFrame:
        """Rows of the named frame that belong to the universe; empty when there are none."""
        frame: pd.DataFrame = getattr(self, name)
        if not len(frame):
            return frame
        places = np.flatnonzero((frame["universe"] == universe).to_numpy())
        together = places.size > 0 and places[-1] - places[0] + 1 == places.size
        return frame.iloc[places[0] : places[-1] + 1] if together else frame.iloc[places]

    def why_blocked(self, pool: str) -> str:
        """Why nothing can be said about the pool today; empty when something can."""
        if pool in self.blocked:
            return self.blocked[pool]
        return "" if len(self.rows("targets", pool)) else f"no targets are stored for {self.as_of:%Y-%m-%d}"

    def names(self) -> dict[str, str]:
        """Symbol -> name of the fund."""
        return dict(zip(self.members["symbol"], self.members["name"], strict=True)) if len(self.members) else {}
