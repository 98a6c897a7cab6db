"""`etf-platform ops`: the running account by hand: replay past sessions, import fills that happened."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from etf_platform.cli.options import Format, output_format, pool_option, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, say
from etf_platform.core.workspace import Workspace


@click.group()
def ops() -> None:
    """Operations: the running account and what judges it."""


@ops.command("replay")
@click.option("--from", "start", type=Day(), required=True, help="First session.")
@click.option("--to", "end", type=Day(), required=True, help="Last session.")
@click.option("--missing", type=Day(), multiple=True, help="A session on which nothing runs; may be repeated.")
@pool_option
@output_format
@with_workspace
def replay_sessions(
    workspace: Workspace, start: date, end: date, missing: Sequence[date], pools: Sequence[str], fmt: Format
) -> None:
    """Run operations over past sessions, day by day as if live, and show what every day came to.

    Ends with 2 when a day's consistency failed, with 3 when one could not be judged.
    """
    import pandas as pd

    from etf_platform.cli.operate import chosen_pools
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.replay import replay

    platform = Platform.open(workspace)
    chosen = chosen_pools(platform, pools) if pools else ()
    done = replay(platform, start, end, chosen, missing, told=lambda r: say(f"{r.session} {r.universe} {r.address}"))
    rows = [
        {
            "date": str(r.session),
            "pool": r.universe,
            "state": r.facts["state"],
            "stage": r.facts["first diverging stage"],
        }
        for r in done
        if r.address == "governance/{pool}/consistency"
    ]
    print_frame(pd.DataFrame(rows), fmt)
    states = {row["state"] for row in rows}
    click.get_current_context().exit(2 if "FAIL" in states else 3 if "BLOCKED" in states else 0)


@ops.command("import-fills")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pool", required=True, metavar="POOL", help="Account that the fills belong to.")
@with_workspace
def import_fills(workspace: Workspace, file: Path, pool: str) -> None:
    """Take fills as they happened instead of modelled ones, for sessions that are not recorded yet."""
    from etf_platform.cli.operate import chosen_pools
    from etf_platform.orchestration.paper_imports import import_fills as take
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    (chosen,) = chosen_pools(platform, (pool,))
    days = take(platform, chosen, file.read_bytes(), file.name)
    say(f"{file.name}: fills of {', '.join(map(str, days)) or 'no new day'} are kept and will be booked as they are.")
