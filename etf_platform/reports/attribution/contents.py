"""What the attribution report is made from, and what of it is missing.

Here: the input as a value, missing entries, the state. Not here: reading the lake, sums (`risk.attribution`), text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import pandas as pd

from etf_platform.core.states import State
from etf_platform.measures.attribution import FILL_PARTS

OF_EFFECTS = "active return"
UNEXPLAINED = "no session could be explained by factors"


@dataclass(frozen=True)
class Missing:
    """One entry that should be there: of which strategy, which part, and why it is not."""

    strategy: str
    entry: str
    reason: str


@dataclass(frozen=True)
class AttributionReport:
    """Sums and texts of one span of time.

    Attributes
    ----------
    subject : str
        Pool, universe or instrument that the report is about.
    as_of : Timestamp
        Last session in it.
    strategies : tuple of str
        Strategies that should be there; one without a row is a missing entry.
    totals, weeks : DataFrame
        Of `risk.attribution.summary.by_period`, by strategy, with the period `all` and `W`.
    sectors : DataFrame
        The same with the period `all`, by sector.
    unmatched : DataFrame
        Fills without a mid: `date` or `time`, `symbol`, `side`, `quantity`, `price`.
    groups, factors : DataFrame
        Of `summary.brinson_totals` and `summary.factor_totals`.
    has_benchmark : bool
        Whether `groups` and `factors` belong to the subject; fills of a file have none, and no section about them.
    parse_errors : mapping of str to str
        File -> why it could not be read.
    min_coverage : float
        Lower coverage is a FAIL.
    currency : str
    blocked : str
        Why nothing can be said at all; empty otherwise.
    versions : mapping of str to int
        Table address -> Delta version that was read.
    """

    subject: str
    as_of: pd.Timestamp
    strategies: tuple[str, ...]
    totals: pd.DataFrame = field(default_factory=pd.DataFrame)
    weeks: pd.DataFrame = field(default_factory=pd.DataFrame)
    sectors: pd.DataFrame = field(default_factory=pd.DataFrame)
    unmatched: pd.DataFrame = field(default_factory=pd.DataFrame)
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    factors: pd.DataFrame = field(default_factory=pd.DataFrame)
    has_benchmark: bool = True
    parse_errors: Mapping[str, str] = field(default_factory=dict)
    min_coverage: float = 0.90
    currency: str = "CNY"
    blocked: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """Distinct sources of all tables, sorted."""
        tables = [value for f in fields(self) if isinstance(value := getattr(self, f.name), pd.DataFrame)]
        return tuple(
            sorted({str(s) for table in tables if "source" in table for s in table["source"].dropna().unique()})
        )

    @property
    def is_simulated(self) -> bool:
        """Whether any row was made from simulated data."""
        return any("simulated" in source.lower() for source in self.sources)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Entries that should be there: strategies without rows, undefined parts, fills without a mid, effects."""
        of_fills = [entry for strategy in self.strategies for entry in self._missing_of(strategy)]
        return (*of_fills, *self._missing_effects())

    @property
    def fully_populated(self) -> int:
        """How many of the strategies have no missing entry."""
        return len(self.strategies) - len({entry.strategy for entry in self.missing})

    def _missing_effects(self) -> list[Missing]:
        if not self.has_benchmark or self.blocked:
            return []
        wanted = {"by group": (self.groups, "no Brinson row is stored"), "by factor": (self.factors, UNEXPLAINED)}
        who = ", ".join(self.strategies)
        return [Missing(who, f"{OF_EFFECTS} {name}", why) for name, (table, why) in wanted.items() if table.empty]

    def _missing_of(self, strategy: str) -> list[Missing]:
        rows = self.totals[self.totals["strategy"] == strategy] if len(self.totals) else self.totals
        if rows.empty:
            return [Missing(strategy, "all parts", self.blocked or "no row is stored")]
        found = []
        for row in rows.to_dict("records"):
            to = f"(horizon {row['horizon']})"
            for part in (*FILL_PARTS, "residual", "net_pnl"):
                if pd.isna(row[part]):
                    found.append(Missing(strategy, f"{part} {to}", "not defined"))
            if row["n_unmatched"] > 0:
                why = f"{int(row['n_unmatched'])} of {int(row['n_fills'])} fills have no mid; they are in the residual"
                found.append(Missing(strategy, f"mids {to}", why))
        return found

    def state(self) -> tuple[State, str]:
        """The state of the whole and one sentence why.

        BLOCKED when something could not be read or a strategy has no defined result, FAIL below the wanted coverage,
        WARN when fills have no mid or the active return is not explained, else PASS.
        """
        if self.blocked:
            return State.BLOCKED, self.blocked
        if self.parse_errors:
            path, why = next(iter(sorted(self.parse_errors.items())))
            return State.BLOCKED, f"{path} could not be read: {why}"
        lost = [entry for entry in self.missing if not entry.entry.startswith(("mids", OF_EFFECTS))]
        if lost or not self.strategies:
            first = lost[0] if lost else Missing("no strategy", "", "none is expected")
            return State.BLOCKED, f"{first.strategy}, {first.entry}: {first.reason}".replace(", :", ":")
        worst = self.totals.sort_values("coverage", kind="stable").iloc[0]
        if worst["coverage"] < self.min_coverage:
            why = f"{worst['strategy']} to {worst['horizon']} is explained to {worst['coverage']:.4f}"
            return State.FAIL, f"{why}, wanted is {self.min_coverage:g}"
        if self.missing:
            first = self.missing[0]
            return State.WARN, f"{first.strategy}, {first.entry}: {first.reason}"
        return State.PASS, f"all parts of {len(self.strategies)} strategies are there and sum to the net result"
