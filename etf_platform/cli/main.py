"""The command `etf-platform` and its help."""

import sys

import click

import etf_platform
from etf_platform.cli import (
    arb,
    exp,
    gov,
    indicators,
    inspect,
    kpi,
    notify,
    operate,
    ops,
    risk,
    rotation,
    score,
    serve,
    trend,
)
from etf_platform.cli.options import guarded


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(etf_platform.__version__, prog_name="etf-platform")
def main() -> None:
    """ETF strategy operations: market data to factor panels, signals, back-tests, risk gates and reports.

    \b
    First steps
      etf-platform demo                          run everything once on simulated data
      etf-platform run --date 2025-06-13         one session of all pools
      etf-platform backfill --from A --to B      many sessions in one run
      etf-platform trend run                     US universe: indicators, signals, back-tests, risk
      etf-platform score run                     scores of the assets, and the daily market report
      etf-platform ui                            open Dagster on the same state
      etf-platform notify test                   a test message on every channel that is set up
      etf-platform ops replay --from A --to B    the running account, day by day as if live
      etf-platform arb both --source live        limit-up monitor with its page and API
      etf-platform query "SELECT * FROM kpi_portfolio_summary"

    Exit codes: 0 PASS or WARN, 2 FAIL, 3 BLOCKED, 1 error.
    """


for command in (
    *operate.COMMANDS,
    *inspect.COMMANDS,
    rotation.rotation,
    trend.trend,
    indicators.indicators,
    risk.risk,
    exp.exp,
    score.score,
    notify.notify,
    arb.arb,
    gov.gov,
    serve.serve,
    ops.ops,
    kpi.kpi,
):
    main.add_command(command)

trend.trend.add_command(notify.trend_notify)

if __name__ == "__main__":
    sys.exit(guarded(main, False))
