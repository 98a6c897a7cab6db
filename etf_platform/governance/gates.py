"""The third gate: nothing is released on a required fuse that failed, could not be judged, or was never judged.

The first two gates are Dagster's (the blocking check and the automation condition); they see single runs. This one
folds the recorded verdicts, whichever run wrote them.
"""

from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from etf_platform.core.errors import GateClosedError
from etf_platform.core.states import State, worst
from etf_platform.core.units.fuse import Fuse

Required = tuple[str, str]  # universe, fuse


def required_fuses(
    fuses: Iterable[Fuse], universes: Sequence[str], outside_pools: Collection[str] = ()
) -> list[Required]:
    """(universe, fuse name) of every enabled fuse in every universe that it applies to.

    `outside_pools` names those of `universes.yaml`; any other name is a pool or the portfolio.
    """
    return [(u, fuse.name) for u in universes for fuse in fuses if fuse.enabled and fuse.applies_to(u, outside_pools)]


def release_state(
    verdicts: pd.DataFrame, required: Iterable[Required], as_of: pd.Timestamp | None = None
) -> tuple[State, list[str]]:
    """Whether the required fuses allow a release.

    Parameters
    ----------
    verdicts : DataFrame
        Columns universe, fuse, as_of, state, reason, in the order of recording. Of several verdicts of one fuse the one
        with the latest `as_of` counts, and of these the one recorded last.
    required : iterable of (universe, fuse)
    as_of : Timestamp, optional
        Session that is to be released; an older verdict counts as missing.

    Returns
    -------
    state : State
        The worst of the required verdicts. A missing or outdated one is BLOCKED, and so is an empty `required`.
    reasons : list of str
        One line per verdict that is not PASS, `universe fuse STATE: reason`.
    """
    latest = _latest(verdicts)
    judged = [_judge(name, latest.get(name), as_of) for name in required]
    if not judged:
        return State.BLOCKED, ["no fuse is required, so nothing was judged"]
    return worst(state for state, _ in judged), [line for _, line in judged if line]


def refuse_if_closed(
    doing: str, verdicts: pd.DataFrame, required: Iterable[Required], as_of: pd.Timestamp | None = None
) -> State:
    """The state (PASS or WARN) when a release is allowed; arguments as in `release_state`.

    Raises
    ------
    GateClosedError
        A required fuse is FAIL or BLOCKED; the message lists all of these.
    """
    state, reasons = release_state(verdicts, required, as_of)
    if not state.is_open:
        closed = [line for line in reasons if f" {State.WARN}: " not in line]
        raise GateClosedError(doing, " | ".join(closed), "repair the cause and judge again")
    return state


def _latest(verdicts: pd.DataFrame) -> dict[Required, pd.Series]:
    if verdicts.empty:
        return {}
    ordered = verdicts.assign(as_of=pd.to_datetime(verdicts["as_of"])).sort_values(
        "as_of", kind="stable", na_position="first"
    )
    last = ordered.drop_duplicates(["universe", "fuse"], keep="last")
    return {(str(row["universe"]), str(row["fuse"])): row for _, row in last.iterrows()}


def _judge(name: Required, verdict: pd.Series | None, as_of: pd.Timestamp | None) -> tuple[State, str]:
    label = " ".join(name)
    if verdict is None:
        return State.BLOCKED, f"{label} {State.BLOCKED}: never judged"
    if as_of is not None and not verdict["as_of"] >= as_of:
        return State.BLOCKED, f"{label} {State.BLOCKED}: last judged for {verdict['as_of']:%Y-%m-%d}"
    state = State(verdict["state"])
    return state, "" if state is State.PASS else f"{label} {state}: {verdict['reason']}"
