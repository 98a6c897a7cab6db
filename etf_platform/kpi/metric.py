"""What a metric of operations is: one record with formula, unit, direction, thresholds, and how it is read.

A record is a module-level value in `kpi.metrics`; that folder is the registry. Not here: the records, dates and rows
(`values`), figures of the back-test (`registry`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import ConfigError
from etf_platform.core.states import State
from etf_platform.kpi.facts import Rows, Seen

Direction = Literal["up", "down", "none"]
Weekly = Literal["last", "sum", "compound", "max"]
Scope = Literal["pool", "portfolio"]
NOTHING = np.datetime64("NaT", "ns")

_TERM = re.compile(r"(-?)(.+)$")


@dataclass(frozen=True)
class Reading:
    """A metric as it stood at one close.

    Attributes
    ----------
    value : float
        NaN where it is not defined; `reason` says why.
    as_of : datetime64[ns]
        Session of the newest input; NaT without any.
    reason : str
        A code, and after a colon what it is about; empty where there is nothing to say.
    warn, major : float
        Thresholds that follow from the data; NaN: those of the record.
    state : State
        The mildest state that the value may have, whatever the thresholds say.
    note : str
        What the reader of the row must know about its source.
    """

    value: float
    as_of: np.datetime64 = NOTHING
    reason: str = ""
    warn: float = float("nan")
    major: float = float("nan")
    state: State = State.PASS
    note: str = ""


def blocked(reason: str, as_of: np.datetime64 = NOTHING) -> Reading:
    """A reading without a value."""
    return Reading(float("nan"), as_of, reason)


@dataclass(frozen=True)
class Metric:
    """One record of the registry.

    Attributes
    ----------
    key, title, formula, unit : str
        Formula and title are for people.
    direction : {"up", "down", "none"}
        Which way is better; thresholds bound the other side.
    source : str
        Asset that it is read from; `{pool}` is the strategy.
    owner : str
        Role that answers for it.
    measure : callable (Seen) -> Reading
        Sees rows dated up to the day and nothing later.
    warn, major : str
        Thresholds: a number, or a key of `governance.yaml` such as `-weekly.max_abs_drawdown`, or a product of both;
        empty: none, or one that follows from the data (`Reading`).
    least : int
        Observations without which there is no value: BLOCKED `insufficient`.
    most_age : int
        Sessions that the newest input may lie back; older is BLOCKED `stale`.
    weekly : {"last", "sum", "compound", "max"}
        How the value of a week follows from those of its sessions.
    scopes : tuple
        Whose metric it is: of every pool, of the portfolio.
    relative : str
        WARN beyond this multiple of the baseline, written like `warn`; empty: the baseline is no threshold. Without a
        baseline the metric is BLOCKED `no_baseline`.
    is_core : bool
        It gates releases; a FAIL is a major risk.
    aliases : tuple of str
        Names of the metric in files that are imported.
    version : int
        Rises when the formula or its inputs change.
    """

    key: str
    title: str
    formula: str
    unit: str
    direction: Direction
    source: str
    owner: str
    measure: Callable[[Seen], Reading]
    warn: str = ""
    major: str = ""
    least: int = 1
    most_age: int = 1
    weekly: Weekly = "last"
    scopes: tuple[Scope, ...] = ("pool", "portfolio")
    relative: str = ""
    is_core: bool = False
    aliases: tuple[str, ...] = ()
    version: int = 1


def of_every_part(seen: Seen, name: str, sessions: int, otherwise: str) -> tuple[Rows, np.datetime64] | Reading:
    """Rows with a column `part` of the last sessions, and the session that all parts have reached; or why not.

    Parameters
    ----------
    otherwise : str
        Reason where there is nothing: a code, and after a colon what is not there; parts that lack rows are named.
    """
    rows = seen.rows(name, sessions)
    if rows is None:
        return blocked(otherwise)
    as_of, absent = seen.newest(rows)
    if absent or not len(rows):
        code = otherwise.partition(":")[0]
        return blocked(seen.lack(f"{code}: {', '.join(absent)}" if absent else otherwise), as_of)
    return rows, as_of


def threshold(text: str, config: GovernanceConfig) -> float:
    """The number that a threshold stands for; NaN for none.

    Raises
    ------
    ConfigError
        It names a key that `governance.yaml` does not have.
    """
    if not text:
        return float("nan")
    product = 1.0
    for term in text.split(" * "):
        product *= _term(term, config)
    return product


def _term(text: str, config: GovernanceConfig) -> float:
    sign, name = _TERM.match(text).groups()  # type: ignore[union-attr]
    factor = -1.0 if sign else 1.0
    if name.replace(".", "", 1).isdigit():
        return factor * float(name)
    found: object = config
    for part in name.split("."):
        if isinstance(found, tuple) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif hasattr(found, part):
            found = getattr(found, part)
        else:
            raise ConfigError("looking up a threshold", f"governance.yaml has no {name}", "correct the metric's record")
    return factor * float(found)  # type: ignore[arg-type]
