"""`etf-platform indicators ...`: what indicator columns there are, and whether they agree with a reference."""

from datetime import date

import click

from etf_platform.cli import trend
from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import print_frame
from etf_platform.cli.single_symbol import end_option, start_option, symbol_option
from etf_platform.core.workspace import Workspace


@click.group()
def indicators() -> None:
    """Named indicator columns on bars of a universe."""


@indicators.command("list")
@output_format
def list_indicators(fmt: Format) -> None:
    """List every indicator: column name, unit, first defined row, inputs, direction, meaning."""
    from etf_platform.orchestration.units import indicator_rows

    print_frame(indicator_rows(), fmt)


@indicators.command()
@symbol_option
@start_option
@end_option
@output_format
@with_workspace
def verify(workspace: Workspace, symbol: str, start: date | None, end: date | None, fmt: Format) -> None:
    """Compare with a plain implementation and, where installed (extra `talib`), TA-Lib; exit 2 on a difference."""
    trend.verify(workspace, symbol, start, end, fmt)
