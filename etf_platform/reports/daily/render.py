"""Filling the two templates.

Here: order of the sections, plots, escaping. Not here: what a section says. HTML is escaped by jinja2; for Markdown
every inserted text passes `plain_markdown`, so that no name can become a tag, a link or a new table column.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import replace

import jinja2
import pandas as pd

from etf_platform.core.states import State
from etf_platform.reports import plots
from etf_platform.reports.daily.contents import DailyReport
from etf_platform.reports.daily.holdings import holdings_section
from etf_platform.reports.daily.judgement import current_verdicts, overall
from etf_platform.reports.daily.layout import Plot, Section
from etf_platform.reports.daily.sections import (
    capacity_section,
    excluded_section,
    figures_section,
    fuses_section,
    kpi_section,
    months_section,
)
from etf_platform.reports.display import shown

SPECIAL = {ord(c): f"\\{c}" for c in "\\`*[]|~"} | {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}
AT_AN_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word an underscore means nothing


def render_daily(report: DailyReport, with_plots: bool = True) -> tuple[str, str]:
    """The report as (Markdown, HTML).

    The first line of both says the overall state and why. The Markdown has no plots; the HTML is one file without any
    outside resource: styles and plots are inline, colours follow the reader's light or dark setting. `with_plots=False`
    leaves the plots out (2 s faster, 10 kB instead of 300 kB).
    """
    sections = _sections(report)
    values = _values(report)
    markdown = template_environment(html=False).get_template("daily.md.j2").render(sections=sections, **values)
    drawn = _with_plots(report, sections) if with_plots else sections
    html = template_environment(html=True).get_template("daily.html.j2").render(sections=drawn, **values)
    return markdown, html


def plain_markdown(value: object) -> object:
    """Text without any meaning to Markdown or HTML, on one line; other values unchanged."""
    if not isinstance(value, str):
        return value
    return AT_AN_EDGE.sub(lambda found: "\\" + found.group(), " ".join(value.translate(SPECIAL).split()))


@functools.cache
def template_environment(html: bool) -> jinja2.Environment:
    """The environment of every report: HTML escaped by jinja2, Markdown by `plain_markdown`."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("etf_platform.reports", "templates"),
        autoescape=html,
        finalize=None if html else plain_markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def _values(report: DailyReport) -> dict[str, object]:
    state, why = overall(report)
    return {
        "state": state.value,
        "why": why,
        "states": [s.value for s in State],
        "simulated": report.is_simulated,
        "sources": report.sources,
        "as_of": shown(report.as_of),
        "generated_at": shown(report.generated_at),
        "versions": sorted(report.versions.items()),
        "config_digest": report.config_digest or "not recorded",
        "code_commit": report.code_commit or "not recorded",
    }


def _sections(report: DailyReport) -> list[Section]:
    return [
        figures_section(report),
        *[holdings_section(report, pool) for pool in report.pools],
        fuses_section(report),
        kpi_section(report),
        months_section(report),
        capacity_section(report),
        excluded_section(report),
    ]


def _with_plots(report: DailyReport, sections: list[Section]) -> list[Section]:
    figures, *middle = sections
    holdings, rest = middle[: len(report.pools)], middle[len(report.pools) :]
    drawn = [replace(figures, plots=_account_plots(report, "portfolio"))]
    for pool, section in zip(report.pools, holdings, strict=True):
        drawn.append(section if section.state is State.BLOCKED else replace(section, plots=_pool_plots(report, pool)))
    board = Plot("State of every fuse", plots.as_data_uri(plots.fuse_board(_marked(report))))
    return [*drawn, replace(rest[0], plots=(board,) if len(report.verdicts) else ()), *rest[1:]]


def _marked(report: DailyReport) -> pd.DataFrame:
    verdicts = current_verdicts(report)
    return verdicts.assign(source="simulated") if report.is_simulated else verdicts


def _drawn(
    report: DailyReport, universe: str, title: str, draw: Callable[[pd.DataFrame, str], bytes], rows: str
) -> bytes:
    return report.pictures.get((universe, title)) or draw(report.rows(rows, universe), universe)


def _account_plots(report: DailyReport, universe: str) -> tuple[Plot, ...]:
    value = _drawn(report, universe, "equity and drawdown", plots.equity_and_drawdown, "equity")
    months = _drawn(report, universe, "monthly returns", plots.monthly_heat_map, "months")
    return (
        Plot(f"{universe}: account value and drawdown", plots.as_data_uri(value)),
        Plot(f"{universe}: monthly returns", plots.as_data_uri(months)),
    )


def _pool_plots(report: DailyReport, pool: str) -> tuple[Plot, ...]:
    value = _drawn(report, pool, "equity and drawdown", plots.equity_and_drawdown, "equity")
    weights = _drawn(report, pool, "weights", plots.weights_over_time, "positions")
    return (
        Plot(f"{pool}: account value and drawdown", plots.as_data_uri(value)),
        Plot(f"{pool}: weights at the close", plots.as_data_uri(weights)),
    )
