"""What the metrics of one strategy are read from: rows that know when they were known, and their view at one close.

`Seen` is the only way to the rows: it cuts them at its day, so that no metric can look ahead. Not here: how the rows
come about (`inputs`), what is computed from them (`metrics`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import GovernanceConfig

NEVER = np.datetime64("1900-01-01", "ns")


@dataclass(frozen=True)
class Rows:
    """Columns of a table, ascending in the day on which a row is known.

    Attributes
    ----------
    known : ndarray of datetime64[ns], shape (n_rows,)
    columns : mapping of str to ndarray of shape (n_rows,)
    """

    known: np.ndarray
    columns: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, frame: pd.DataFrame, known: str = "date") -> "Rows":
        """Rows of a frame; ties keep the order of the frame."""
        ordered = frame.sort_values(known, kind="stable")
        columns = {str(name): ordered[name].to_numpy() for name in ordered.columns}
        return cls(ordered[known].to_numpy("datetime64[ns]"), columns)

    def __len__(self) -> int:
        return len(self.known)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def between(self, first: np.datetime64, last: np.datetime64) -> "Rows":
        """Rows known from `first` to `last`, both days included."""
        start, stop = self.known.searchsorted(first), self.known.searchsorted(last, side="right")
        return Rows(self.known[start:stop], {name: column[start:stop] for name, column in self.columns.items()})

    def where(self, chosen: np.ndarray) -> "Rows":
        """Rows at which a mask of shape (n_rows,) is true."""
        return Rows(self.known[chosen], {name: column[chosen] for name, column in self.columns.items()})


@dataclass(frozen=True)
class Settings:
    """What metrics need of the configuration besides their thresholds.

    Attributes
    ----------
    risk_free : float
        Per year, as a fraction.
    var_rate : float
        Probability of a breach that the judged VaR promises: 1 - confidence.
    min_forecasts, test_window : int
        Forecasts without which the VaR is not judged, and how many are.
    """

    governance: GovernanceConfig
    risk_free: float = 0.03
    var_rate: float = 0.01
    min_forecasts: int = 100
    test_window: int = 250


@dataclass(frozen=True)
class Facts:
    """Everything on record about one strategy.

    Attributes
    ----------
    strategy : str
        Pool, or `portfolio`.
    rows : mapping of str to Rows
        See `inputs`; a table that was never written is absent.
    sessions : DatetimeIndex
        Sessions of the exchange, far enough on both sides of what is asked.
    started : mapping of str to Timestamp
        Part (pool) -> first session of its account. A pool is its own only part.
    """

    strategy: str
    rows: Mapping[str, Rows]
    sessions: pd.DatetimeIndex
    settings: Settings
    started: Mapping[str, pd.Timestamp] = field(default_factory=dict)


class Seen:
    """Facts at the close of one session."""

    def __init__(self, facts: Facts, day: pd.Timestamp) -> None:
        self.facts, self.settings = facts, facts.settings
        self.day = day.to_datetime64()
        self._sessions = facts.sessions.to_numpy("datetime64[ns]")

    def rows(self, name: str, sessions: int | None = None) -> Rows | None:
        """Rows known by the close, or those of the last so many sessions; None where nothing was known by then.

        That a table was written later must not show either.
        """
        found = self.facts.rows.get(name)
        if found is None or not len(found) or found.known[0] > self.day:
            return None
        return found.between(NEVER if sessions is None else self.back(sessions - 1), self.day)

    def back(self, sessions: int) -> np.datetime64:
        """The session so many before this one."""
        here = int(self._sessions.searchsorted(self.day, side="right")) - 1
        found: np.datetime64 = self._sessions[max(0, here - sessions)]
        return found

    def age(self, as_of: np.datetime64) -> int:
        """Sessions from `as_of` to this one; 0 on the same session."""
        here, then = (int(self._sessions.searchsorted(day, side="right")) for day in (self.day, as_of))
        return here - then

    @property
    def parts(self) -> tuple[str, ...]:
        """Pools whose account had begun by the close."""
        return tuple(part for part, first in self.facts.started.items() if first.to_datetime64() <= self.day)

    def lack(self, reason: str) -> str:
        """Why nothing is there: the given reason, but before the account began there could be nothing yet."""
        return "insufficient: the account had not begun" if self.facts.started and not self.parts else reason

    def newest(self, rows: Rows) -> tuple[np.datetime64, tuple[str, ...]]:
        """Session that every part has reached in rows with a column `part`, and the parts that have none."""
        if not self.parts:
            return np.datetime64("NaT", "ns"), ("there is no account",)
        lasts = {part: rows.known[rows["part"] == part] for part in self.parts}
        absent = tuple(part for part, known in lasts.items() if not len(known))
        reached = [known[-1] for known in lasts.values() if len(known)]
        return (min(reached) if reached else np.datetime64("NaT", "ns")), absent
