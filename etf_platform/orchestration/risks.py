"""Questions about risk that a person asks now: tests on stored forecasts, the acceptance experiment, fills of files."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.core.states import State
from etf_platform.market.sources.executions import read_fills_file, read_quotes_file
from etf_platform.market.sources.lobster import read_lobster
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import Platform
from etf_platform.reports.attribution import AttributionReport, render_attribution
from etf_platform.risk.acceptance import acceptance_rate
from etf_platform.risk.attribution.fills import attribute_fills, unmatched_fills
from etf_platform.risk.attribution.mids import marks_from_quotes, with_mids
from etf_platform.risk.attribution.summary import by_period
from etf_platform.risk.coverage import coverage_rows

MIN_COVERAGE = 0.90


@dataclass(frozen=True)
class AttributedFills:
    """Attribution of one file of fills.

    Attributes
    ----------
    totals : DataFrame
        One row per horizon: parts, residual, net result, coverage.
    report : AttributionReport
    """

    totals: pd.DataFrame
    report: AttributionReport

    @property
    def state(self) -> State:
        """FAIL when a horizon is covered less than 90 %."""
        return State.PASS if bool((self.totals["coverage"] >= MIN_COVERAGE).all()) else State.FAIL

    def write(self, folder: Path) -> list[Path]:
        """Write the report as Markdown and HTML; gives the files."""
        markdown, html = render_attribution(self.report)
        stem = f"attribution_{self.report.subject}_{self.report.as_of:%Y-%m-%d}"
        files = {folder / f"{stem}.md": markdown, folder / f"{stem}.html": html}
        for path, text in files.items():
            replace_text(path, text)
        return list(files)


def coverage_of(platform: Platform, universe: str, all_history: bool) -> pd.DataFrame:
    """COVERAGE of a universe as stored, or computed now over every stored forecast.

    Raises
    ------
    MissingTableError
        Nothing is stored.
    """
    if not platform.lake.exists(t.EXCEPTIONS, universe):
        raise MissingTableError(
            f"testing the forecasts of {universe}", "none are stored", "run `etf-platform run` or `trend run` first"
        )
    if not all_history:
        return platform.lake.read(t.COVERAGE, universe)
    exceptions = platform.lake.read(t.EXCEPTIONS, universe)
    longest = int(exceptions.groupby(["series", "method", "level"]).size().max())
    config = platform.config.risk.model_copy(update={"test_window": max(longest, platform.config.risk.test_window)})
    return coverage_rows(exceptions, config)


def acceptance_table(repetitions: int, sessions: int, level: float) -> pd.DataFrame:
    """Rejection rates of a right model and of one that forecasts half the volatility."""
    models = {"right": 1.0, "half the volatility": 0.5}
    parts = [
        acceptance_rate(repetitions, sessions, level, factor).assign(model=name) for name, factor in models.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[["model", *[name for name in table.columns if name != "model"]]]


def attribute_files(fills: Path, quotes: Path, horizons: tuple[str, ...], strategy: str) -> AttributedFills:
    """Attribution of a fills file with a quotes file."""
    return _attributed(read_fills_file(fills), read_quotes_file(quotes), horizons, strategy, f"file:{fills.name}")


def attribute_lobster(messages: Path, horizons: tuple[str, ...]) -> AttributedFills:
    """Attribution of every execution of a LOBSTER day to its passive side."""
    day = read_lobster(messages)
    return _attributed(day.fills, day.quotes, horizons, "passive", f"file:{messages.name}", "USD")


def _attributed(
    fills: pd.DataFrame,
    quotes: pd.DataFrame,
    horizons: tuple[str, ...],
    strategy: str,
    source: str,
    currency: str = "CNY",
) -> AttributedFills:
    parts, lost = [], []
    for horizon in horizons:
        timed = with_mids(fills, quotes, horizon)
        parts.append(attribute_fills(timed, marks_from_quotes(timed, quotes, source), horizon, strategy))
        lost.append(unmatched_fills(timed))
    rows = pd.concat(parts, ignore_index=True)
    totals = by_period(rows, "all")
    report = AttributionReport(
        subject=", ".join(sorted(rows["symbol"].unique())),
        as_of=rows["date"].max(),
        strategies=(strategy,),
        totals=totals,
        weeks=by_period(rows[rows["horizon"] == horizons[-1]], "W"),
        sectors=by_period(rows, "all", ("sector",)),
        unmatched=lost[0],
        has_benchmark=False,
        min_coverage=MIN_COVERAGE,
        currency=currency,
    )
    return AttributedFills(totals, report)
