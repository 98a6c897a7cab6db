"""The refusal inside an asset: a run that selects only a downstream asset must not slip past a halting fuse.

Dagster's blocking check protects its own run only. Here a step looks at the last recorded verdict of every halting
fuse on the tables that it reads, whichever run recorded it.
"""

from etf_platform.core.errors import GateClosedError
from etf_platform.core.states import State
from etf_platform.orchestration.graph import POOL_STEPS
from etf_platform.orchestration.graph_arbitrage import FUND_STEPS, STOCK_STEPS
from etf_platform.orchestration.graph_scoring import SCORING_STEPS
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Step
from etf_platform.orchestration.units import enabled_fuses


def refuse_behind_open_fuse(platform: Platform, universe: str, step: Step) -> None:
    """Raise when a halting fuse on an upstream table of the same pool is FAIL or BLOCKED.

    The portfolio's steps are not refused: they show a stopped pool as BLOCKED.

    Raises
    ------
    GateClosedError
        Names the fuse and its reason.
    """
    if universe == PORTFOLIO or step.job == "history":
        return
    from etf_platform.storage.ledger import latest_verdicts

    guarded = guarded_tables(step, _siblings(platform, universe))
    halting = {fuse.name for fuse in enabled_fuses(platform.config) if fuse.on_fail == "halt"}
    for row in latest_verdicts(platform.ops, universe):
        if row["fuse"] in halting and row["guards"] in guarded and not State(row["state"]).is_open:
            raise GateClosedError(
                f"starting {step.address.format(pool=universe)}",
                f"the fuse {row['fuse']} on {row['guards']} is {row['state']} since {row['as_of']}: {row['reason']}",
                f"repair the cause and run {row['guards'].replace('/', f'/{universe}/')} with its checks again",
            )


def _siblings(platform: Platform, universe: str) -> tuple[Step, ...]:
    tracker, scored = platform.config.arbitrage, platform.config.scoring.universe
    own = {tracker.stocks: STOCK_STEPS, tracker.funds: FUND_STEPS, scored: SCORING_STEPS}
    return own.get(universe, POOL_STEPS)


def guarded_tables(step: Step, siblings: tuple[Step, ...] = POOL_STEPS) -> set[str]:
    """`layer/table` of everything that the step's upstream assets write, all the way up.

    `history` writes into the same tables as the daily asset that needs it and has no fuses of its own; counted in, it
    would close the gate on the very step that repairs the table.
    """
    by_address = {other.address: other for other in siblings if other.job != "history"}
    found: set[str] = set()
    waiting = [need for need in step.needs if need in by_address]
    while waiting:
        needed = by_address[waiting.pop()]
        found |= {f"{table.layer}/{table.name}" for table in needed.tables}
        waiting += [need for need in needed.needs if need in by_address]
    return found
