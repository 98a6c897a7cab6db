"""Commands of uploaded holdings: `arb holdings add|list`. A file is judged before it is kept; steps read it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, say
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

REFUSED = 2
FORMATS: dict[str, Literal["weights_json", "csi_xls", "csv"]] = {
    ".csv": "csv",
    ".json": "weights_json",
    ".xls": "csi_xls",
    ".xlsx": "csi_xls",
}


@click.group()
def holdings() -> None:
    """What funds hold: files beside what the source says."""


@holdings.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-of", type=Day(), help="End of the period, where the file does not say it.")
@click.option("--published-at", type=Day(), help="First day on which it may be used; default is the next session.")
@click.option("--fund", "funds", multiple=True, metavar="SYMBOL", help="Fund of an index sheet (.xls); repeatable.")
@with_workspace
def add(
    workspace: Workspace, path: Path, as_of: "dt.date | None", published_at: "dt.date | None", funds: tuple[str, ...]
) -> None:
    """Keep a file of weights, which every later `arb init` and `arb update` reads.

    FILE is a CSV (columns fund, stock, weight, and as_of or --as-of), a JSON {fund: {stock: weight}}, or the official
    sheet of an index with --fund. Weights are fractions. A file of the same name is replaced.
    Exit codes: 0 kept, 2 no row of it can be used.
    """
    from etf_platform.core.config.arbitrage import HoldingsFile
    from etf_platform.market.holdings import parse_holdings
    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.stock_sources import UPLOADS

    if path.suffix.lower() not in FORMATS:
        raise BadInputError(f"reading {path.name}", "its ending is not known", f"use one of {', '.join(FORMATS)}")
    days = {"as_of": as_of, "published_at": published_at}
    texts = {name: None if day is None else f"{day:%Y-%m-%d}" for name, day in days.items()}
    file = HoldingsFile(path=path.name, format=FORMATS[path.suffix.lower()], funds=funds, **texts)
    platform = Platform.open(workspace)
    sessions = platform.sessions(platform.config.arbitrage.funds)
    found = parse_holdings(path.read_bytes(), file, path.name, datetime.now(UTC), sessions)
    for row in found.refused.to_dict("records"):
        say(f"refused: {row['fund']} {row['stock']}".rstrip() + f": {row['reason']}")
    if found.rows.empty:
        say(f"{path.name}: no row can be used; nothing was kept")
        raise SystemExit(REFUSED)
    target = workspace.home / UPLOADS / f"{path.stem}.csv"
    replace_text(target, as_csv(found.rows))
    say(f"{len(found.rows)} row(s) of {found.rows['symbol'].nunique()} fund(s) in {target}; `arb init` reads it")


@holdings.command("list")
@output_format
@with_workspace
def list_files(workspace: Workspace, fmt: Format) -> None:
    """List the kept files."""
    import pandas as pd

    from etf_platform.orchestration.steps.stock_sources import UPLOADS

    files = sorted((workspace.home / UPLOADS).glob("*.csv"))
    rows = [{"file": file.name, "rows": len(pd.read_csv(file)), "bytes": file.stat().st_size} for file in files]
    print_frame(pd.DataFrame(rows, columns=["file", "rows", "bytes"]), fmt)


def as_csv(rows: "pd.DataFrame") -> str:
    """FUND_HOLDINGS rows as an uploaded file has them; a publication that was only estimated stays out."""
    from etf_platform.market.weight_files import CSV_COLUMNS

    days = {name: rows[name].dt.strftime("%Y-%m-%d") for name in ("as_of", "published_at")}
    days["published_at"] = days["published_at"].where(~rows["published_estimated"].astype(bool), "")
    return str(rows.assign(fund=rows["symbol"], **days)[list(CSV_COLUMNS)].to_csv(index=False))
