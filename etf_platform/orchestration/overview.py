"""What a run produced, in one small table, and where a person finds the rest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etf_platform.core import tables as t
from etf_platform.core.states import State, worst
from etf_platform.orchestration.platform import PORTFOLIO, Platform

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("annual_return", "max_drawdown", "sharpe", "monthly_win_rate")


def overview(platform: Platform, pools: Sequence[str]) -> "pd.DataFrame":
    """One row per pool and for the portfolio: last session, bars, figures, state of its fuses, first reason."""
    import pandas as pd

    from etf_platform.orchestration.steps.report import verdicts

    judged = verdicts(platform)
    return pd.DataFrame([_row(platform, universe, judged) for universe in (*pools, PORTFOLIO)])


def where_to_look(platform: Platform) -> list[str]:
    """Lines that name the report, the lake, the UI and the query command."""
    report = platform.workspace.reports / "daily" / "latest.html"
    home = platform.workspace.home
    lines = [
        f"Report   {report}" if report.exists() else "",
        f'Tables   etf-platform query "SHOW TABLES" --home {home}',
        f"UI       etf-platform ui --home {home}",
    ]
    if platform.lake.exists(t.LIMIT_STATES, platform.config.arbitrage.stocks):
        lines.append(
            f"Tracker  etf-platform serve --home {home} --source {platform.source_name}  (limit-ups; its own page)"
        )
    if platform.source.kind == "sample":
        lines.insert(0, "All figures above are made from SIMULATED DATA (source `sample`).")
    return [line for line in lines if line]


def _row(platform: Platform, universe: str, judged: "pd.DataFrame") -> dict[str, object]:
    mine = judged[judged["universe"] == universe]
    state = worst(State(s) for s in mine["state"]) if len(mine) else State.BLOCKED
    worst_rows = mine[mine["state"] == str(state)]
    first = worst_rows.iloc[0] if len(worst_rows) and state is not State.PASS else None
    return {
        "pool": universe,
        "session": _last_session(platform, universe),
        **_bars(platform, universe),
        **_figures(platform, universe),
        "state": str(state),
        "reason": "" if first is None else f"{first['fuse']}: {first['reason']}",
    }


def _last_session(platform: Platform, universe: str) -> str:
    table = t.EQUITY if universe == PORTFOLIO else t.BARS
    if not platform.lake.exists(table, universe):
        return ""
    return str(platform.lake.read(table, universe, columns=["date"])["date"].max().date())


def _bars(platform: Platform, universe: str) -> dict[str, object]:
    if universe == PORTFOLIO or not platform.lake.exists(t.MEMBERS, universe):
        return {"funds": None, "bars": None, "refused": None}
    members = platform.lake.read(t.MEMBERS, universe)
    return {
        "funds": f"{int((members['status'] == 'ok').sum())}/{len(members)}",
        "bars": int(members["rows"].sum()),
        "refused": int(members["quarantined_rows"].sum()),
    }


def _figures(platform: Platform, universe: str) -> dict[str, object]:
    if not platform.lake.exists(t.METRICS, universe):
        return dict.fromkeys(FIGURES)
    stored = platform.lake.read(t.METRICS, universe).set_index("metric")["value"]
    return {name: round(float(stored[name]), 4) for name in FIGURES}
