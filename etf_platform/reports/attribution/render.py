"""Filling the two templates of the attribution report.

Here: order of the sections and plots. Not here: what a section says, how a plot looks. Nothing here knows the time of
day, so the same input gives the same bytes.
"""

from dataclasses import replace

import jinja2

from etf_platform.core.states import State
from etf_platform.reports.attribution import sections as parts
from etf_platform.reports.attribution.contents import AttributionReport
from etf_platform.reports.daily.layout import Plot, Section
from etf_platform.reports.daily.render import plain_markdown
from etf_platform.reports.display import shown
from etf_platform.reports.plots import as_data_uri
from etf_platform.reports.plots import attribution as plots


def render_attribution(report: AttributionReport, with_plots: bool = True) -> tuple[str, str]:
    """The report as (Markdown, HTML).

    The first line of both says the state and why. The Markdown has no plots; the HTML is one file without any outside
    resource.
    """
    sections = [
        parts.counts_section(report),
        parts.snapshot_section(report),
        parts.missing_section(report),
        parts.parse_errors_section(report),
        parts.weeks_section(report),
        parts.sectors_section(report),
        parts.unmatched_section(report),
    ]
    if report.has_benchmark:
        sections += [parts.groups_section(report), parts.factors_section(report)]
    values = _values(report)
    markdown = _environment(html=False).get_template("attribution.md.j2").render(sections=sections, **values)
    drawn = [_drawn(report, section) for section in sections] if with_plots else sections
    html = _environment(html=True).get_template("attribution.html.j2").render(sections=drawn, **values)
    return markdown, html


def _drawn(report: AttributionReport, section: Section) -> Section:
    if section.state is State.BLOCKED:
        return section
    if section.title == "Attribution Snapshot":
        png = plots.attribution_waterfall(report.totals, report.subject, report.currency)
    elif section.title == "By week" and len(report.weeks):
        png = plots.attribution_by_week(report.weeks, report.subject, report.currency)
    elif section.title.startswith("Against the benchmark"):
        png = plots.brinson_effects(report.groups, report.subject)
    elif section.title == "Active return by factor":
        png = plots.factor_contributions(report.factors, report.subject)
    else:
        return section
    return replace(section, plots=(Plot(f"{report.subject}: {section.title}", as_data_uri(png)),))


def _values(report: AttributionReport) -> dict[str, object]:
    state, why = report.state()
    return {
        "state": state.value,
        "why": why,
        "states": [s.value for s in State],
        "simulated": report.is_simulated,
        "sources": report.sources,
        "subject": report.subject,
        "as_of": shown(report.as_of),
        "versions": sorted(report.versions.items()),
    }


def _environment(html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("etf_platform.reports", "templates"),
        autoescape=html,
        finalize=None if html else plain_markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
