"""What a person sees of operations in the UI: the gates of one strategy, and what is in force for all of them.

Both write nothing: they show what tables, documents and the ledger say. Not here: judging (`governance.evidence`).
"""

from etf_platform.core.errors import BadInputError
from etf_platform.core.states import worst
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.releasing import freeze_rows, gates_of, release_rows
from etf_platform.orchestration.status import event_rows, strategy_rows
from etf_platform.orchestration.step import Outcome, Window


def write_gates(platform: Platform, pool: str, window: Window) -> Outcome:
    """The gates of a release of a pool on a session.

    Raises
    ------
    BadInputError
        The window has no end.
    """
    import pandas as pd

    if window.end is None:
        raise BadInputError(f"judging the gates of {pool}", "no session is named", "run a partition")
    gates = gates_of(platform, pool, window.end)
    rows = [{"gate": name, "state": str(state), "reason": reason} for name, (state, reason) in gates.items()]
    facts = {"session": str(window.end), "gates": str(worst(state for state, _ in gates.values()))}
    return Outcome(facts=facts, frames={"gates": pd.DataFrame(rows)})


def write_status(platform: Platform, universe: str, window: Window) -> Outcome:
    """What is in force now; the sensor that closes a session shows it again after its acts."""
    return status_of(platform)


def status_of(platform: Platform) -> Outcome:
    """Strategies, releases, open freezes and the newest events as small tables."""
    from etf_platform.storage.events import events

    config, known = platform.config.governance, events(platform.ops)
    strategies = strategy_rows(platform)
    facts = {
        "strategies": len(strategies),
        "frozen": ", ".join(strategies.loc[strategies["frozen"] != "no", "strategy"]) or "none",
        "breaker not normal": ", ".join(strategies.loc[strategies["breaker"] != "NORMAL", "strategy"]) or "none",
    }
    frames = {
        "strategies": strategies.set_index("strategy").T.rename_axis("").reset_index(),
        "releases": release_rows(known, config),
        "open freezes": freeze_rows(known, config),
        "newest events": event_rows(platform),
    }
    return Outcome(facts=facts, frames={name: frame for name, frame in frames.items() if len(frame)})
