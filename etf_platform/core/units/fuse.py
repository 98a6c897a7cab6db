"""A fuse: one property of the stored tables that should hold, its limit, and what stops when it does not.

Here stand the values (`Fuse`, `Reading`, `FuseContext`) and the decorator. Not here: the fuses themselves
(`etf_platform.fuses`), loading of tables (`orchestration`) and what a closed gate forbids (`governance.gates`).

A fuse is a pure function. Its parameter names say what it reads, so that orchestration loads that and nothing else:

* `limit`: the declared limit after overrides;
* `context`: the `FuseContext`;
* every other name is a table, as `core.tables` calls it in lower case (`bars`, `factor_summary`, `fills`), of the same
  universe as the guarded table. A parameter with a default is an input that may be absent.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import InitVar, dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from etf_platform.core import tables as declared
from etf_platform.core.config.models import CiThresholds, FusesConfig
from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.errors import BadInputError, PlatformError
from etf_platform.core.places import rows_between
from etf_platform.core.schema import Table
from etf_platform.core.states import State

if TYPE_CHECKING:
    import pandas as pd

    Known: TypeAlias = Callable[[str], pd.DataFrame]

OnFail = Literal["halt", "hold", "warn"]
Scope = Literal["pool", "portfolio", "every", "universe", "market", "account", "stocks", "funds", "scored"]
APPLIES_TO: dict[Scope, tuple[str, ...]] = {
    "pool": ("pool",),
    "portfolio": ("portfolio",),
    "every": ("pool", "portfolio"),
    "universe": ("universe",),
    "market": ("pool", "universe"),
    "account": ("pool", "portfolio", "universe"),
    "stocks": ("stocks",),
    "funds": ("funds",),
    "scored": ("scored",),
}

INPUTS: dict[str, Table] = {name.lower(): value for name, value in vars(declared).items() if isinstance(value, Table)}
# A row on each session: older than `as_of` means stale.
EVERY_SESSION = ("bars", "panel", "targets", "equity", "indicators")
MAY_BE_EMPTY = ("quarantine", "adjustment_events", "fills")  # no row is an answer, not a gap


@dataclass(frozen=True)
class Reading:
    """What a fuse saw.

    Attributes
    ----------
    observed, limit : float or None
        The number judged, and the limit it was judged against; `Fuse.run` fills in the limit.
    passed : bool, optional
        Short for a state of PASS or FAIL. A reading that gives neither is BLOCKED.
    reason : str
        One sentence; empty only when the state is PASS.
    details : mapping
        Names, dates and numbers for the person who looks; JSON values.
    """

    observed: float | None = None
    passed: InitVar[bool | None] = None
    state: State = State.BLOCKED
    limit: float | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self, passed: bool | None) -> None:
        if passed is not None:
            object.__setattr__(self, "state", State.PASS if passed else State.FAIL)


@dataclass(frozen=True)
class FuseContext:
    """What a fuse may know besides tables; None means not available, and a fuse that needs it is BLOCKED.

    Attributes
    ----------
    universe : str
        Pool name, or `portfolio`.
    as_of : Timestamp or None
        Session that is judged; later rows are cut off before the fuse sees a table.
    thresholds, settings, risk
        `ci_thresholds` of `etf_pools.yaml`, `fuses.yaml`, and `risk.yaml`.
    sessions : DatetimeIndex or None
        All sessions that the exchange calendar knows, also those after `as_of`.
    accepted : mapping of str to float
        Fuse name -> figure observed in the last accepted run of this universe.
    in_portfolio : bool
        False for a pool of weight 0: its results are shown and hold nothing.
    top_n, warn_sessions, max_failed_share
        Configured places of the strategy, calendar reserve (sessions), tolerated share of failed factors.
    unit_factor
        Factor within which amount is close * volume; wide for a source whose old price levels are not as traded.
    panel_meta : mapping or None
        Content of `panel_meta.json`.
    panel_columns : DataFrame or None
        `measures.columns.column_facts` of the panel's factors up to `as_of`; None when the panel itself is given.
    compute_panel, compute_targets, compute_export : callable or None
        bars -> panel, (bars, panel) -> targets, bars -> panel in the original's shifted form.
    second_equity : DataFrame or None
        `equity` of an independent second run of the same targets.
    """

    universe: str
    as_of: pd.Timestamp | None = None
    thresholds: CiThresholds = field(default_factory=CiThresholds)
    settings: FusesConfig = field(default_factory=FusesConfig)
    risk: RiskConfig = field(default_factory=RiskConfig)
    sessions: pd.DatetimeIndex | None = None
    accepted: Mapping[str, float] = field(default_factory=dict)
    in_portfolio: bool = True
    top_n: int = 5
    warn_sessions: int = 30
    unit_factor: float = 2.0
    max_failed_share: float = 0.01
    panel_meta: Mapping[str, Any] | None = None
    panel_columns: pd.DataFrame | None = None
    compute_panel: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    compute_targets: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame] | None = None
    compute_export: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    second_equity: pd.DataFrame | None = None

    def need(self, name: str) -> Any:
        """The value of a field that may be None.

        Raises
        ------
        BadInputError
            It is None; `Fuse.run` turns this into BLOCKED.
        """
        value = getattr(self, name)
        if value is None:
            raise BadInputError(f"judging {self.universe}", f"{name} was not given", "pass it in the FuseContext")
        return value


@dataclass(frozen=True)
class Fuse:
    """One property that should hold.

    Attributes
    ----------
    name : str
        Name of the function: what should hold.
    guards : str
        `<layer>/<table>` whose materialisation is judged.
    on_fail : {"halt", "hold", "warn"}
        halt: nothing downstream of the guarded table runs. hold: results are computed and shown, nothing is
        released. warn: told only; a FAIL becomes a WARN.
    limit : float, str or None
        A number, or the dotted path of one in `FuseContext` (`thresholds.min_coverage`).
    scope : {"pool", "portfolio", "every", "universe", "market", "account", "stocks", "funds", "scored"}
        What it applies to: rotation pools, the portfolio, both ("every"); universes of `universes.yaml`, or whatever
        has bars, pools and universes ("market"), or whatever has a return ("account": all three); the stocks or the
        funds of the limit-up tracker; the scored assets.
    enabled : bool
        Whether it is judged at all; a fuse that is not enabled is not required for a release either.
    inputs, optional : tuple of str
        Tables it reads, and which of them may be absent.
    declared_only : tuple of str
        Tables of which it looks at the declared columns alone; of open ones (factors) the context knows the figures.
    """

    name: str
    judge: Callable[..., Reading]
    guards: str
    on_fail: OnFail
    limit: float | str | None = None
    scope: Scope = "pool"
    enabled: bool = True
    inputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    declared_only: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Declarations of the inputs, in the order of `inputs`."""
        return tuple(INPUTS[name] for name in self.inputs)

    @property
    def sentence(self) -> str:
        """First sentence of the docstring: the property that should hold; empty without one."""
        first = re.match(r".*?\.(?=\s|$)", inspect.getdoc(self.judge) or "", re.DOTALL)
        return first.group().replace("\n", " ") if first else ""

    def applies_to(
        self, universe: str, universes: Collection[str] = (), others: Mapping[str, str] | None = None
    ) -> bool:
        """Whether `universe` is judged by this fuse.

        `universes` are those of `universes.yaml`, `others` says which name stands for `stocks`, `funds` and `scored`;
        any other name is a pool, or the portfolio.
        """
        other = "portfolio" if universe == "portfolio" else "universe" if universe in universes else "pool"
        return (others or {}).get(universe, other) in APPLIES_TO[self.scope]

    def limit_in(self, context: FuseContext) -> float | None:
        """The limit as a number."""
        return float(attrgetter(self.limit)(context)) if isinstance(self.limit, str) else self.limit

    def halts(self, reading: Reading) -> bool:
        """Whether nothing downstream of the guarded table may run."""
        return self.on_fail == "halt" and not reading.state.is_open

    def run(self, tables: Mapping[str, pd.DataFrame], context: FuseContext) -> Reading:
        """Judge the tables as they stood on `context.as_of`.

        Parameters
        ----------
        tables : mapping of str to DataFrame
            One frame per name in `inputs`; leave out what has never been written.

        Returns
        -------
        Reading
            BLOCKED when an input is missing, empty, stale (its last row is older than `as_of`) or lacks a column,
            when the context lacks a value, or when the observed number is NaN. Only a typed error or a missing
            column is turned into BLOCKED; any other exception is a defect and is raised.
        """
        known = functools.cache(lambda name: _until(tables[name], context.as_of))  # asked for twice, cut once
        gap = next(filter(None, (self._gap(name, tables, known, context) for name in self.inputs)), "")
        if gap:
            return self._settle(Reading(reason=gap), context)
        try:
            return self._settle(self.judge(**self._arguments(tables, known, context)), context)
        except KeyError as error:
            return self._settle(Reading(reason=f"a column is missing: {error}"), context)
        except PlatformError as error:
            return self._settle(Reading(reason=str(error)), context)

    def _gap(self, name: str, tables: Mapping[str, pd.DataFrame], known: Known, context: FuseContext) -> str:
        frame = tables.get(name)
        if frame is None:
            return "" if name in self.optional else f"{name} has never been written"
        if name not in MAY_BE_EMPTY and known(name).empty:
            return f"{name} has no row" + (f" up to {context.as_of:%Y-%m-%d}" if context.as_of is not None else "")
        if name in EVERY_SESSION and context.as_of is not None and frame["date"].max() < context.as_of:
            return (
                f"{name} is stale: its last row is of {frame['date'].max():%Y-%m-%d}, asked is {context.as_of:%Y-%m-%d}"
            )
        return ""

    def _arguments(self, tables: Mapping[str, pd.DataFrame], known: Known, context: FuseContext) -> dict[str, Any]:
        wanted = inspect.signature(self.judge).parameters
        given = {name: known(name) for name in self.inputs if name in tables}
        special = {"limit": self.limit_in(context), "context": context}
        return given | {name: value for name, value in special.items() if name in wanted}

    def _settle(self, reading: Reading, context: FuseContext) -> Reading:
        state, reason = reading.state, reading.reason
        limit = self.limit_in(context) if reading.limit is None else reading.limit
        if reading.observed is not None and math.isnan(reading.observed):
            state, reason = State.BLOCKED, reason or "the observed number is not defined"
        if state is State.FAIL and self.on_fail == "warn":
            state = State.WARN
        if state is not State.PASS and not reason:
            reason = f"observed {reading.observed}, limit {limit}; expected: {self.sentence}"
        return Reading(reading.observed, None, state, limit, reason, reading.details)


def _until(frame: pd.DataFrame, as_of: pd.Timestamp | None) -> pd.DataFrame:
    if as_of is None or "date" not in frame.columns or frame.empty or frame["date"].max() <= as_of:
        return frame
    return rows_between(frame, None, as_of)


def fuse(
    *,
    guards: str,
    on_fail: OnFail,
    limit: float | str | None = None,
    scope: Scope = "pool",
    enabled: bool = True,
    declared_only: tuple[str, ...] = (),
) -> Callable[[Callable[..., Reading]], Fuse]:
    """Turn a function of tables into a fuse; see the module docstring for what its parameter names mean.

    Raises
    ------
    BadInputError
        A parameter or the guarded table is not declared in `core.tables`, or the docstring is missing.
    """

    def make(judge: Callable[..., Reading]) -> Fuse:
        parameters = inspect.signature(judge).parameters
        inputs = tuple(name for name in parameters if name not in ("limit", "context"))
        optional = tuple(name for name in inputs if parameters[name].default is not inspect.Parameter.empty)
        made = Fuse(judge.__name__, judge, guards, on_fail, limit, scope, enabled, inputs, optional, declared_only)
        _check(made)
        return made

    return make


def _check(made: Fuse) -> None:
    doing = f"declaring the fuse {made.name}"
    unknown = [name for name in made.inputs if name not in INPUTS]
    if unknown:
        raise BadInputError(doing, f"no table is called {', '.join(unknown)}", f"use one of {', '.join(INPUTS)}")
    if made.guards not in {f"{table.layer}/{table.name}" for table in INPUTS.values()}:
        raise BadInputError(doing, f"no table stands at {made.guards!r}", "write guards='<layer>/<table>'")
    if not made.sentence:
        raise BadInputError(doing, "its docstring holds no sentence", "say in one sentence what should hold")


def verdict_row(fuse: Fuse, reading: Reading, context: FuseContext) -> dict[str, Any]:
    """One row of the ops table `fuse_verdicts`; `as_of` stays a Timestamp, the state is its text."""
    return {
        "universe": context.universe,
        "guards": fuse.guards,
        "fuse": fuse.name,
        "as_of": context.as_of,
        "state": str(reading.state),
        "on_fail": fuse.on_fail,
        "observed": reading.observed,
        "limit": reading.limit,
        "reason": reading.reason,
    }
