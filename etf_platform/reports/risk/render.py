"""Filling the two templates of the weekly exception report.

Here: order of the sections, plots, escaping. Not here: what a section says.
"""

from dataclasses import replace

from etf_platform.core.states import State
from etf_platform.reports.daily.layout import Plot, Section
from etf_platform.reports.daily.render import template_environment
from etf_platform.reports.display import shown
from etf_platform.reports.plots.canvas import as_data_uri
from etf_platform.reports.plots.risk import exceptions_plot, lights_board
from etf_platform.reports.risk.contents import WeeklyRisk
from etf_platform.reports.risk.sections import series_section, side_by_side, week_section

TITLE = "Weekly VaR exception report"


def render_weekly(report: WeeklyRisk, with_plots: bool = True) -> tuple[str, str]:
    """The report as (Markdown, HTML); the same inputs give the same bytes.

    The first line of both says the overall state and why. The Markdown has no plots; the HTML is one file without any
    outside resource. What is missing is named where it would stand.
    """
    sections = [week_section(report), side_by_side(report), *(series_section(report, name) for name in report.series)]
    values = _values(report)
    markdown = template_environment(html=False).get_template("risk.md.j2").render(sections=sections, **values)
    drawn = _with_plots(report, sections) if with_plots else sections
    html = template_environment(html=True).get_template("risk.html.j2").render(sections=drawn, **values)
    return markdown, html


def _values(report: WeeklyRisk) -> dict[str, object]:
    state, why = report.overall()
    return {
        "title": f"{TITLE} {report.week}",
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


def _with_plots(report: WeeklyRisk, sections: list[Section]) -> list[Section]:
    week, board, *each = sections
    drawn = [week, replace(board, plots=_board(report))]
    for name, section in zip(report.series, each, strict=True):
        rows = report.rows("exceptions", name)
        drawn.append(section if rows.empty else replace(section, plots=(_series_plot(report, name),)))
    return drawn


def _board(report: WeeklyRisk) -> tuple[Plot, ...]:
    if report.coverage.empty:
        return ()
    return (Plot("Breaches and lights of every method", as_data_uri(lights_board(report.coverage))),)


def _series_plot(report: WeeklyRisk, name: str) -> Plot:
    rows = report.rows("exceptions", name)
    png = exceptions_plot(rows, name, report.plotted_level, report.plotted_methods)
    return Plot(f"{name}: return against -VaR at {report.plotted_level:g}, exceptions marked", as_data_uri(png))
