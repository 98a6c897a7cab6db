"""What the weekly exception report is made from, filled by orchestration.

Here: the input as a value, and the state it has as a whole. Not here: reading the lake, testing (`risk`), any layout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from etf_platform.core.states import State, worst


@dataclass(frozen=True)
class WeeklyRisk:
    """Tables of one week; an empty frame means that nothing is stored, and is reported.

    Attributes
    ----------
    as_of : Timestamp
        Last session of the ISO week that the report is about; later rows must have been left out, and `coverage` must
        have been computed from what was left.
    generated_at : Timestamp
        UTC time at which the report was made; the same inputs give the same bytes.
    series : tuple of str
        Everything that should have forecasts, in order of display; what has none is BLOCKED.
    exceptions : DataFrame
        Table EXCEPTIONS, at least the test window (it is drawn).
    coverage : DataFrame
        Table COVERAGE.
    plotted_methods : tuple of str
        At most four, drawn per series.
    plotted_level : float
        Confidence level that is drawn.
    contributors : DataFrame
        Optional: `date`, `series`, `symbol`, `contribution` (fraction of the account) of sessions with a breach.
    parameters : mapping of str to str
        Series -> identification of its experiment, parameters or configuration.
    versions : mapping of str to int
        Table address -> Delta version that was read.
    config_digest, code_commit : str
        What the numbers were made with.
    """

    as_of: pd.Timestamp
    generated_at: pd.Timestamp
    series: tuple[str, ...]
    exceptions: pd.DataFrame = field(default_factory=pd.DataFrame)
    coverage: pd.DataFrame = field(default_factory=pd.DataFrame)
    plotted_methods: tuple[str, ...] = ("historical", "filtered_historical", "evt_pot", "parametric")
    plotted_level: float = 0.99
    contributors: pd.DataFrame = field(default_factory=pd.DataFrame)
    parameters: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    config_digest: str = ""
    code_commit: str = ""

    @property
    def week(self) -> str:
        """ISO week, such as 2024-W07."""
        year, week, _ = self.as_of.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def monday(self) -> pd.Timestamp:
        """First day of the week."""
        return self.as_of.normalize() - pd.Timedelta(days=self.as_of.weekday())

    @property
    def sources(self) -> tuple[str, ...]:
        """Distinct values of `source`, sorted."""
        frames = [f for f in (self.exceptions, self.coverage, self.contributors) if "source" in f]
        return tuple(sorted({str(value) for frame in frames for value in frame["source"].dropna().unique()}))

    @property
    def is_simulated(self) -> bool:
        """Whether any row was made from simulated data."""
        return any("simulated" in source.lower() for source in self.sources)

    def breaches_of_the_week(self) -> pd.DataFrame:
        """Rows of `exceptions` from Monday to `as_of` that are breaches."""
        if self.exceptions.empty:
            return self.exceptions
        rows = self.exceptions[self.exceptions["is_breach"].astype(bool)]
        return rows[(rows["date"] >= self.monday) & (rows["date"] <= self.as_of)]

    def rows(self, name: str, series: str) -> pd.DataFrame:
        """Rows of the named frame that belong to the series; empty when there are none."""
        frame: pd.DataFrame = getattr(self, name)
        return frame[frame["series"] == series] if len(frame) else frame

    def why_blocked(self, series: str) -> str:
        """What is missing to judge the series this week; empty when nothing is."""
        tests = self.rows("coverage", series)
        if tests.empty:
            return "no coverage is stored: materialise risk/forecasts and risk/coverage"
        if (tests["status"] == State.BLOCKED).all():
            return f"no method can be tested: {tests['reason'].iloc[0]}"
        last = pd.to_datetime(tests["last_date"]).max()
        if last < self.monday:
            return f"stale: the last session tested is {last:%Y-%m-%d}"
        return ""

    def state_of(self, series: str) -> State:
        """State of the governing method; the worst of all when none governs; BLOCKED when something is missing."""
        if self.why_blocked(series):
            return State.BLOCKED
        tests = self.rows("coverage", series)
        governing = tests[tests["is_governing"].astype(bool)]
        return worst(State(value) for value in (governing if len(governing) else tests)["status"])

    def overall(self) -> tuple[State, str]:
        """State of the report and why, in one line."""
        if not self.series:
            return State.BLOCKED, "no series is configured to have risk forecasts"
        states = {name: self.state_of(name) for name in self.series}
        state = worst(states.values())
        breaches = len(self.breaches_of_the_week()[["date", "series"]].drop_duplicates()) if len(self.exceptions) else 0
        counted = f"{breaches} sessions of the week below a VaR"
        if state is State.PASS:
            return state, f"every governing forecast is broken as often as it should be; {counted}"
        named = ", ".join(self._named(name, seen) for name, seen in states.items() if seen is not State.PASS)
        return state, f"{named}; {counted}"

    def _named(self, series: str, state: State) -> str:
        why = self.why_blocked(series)
        return f"{series} {state} ({why})" if why else f"{series} {state}"
