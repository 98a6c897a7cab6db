"""Commands of the watch list: `arb watch add|remove|list|mute`. They change `watchlist.yaml` and nothing else of it."""

from pathlib import Path
from typing import Any

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import print_frame, say
from etf_platform.core.config.load import WATCHLIST
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import Workspace

UNKNOWN = 2
MARKETS = {"SH": "sh", "SZ": "sz", "BJ": "bj"}


@click.group()
def watch() -> None:
    """Stocks whose limit-ups raise signals: `watchlist.yaml`; comments and order stay."""


@watch.command("list")
@output_format
@with_workspace
def list_stocks(workspace: Workspace, fmt: Format) -> None:
    """List the watched stocks."""
    import pandas as pd

    from etf_platform.storage import watchlist

    rows = [stock.model_dump() for stock in watchlist.read(_file(workspace)).my_stocks]
    print_frame(pd.DataFrame(rows, columns=["code", "name", "market", "notes", "alerts"]), fmt)


@watch.command()
@click.argument("code")
@click.option("--name", default="", help="Name; default is the stock list's.")
@click.option("--market", type=click.Choice(list(MARKETS.values())), help="Default follows from the code.")
@click.option("--notes", default="", help="Anything worth remembering.")
@with_workspace
def add(workspace: Workspace, code: str, name: str, market: str | None, notes: str) -> None:
    """Watch a stock: CODE has six digits, with or without suffix (600519 or 600519.SH).

    Exit codes: 0 added, 2 it is watched already.
    """
    from etf_platform.core.config.arbitrage import WatchedStock
    from etf_platform.storage import watchlist

    digits, place = _split(code, market)
    symbol = f"{digits}.{place.upper()}"
    values: dict[str, Any] = {"code": digits, "name": name or _listed_name(workspace, symbol), "market": place}
    added = watchlist.add(_file(workspace), WatchedStock(**values, notes=notes))
    _leave(added, f"{symbol} is watched", f"{symbol} is watched already")


@watch.command()
@click.argument("code")
@with_workspace
def remove(workspace: Workspace, code: str) -> None:
    """Watch a stock no longer. Exit codes: 0 removed, 2 it was not watched."""
    from etf_platform.storage import watchlist

    digits = _digits(code)
    _leave(watchlist.remove(_file(workspace), digits), f"{digits} is watched no longer", f"{digits} was not watched")


@watch.command()
@click.argument("code")
@click.option("--off", "unmute", is_flag=True, help="Tell its signals again.")
@with_workspace
def mute(workspace: Workspace, code: str, unmute: bool) -> None:
    """Keep a stock's signals, and tell nobody. Exit codes: 0 done, 2 it is not watched."""
    from etf_platform.storage import watchlist

    digits = _digits(code)
    done = watchlist.set_alerts(_file(workspace), digits, unmute)
    _leave(done, f"signals of {digits} are {'told' if unmute else 'not told'}", f"{digits} is not watched")


def _file(workspace: Workspace) -> Path:
    return workspace.config / WATCHLIST


def _leave(done: bool, yes: str, no: str) -> None:
    say(yes if done else no)
    raise SystemExit(0 if done else UNKNOWN)


def _digits(code: str) -> str:
    digits = code.partition(".")[0]
    if len(digits) != 6 or not digits.isdigit():
        raise BadInputError("reading the code of a stock", f"{code!r}", "give six digits, e.g. 600519")
    return digits


def _split(code: str, market: str | None) -> tuple[str, str]:
    """Digits and market; raises BadInputError for what is no stock."""
    from etf_platform.market.codes import lookup
    from etf_platform.market.instruments import suffixed

    digits = _digits(code)
    suffix = (market or code.partition(".")[2] or suffixed(digits)[-2:]).upper()
    found = lookup(f"{digits}.{suffix}")
    if found is None or found.kind != "stock":
        raise BadInputError("adding a stock to the watch list", f"{digits}.{suffix} is no A share", "check the code")
    return digits, suffix.lower()


def _listed_name(workspace: Workspace, symbol: str) -> str:
    """Name in the stored stock list; the symbol where it is not known."""
    from etf_platform.core import tables as t
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    universe = platform.config.arbitrage.stocks
    if not platform.lake.exists(t.STOCK_LIST, universe):
        return symbol
    names = platform.lake.read(t.STOCK_LIST, universe, columns=["symbol", "name"], symbols=[symbol])["name"]
    return str(names.iloc[0]) if len(names) else symbol
