"""Tables of the attribution as titled grids of text, the same for Markdown and HTML.

Here: which rows and columns people see, their order (governance 1.4) and labels. Not here: any new figure.
"""

import pandas as pd

from etf_platform.core.states import State
from etf_platform.reports.attribution.contents import AttributionReport
from etf_platform.reports.daily.layout import Grid, Section, grid_of
from etf_platform.reports.display import shown

MONEY = (
    ("spread_capture", "Spread capture"),
    ("adverse_selection_cost", "Adverse selection"),
    ("inventory_cost", "Inventory"),
    ("hedging_cost", "Hedging"),
    ("fees", "Fees"),
    ("residual", "Residual"),
    ("net_pnl", "Net result"),
)
LAST_WEEKS = 26
MOST_UNMATCHED = 20


def counts_section(report: AttributionReport) -> Section:
    """How many strategies, how many without a gap, how many gaps and unreadable files."""
    rows = [
        ("strategies", str(len(report.strategies))),
        ("fully_populated", str(report.fully_populated)),
        ("missing_entries", str(len(report.missing))),
        ("parse_errors", str(len(report.parse_errors))),
    ]
    return Section("Counts", grids=grid_of("Count|#Value", rows))


def snapshot_section(report: AttributionReport) -> Section:
    """Parts, residual, net result and coverage per strategy and horizon."""
    title = "Attribution Snapshot"
    if report.totals.empty:
        return Section(title, (f"BLOCKED: {report.blocked or 'no attribution is stored.'}",), state=State.BLOCKED)
    line = f"In {report.currency}; parts and residual sum to the net result. Delay is a memo and no part of the sum."
    return Section(title, (line,), _money_grid(report.totals, "strategy", "Strategy", with_delay=True))


def missing_section(report: AttributionReport) -> Section:
    """What should be there and is not."""
    rows = [(entry.strategy, entry.entry, entry.reason) for entry in report.missing]
    return Section("Missing Entries", () if rows else ("None.",), grid_of("Strategy|Entry|Reason", rows))


def parse_errors_section(report: AttributionReport) -> Section:
    """Files that could not be read."""
    rows = sorted(report.parse_errors.items())
    return Section("Parse Errors", () if rows else ("None.",), grid_of("File|Error", rows))


def weeks_section(report: AttributionReport) -> Section:
    """The last weeks, newest first."""
    title, weeks = "By week", report.weeks
    if weeks.empty:
        return Section(title, ("No week is stored yet.",))
    last = weeks[weeks["period"].isin(sorted(weeks["period"].unique())[-LAST_WEEKS:])]
    ordered = last.iloc[::-1].reset_index(drop=True)
    lines = (f"ISO weeks, the last {LAST_WEEKS} at most, in {report.currency}.",)
    return Section(title, lines, _money_grid(ordered, "period", "Week"))


def sectors_section(report: AttributionReport) -> Section:
    """Parts per sector."""
    if report.sectors.empty:
        return Section("By sector", ("No sector is stored.",))
    named = report.sectors.assign(sector=report.sectors["sector"].replace("", "unknown"))
    return Section("By sector", (f"In {report.currency}.",), _money_grid(named, "sector", "Sector"))


def unmatched_section(report: AttributionReport) -> Section:
    """Fills without a mid; what they earned is in the residual."""
    title, table = "Fills without a mid", report.unmatched
    if table.empty:
        return Section(title, ("None.",))
    when = "time" if "time" in table else "date"
    rows = [
        (shown(row[when]), row["symbol"], row["side"], shown(row["quantity"]), shown(row["price"]))
        for row in table.head(MOST_UNMATCHED).to_dict("records")
    ]
    more = f"{len(table)} fills; the first {min(len(table), MOST_UNMATCHED)} are listed."
    return Section(title, (more,), grid_of("When|Symbol|Side|#Quantity|#Price", rows))


def groups_section(report: AttributionReport) -> Section:
    """Brinson-Fachler effects per group, linked over the span."""
    title, table = "Against the benchmark by group (Brinson-Fachler)", report.groups
    if table.empty:
        return Section(title, ("BLOCKED: no Brinson row is stored.",), state=State.BLOCKED)
    effects = ("allocation", "selection", "interaction", "total")
    rows = [
        (
            str(row["group"]),
            *[shown(row[name], "fraction") for name in ("portfolio_weight", "benchmark_weight")],
            *[_points(row[name]) for name in effects],
        )
        for row in table.to_dict("records")
    ]
    rows.append(("all", "", "", *[_points(float(table[name].sum())) for name in effects]))
    line = "Percentage points of the active return over the whole span, linked by Carino; weights are means."
    heads = "Group|#Account|#Benchmark|#Allocation|#Selection|#Interaction|#Total"
    return Section(title, (line,), grid_of(heads, rows))


def factors_section(report: AttributionReport) -> Section:
    """Contributions of the factors."""
    title, table = "Active return by factor", report.factors
    if table.empty:
        return Section(title, ("BLOCKED: no session could be explained by factors.",), state=State.BLOCKED)
    rows = [
        (row["factor"], shown(row["exposure"]) if pd.notna(row["exposure"]) else "", _points(row["contribution"]))
        for row in table.to_dict("records")
    ]
    first = table.iloc[0]
    line = (
        f"Sum over {int(first['n_sessions'])} sessions in percentage points, not compounded; "
        "mean exposures in standard deviations."
    )
    lost = int(first["n_insufficient"])
    lines = (line, f"{lost} sessions had too few funds to be explained.") if lost else (line,)
    return Section(title, lines, grid_of("Factor|#Exposure|#Contribution", rows))


def _points(value: float) -> str:
    return f"{100.0 * value:+.3f}"


def _money_grid(table: pd.DataFrame, name: str, head: str, with_delay: bool = False) -> tuple[Grid, ...]:
    several = name == "period" and table["strategy"].nunique() > 1
    columns = [*MONEY, *([("delay", "Delay")] if with_delay else [])]
    heads = [
        head,
        *(["Strategy"] if several else []),
        "Horizon",
        "#Fills",
        *[f"#{label}" for _, label in columns],
        "#Coverage",
    ]
    rows = [
        (
            str(row[name]),
            *([str(row["strategy"])] if several else []),
            str(row["horizon"]),
            shown(int(row["n_fills"])),
            *[_amount(row[column]) for column, _ in columns],
            shown(row["coverage"], "score"),
            *([str(row["reason"])] if with_delay else []),
        )
        for row in table.to_dict("records")
    ]
    return grid_of("|".join([*heads, *(["Reason"] if with_delay else [])]), rows)


def _amount(value: float) -> str:
    if pd.isna(value):
        return shown(value)
    text = f"{value:,.2f}"
    return "0.00" if text == "-0.00" else text
