"""Tables of the day as titled grids of text, the same for Markdown and HTML.

Here: which rows and columns people see, their order and labels. Not here: layout (`templates/`), formatting of numbers
(`reports.display`), any new figure.
"""

from collections.abc import Mapping

import pandas as pd

from etf_platform.core.states import State
from etf_platform.reports.daily.contents import DailyReport
from etf_platform.reports.daily.judgement import current_verdicts
from etf_platform.reports.daily.layout import Section, grid_of
from etf_platform.reports.display import shown

FIGURES = (
    ("annual_return", "Annual return 年化收益", "fraction"),
    ("max_drawdown", "Max drawdown 最大回撤", "fraction"),
    ("sharpe", "Sharpe 夏普比率", "ratio"),
    ("monthly_win_rate", "Monthly win rate 月胜率", "fraction"),
    ("annual_turnover", "Annual turnover 年化换手", "1 per year"),
    ("total_return", "Total return 总收益", "fraction"),
    ("years", "Length 回测年数", "years"),
)
EXTREME = 3
NOT_PARTS = ("total", "selection")
CAPACITY_UNITS = {"broad_base_count": "funds"}
EFFECTS = {"halt": "stops the pool", "hold": "no release", "warn": "told only"}


def figures_section(report: DailyReport) -> Section:
    """Metrics of the back-test per pool, under English and the original's Chinese names."""
    title = "Figures of the back-test"
    if not len(report.summary):
        return Section(title, ("BLOCKED: no pool summary is stored.",), state=State.BLOCKED)
    headers = "|".join(["Pool", "State", *[f"#{label}" for _, label, _ in FIGURES], "#Sessions", "Fills"])
    rows = [
        [
            row["pool"],
            row["status"],
            *[shown(row[name], unit) for name, _, unit in FIGURES],
            shown(row["n_sessions"], "count"),
            row["exec_mode"],
        ]
        for row in report.summary.to_dict("records")
    ]
    return Section(title, grids=grid_of(headers, rows))


def fuses_section(report: DailyReport) -> Section:
    """Every fuse that is not PASS with its reason, and how many hold."""
    title, verdicts = "Fuses", current_verdicts(report)
    if not len(verdicts):
        return Section(title, ("BLOCKED: no fuse has been evaluated.",), state=State.BLOCKED)
    held = verdicts["state"] == State.PASS
    severity = verdicts.loc[~held, "state"].map({state.value: -i for i, state in enumerate(State)})
    rows = [
        (
            row["universe"],
            row["fuse"],
            row["state"],
            shown(row["observed"]),
            shown(row["limit"]),
            "told only" if row["state"] == State.WARN else EFFECTS.get(row["on_fail"], row["on_fail"]),
            row["reason"],
        )
        for row in verdicts.loc[severity.sort_values(kind="stable").index].to_dict("records")
    ]
    line = f"Verdicts that are PASS: {int(held.sum())} of {len(verdicts)}" + ("; the others:" if rows else ".")
    return Section(title, (line,), grid_of("Where|Fuse|State|#Observed|#Limit|Effect|Reason", rows))


def kpi_section(report: DailyReport) -> Section:
    """Key figures with their thresholds, the portfolio first."""
    title = "Key figures (KPI)"
    if not len(report.kpi):
        return Section(title, (f"BLOCKED: none are stored for {shown(report.as_of)}.",), state=State.BLOCKED)
    rows = [
        (
            universe,
            row["kpi"],
            row["status"],
            shown(row["value"], row["unit"]),
            _threshold(row["threshold"], row["direction"], row["unit"]),
            row["reason"],
        )
        for universe in report.universes
        for row in report.rows("kpi", universe).to_dict("records")
    ]
    return Section(title, grids=grid_of("Where|Key figure|State|#Value|#Threshold|Reason", rows))


def months_section(report: DailyReport) -> Section:
    """The three worst and three best complete months of every universe with what they are made of."""
    rows = [row for universe in report.universes for row in _extreme_months(report.rows("months", universe), universe)]
    lines = ("Parts are shares of the month-start account and sum to the return; selection is the return minus the "
             "equal-weight pool.",)  # fmt: skip
    if not rows:
        return Section("Extreme months 极端月", ("No complete month is stored yet.",))
    return Section("Extreme months 极端月", lines, grid_of("Where|Month|#Return|#Selection|Parts", rows))


def capacity_section(report: DailyReport) -> Section:
    """Violated limits, and for every kind of limit the item that comes closest to it."""
    title, table = "Capacity", report.capacity
    if not len(table):
        return Section(title, ("BLOCKED: no capacity check is stored.",), state=State.BLOCKED)
    violated = table["status"] != State.PASS
    used = (table["value"] / table["limit"]).where(~violated).dropna()
    closest = used.groupby([table["universe"], table["type"]]).idxmax() if len(used) else used.index
    chosen = table[violated | table.index.isin(list(closest))]
    rows = [
        (
            row["universe"],
            row["type"],
            row["item"],
            row["status"],
            *[shown(row[name], CAPACITY_UNITS.get(row["type"], "fraction")) for name in ("value", "limit")],
            row["message"],
        )
        for row in chosen.sort_values("status", key=lambda s: s == State.PASS, kind="stable").to_dict("records")
    ]
    days = ", ".join(sorted({shown(day) for day in table["as_of"].dropna()})) or "no session"
    line = (
        f"{int(violated.sum())} of {len(table)} limits are not met (weights and ADV of {days}); below them the closest."
    )
    return Section(title, (line,), grid_of("Pool|Limit|Item|State|#Observed|#Allowed|Message", rows))


def excluded_section(report: DailyReport) -> Section:
    """Members without usable data, and funds that may not be bought today, each with the reason."""
    names = report.names()
    absent = [
        (row["universe"], row["symbol"], row["name"], row["status"], row["reason"])
        for row in report.members.to_dict("records")
        if row["status"] != "ok"
    ]
    known = {(row[0], row[1]) for row in absent}
    barred = [
        (row["universe"], row["symbol"], names.get(row["symbol"], ""), "not eligible", row["reason"])
        for row in report.targets.to_dict("records")
        if not row["is_eligible"] and (row["universe"], row["symbol"]) not in known
    ]
    if not absent + barred:
        return Section("Excluded funds", ("None: every member has data and is eligible.",) if len(report.members) else
                       ("No members are stored.",))  # fmt: skip
    line = f"Without usable data: {len(absent)}; with data but not eligible today: {len(barred)}."
    return Section("Excluded funds", (line,), grid_of("Pool|Fund|Name|Status|Reason", absent + barred))


def _threshold(threshold: float, direction: str, unit: str) -> str:
    if pd.isna(threshold):
        return "-"
    return {"min": "at least ", "max": "at most "}.get(direction, "") + shown(threshold, unit)


def _extreme_months(months: pd.DataFrame, universe: str) -> list[tuple[str, ...]]:
    if not len(months):
        return []
    whole = months[months["is_complete"].astype(bool)]
    total = whole[whole["part"] == "total"].set_index("month")["contribution"].dropna().sort_values()
    chosen = list(dict.fromkeys([*total.index[:EXTREME], *total.index[-EXTREME:][::-1]]))
    rows = whole[whole["month"].isin(chosen)]
    values: dict[str, dict[str, float]] = {month: {} for month in chosen}
    for month, part, share in zip(*(rows[name].tolist() for name in ("month", "part", "contribution")), strict=True):
        values[month][part] = share
    return [_month_row(values[month], universe, month) for month in chosen]


def _month_row(value: Mapping[str, float], universe: str, month: str) -> tuple[str, ...]:
    parts = sorted(((p, share) for p, share in value.items() if p not in NOT_PARTS), key=lambda part: abs(part[1]))
    text = ", ".join(f"{part} {shown(share, 'fraction', signed=True)}" for part, share in reversed(parts))
    return (
        universe,
        month,
        shown(value["total"], "fraction", signed=True),
        shown(value.get("selection"), "fraction", signed=True),
        text,
    )
