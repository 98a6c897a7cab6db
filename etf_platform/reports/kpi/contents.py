"""What the board is made of, and the cells of its rows. Not here: markup (`render`), lines (`sparkline`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from etf_platform.core.states import State, worst
from etf_platform.reports.display import shown
from etf_platform.reports.kpi.sparkline import sparkline

SESSIONS = 60  # of a line
NO_BREAK = "\u00a0"
ARROWS = {"up": "↑", "down": "↓", "flat": "→", "unknown": ""}


@dataclass(frozen=True)
class Standing:
    """What is in force for one strategy at the close; texts, empty where there is nothing.

    Attributes
    ----------
    release, stage, freeze, breaker, drift : str
        Release and experiment, its stage with exposure, reason of a freeze, level, stages that are not NORMAL.
    """

    strategy: str
    release: str = ""
    stage: str = ""
    freeze: str = ""
    breaker: str = ""
    drift: str = ""

    @property
    def alerts(self) -> dict[str, str]:
        """What holds the strategy back: a freeze, a breaker or a drift that is not NORMAL."""
        held = {"freeze": self.freeze, "breaker": self.breaker, "drift": self.drift}
        return {name: text for name, text in held.items() if text not in ("", "NORMAL", "not judged")}


@dataclass(frozen=True)
class Board:
    """The contents of the board of one session.

    Attributes
    ----------
    day : Timestamp
    values : DataFrame
        Daily rows of KPI_VALUES of all strategies, of the day and of the sessions before; later rows do not count.
    metrics : DataFrame
        The registry: `kpi`, `title`, `unit`, `better`, `core`, `owner`, `formula`, in the order of the board.
    standings : sequence of Standing
        In the order of the board; strategies with values and without one follow.
    sessions : DatetimeIndex
        The sessions of the lines, the day last.
    config, code : str
    """

    day: pd.Timestamp
    values: pd.DataFrame
    metrics: pd.DataFrame
    standings: Sequence[Standing]
    sessions: pd.DatetimeIndex
    config: str = ""
    code: str = ""

    @property
    def groups(self) -> list["Group"]:
        """One per strategy that has values or stands in force."""
        known = self.values[self.values["date"] <= self.day]
        named = {standing.strategy: standing for standing in self.standings}
        names = [*named, *sorted(set(known["strategy"]) - set(named))]
        return [Group(self, named.get(name, Standing(name)), known[known["strategy"] == name]) for name in names]

    @property
    def sources(self) -> list[str]:
        """Distinct sources of the rows, without the notes of single metrics."""
        return sorted({str(source).partition(";")[0] for source in self.values["source"]})

    @property
    def is_simulated(self) -> bool:
        """Whether any row was made from simulated data."""
        return any("simulated" in source for source in self.sources)


@dataclass(frozen=True)
class Line:
    """One metric of one strategy: finished texts, its state, and the line of its last sessions."""

    key: str
    title: str
    formula: str
    is_core: bool
    state: State
    value: str
    threshold: str
    baseline: str
    trend: str
    sense: str
    reason: str
    as_of: str
    note: str
    spark: str


class Group:
    """One strategy on the board."""

    def __init__(self, board: Board, standing: Standing, rows: pd.DataFrame) -> None:
        self.standing, self._board, self._rows = standing, board, rows
        self.day = rows["date"].max() if len(rows) else None
        self.lines = [] if self.day is None else self._lines()

    @property
    def is_late(self) -> bool:
        """The newest values are not those of the session."""
        return self.day is not None and self.day < self._board.day

    @property
    def counts(self) -> dict[str, int]:
        """State -> lines in it, all four states."""
        return {state.value: sum(line.state is state for line in self.lines) for state in State}

    @property
    def state(self) -> State:
        """The worst state of the core metrics, of all where none is core; BLOCKED without values."""
        core = [line.state for line in self.lines if line.is_core] or [line.state for line in self.lines]
        return worst(core) if core else State.BLOCKED

    @property
    def why(self) -> str:
        """The metrics that make the state."""
        lines = [line for line in self.lines if line.is_core] or self.lines
        names = [line.key for line in lines if line.state is self.state]
        return "no values" if not lines else "" if self.state is State.PASS else ", ".join(names)

    def _lines(self) -> list[Line]:
        today = self._rows[self._rows["date"] == self.day].set_index("kpi")
        past = self._rows.pivot(index="date", columns="kpi", values="value").reindex(self._board.sessions)
        return [
            self._line(metric, today.loc[metric["kpi"]], past[metric["kpi"]])
            for _, metric in self._board.metrics.iterrows()
            if metric["kpi"] in today.index
        ]

    def _line(self, metric: pd.Series, row: pd.Series, past: pd.Series) -> Line:
        unit, better = metric["unit"], metric["better"]
        state, reason = State(row["status"]), str(row["reason"])
        if self._age > 1:
            state, reason = State.BLOCKED, f"stale: values of {shown(self.day)}"
        return Line(
            key=metric["kpi"],
            title=metric["title"],
            formula=metric["formula"],
            is_core=bool(metric["core"]),
            state=state,
            value=quantity(row["value"], unit),
            threshold=_limits(row, unit, better),
            baseline=_mean(row["baseline"], unit),
            trend=ARROWS.get(str(row["trend"]), ""),
            sense=_sense(str(row["trend"]), better),
            reason=reason,
            as_of=shown(row["as_of"]),
            note=str(row["source"]).partition("; ")[2],
            spark=sparkline(past.to_numpy(dtype="float64"), row["major"], metric["title"]),
        )

    @property
    def _age(self) -> int:
        sessions = self._board.sessions
        return int((sessions > self.day).sum()) if self.day is not None else 0


def quantity(value: float, unit: str) -> str:
    """A value with its unit as the board shows it."""
    if value != value:
        return "n/a"
    if unit == "flag":
        return "yes" if value else "no"
    plain = {"probability": "", "ratio per year": "ratio"}.get(unit, unit)
    return shown(float(value), plain)


def _mean(value: float, unit: str) -> str:
    """A mean of values: of flags the share of the sessions, of counts one decimal."""
    if unit in ("sessions", "count") and value == value:
        return quantity(round(float(value), 1), unit)
    return quantity(value, "fraction" if unit == "flag" else unit)


def _limits(row: pd.Series, unit: str, better: str) -> str:
    """What the value must not be: `warn < -5.00 %, fail < -10.00 %`."""
    side, plain = {"up": "<", "down": ">"}.get(better, ""), "count" if unit == "flag" else unit
    named = {"warn": row["warn"], "fail": row["major"]}
    texts = [f"{name} {side} {quantity(limit, plain)}" for name, limit in named.items() if limit == limit]
    return ", ".join(text.replace(" ", NO_BREAK) for text in texts)


def _sense(trend: str, better: str) -> str:
    if trend not in ("up", "down") or better not in ("up", "down"):
        return ""
    return "better" if trend == better else "worse"
