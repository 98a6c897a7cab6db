"""Tables of the week as titled grids.

Here: words, order and rounding. Not here: plots and templates (`render`), states (`contents`).
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from etf_platform.core.states import State
from etf_platform.reports.daily.layout import Section, grid_of
from etf_platform.reports.display import shown
from etf_platform.reports.risk.contents import WeeklyRisk

REJECT_ONE, REJECT_TWO = 3.841, 5.991  # 5 % limits of chi-squared with one and two degrees of freedom
LEGEND = (
    "T sessions tested, x breaches (return below -VaR). An asterisk marks a test rejected at 5 %. Z2 below 0 is an "
    "expected shortfall too small; its p-value is simulated. MF is the McNeil-Frey bootstrap p-value."
)

MOST_DATES = 8


def week_section(report: WeeklyRisk) -> Section:
    """Every breach of the week, one row per session, series and level, with the methods that it broke."""
    rows = report.breaches_of_the_week()
    title = f"Breaches from {report.monday:%Y-%m-%d} to {report.as_of:%Y-%m-%d}"
    if report.exceptions.empty:
        return Section(title, ("No exceptions are stored: materialise risk/coverage.",), state=State.BLOCKED)
    if rows.empty:
        return Section(title, ("None: no return of the week fell below any VaR.",))
    lines = [_breach(report, key, group) for key, group in rows.groupby(["date", "series", "level"])]
    return Section(title, (), grid_of("Session|Series|#Level|#Return|#Smallest VaR|Broken by|Positions", lines))


def side_by_side(report: WeeklyRisk) -> Section:
    """Breaches against what was expected and the light, one column per method."""
    title = "Methods side by side"
    if report.coverage.empty:
        return Section(title, ("No coverage is stored: materialise risk/coverage.",), state=State.BLOCKED)
    methods = sorted(report.coverage["method"].unique())
    lines = [
        (str(series), shown(level), shown(group["expected"].max()), *_cells(group, methods))
        for (series, level), group in report.coverage.groupby(["series", "level"])
    ]
    heads = "Series|#Level|#Expected|" + "|".join(method.replace("_", " ") for method in methods)
    return Section(title, ("Breaches and light per method; - is not tested.",), grid_of(heads, lines))


def series_section(report: WeeklyRisk, series: str) -> Section:
    """All tests of one series, its clusters, worst breaches and actions."""
    why = report.why_blocked(series)
    made_with = report.parameters.get(series, "not recorded")
    rows = report.rows("coverage", series)
    rows = rows.sort_values(["level", "method"]) if len(rows) else rows
    if rows.empty:
        return Section(series, (f"BLOCKED: {why}.",), state=State.BLOCKED)
    first, last = pd.to_datetime(rows["first_date"]).min(), pd.to_datetime(rows["last_date"]).max()
    lines = (
        *((f"BLOCKED: {why}.",) if why else ()),
        f"Tested from {shown(first)} to {shown(last)}. Experiment or parameters: {made_with}.",
        LEGEND,
    )
    tests = grid_of(
        "Method|#Level|#T|#x|#Expected|Light|#Kupiec|#p|#TUFF|#Independence|#Conditional|#Z1|#Z2|#p of Z2|#MF",
        [_tests(row) for row in _records(rows)],
    )
    verdicts = grid_of(
        "Method|#Level|State|Action|#Worst breach|Session|Clusters|Why",
        [_verdict(row) for row in _records(rows)],
    )
    return Section(series, lines, tests + verdicts, state=report.state_of(series))


def _breach(report: WeeklyRisk, key: Any, group: pd.DataFrame) -> tuple[str, ...]:
    day, series, level = key
    broken = ", ".join(method.replace("_", " ") for method in sorted(group["method"]))
    return (
        shown(day),
        str(series),
        shown(level),
        shown(group["return"].iloc[0], "fraction", signed=True),
        shown(group["var"].min(), "fraction"),
        broken,
        _positions(report, day, str(series)),
    )


def _positions(report: WeeklyRisk, day: pd.Timestamp, series: str) -> str:
    rows = report.rows("contributors", series)
    if rows.empty:
        return "not recorded"
    top = rows[rows["date"] == day].nsmallest(3, "contribution")
    return ", ".join(f"{r.symbol} {shown(r.contribution, 'fraction', signed=True)}" for r in top.itertuples())


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _cells(group: pd.DataFrame, methods: Iterable[str]) -> list[str]:
    seen = {row["method"]: f"{row['n_breaches']} {row['light'] or '-'}" for row in _records(group)}
    return [seen.get(method, "-") for method in methods]


def _tests(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        _name(row),
        shown(row["level"]),
        shown(row["n_forecasts"]),
        shown(row["n_breaches"]),
        shown(row["expected"], "ratio"),
        row["light"] or "-",
        _marked(row["kupiec"], row["kupiec"] > REJECT_ONE),
        _probability(row["kupiec_p"]),
        _marked(row["tuff"], row["tuff"] > REJECT_ONE),
        _marked(row["independence"], row["independence"] > REJECT_ONE),
        _marked(row["conditional"], row["conditional"] > REJECT_TWO),
        shown(row["z1"], "score"),
        shown(row["z2"], "score"),
        _probability(row["z2_p"]) + ("*" if row["z2_p"] < 0.05 else ""),
        _probability(row["mcneil_frey_p"]) + ("*" if row["mcneil_frey_p"] < 0.05 else ""),
    )


def _verdict(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        _name(row),
        shown(row["level"]),
        row["status"],
        row["action"],
        shown(row["worst"], "fraction", signed=True),
        shown(row["worst_date"]),
        _newest(row["clusters"]),
        row["reason"] or "-",
    )


def _newest(clusters: str) -> str:
    """The last dates of a list, and how many stand before them; all of them are in the table `coverage`."""
    dates = clusters.split(", ") if clusters else []
    if len(dates) <= MOST_DATES:
        return clusters or "none"
    return f"{len(dates) - MOST_DATES} earlier, then " + ", ".join(dates[-MOST_DATES:])


def _name(row: dict[str, Any]) -> str:
    return row["method"].replace("_", " ") + (" (governs)" if row["is_governing"] else "")


def _marked(value: float, rejected: bool) -> str:
    return shown(value, "score") + ("*" if rejected else "")


def _probability(value: float) -> str:
    return "<0.001" if value < 0.001 else shown(value, "score")
