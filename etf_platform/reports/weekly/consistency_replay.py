"""Markdown of the weekly replay: Scope, KPI Delta, Attribution, Consistency, Canary, Actions."""

from etf_platform.reports.display import shown
from etf_platform.reports.weekly.kpi_snapshot import COLUMNS
from etf_platform.reports.weekly.markdown import Document, bullets, head, inputs, section, table, text

DELTA = (
    ("strategy", "strategy", ""),
    ("metric", "metric", ""),
    ("now", "now", ""),
    ("before", "before", ""),
    ("change", "delta", ""),
)
ATTRIBUTION = (
    ("strategy", "strategy", ""),
    ("net", "net_pnl", "CNY"),
    ("residual", "residual", "CNY"),
    ("coverage", "coverage", "fraction"),
)
BREACHES = (
    ("strategy", "strategy", ""),
    ("session", "date", ""),
    ("stage", "stage", ""),
    ("measure", "measure", ""),
    ("value", "value", ""),
    ("limit", "limit", ""),
    ("first", "is_first", ""),
    ("example", "example", ""),
)
ALERTS = (
    ("session", "session", ""),
    ("symbol", "symbol", ""),
    ("at", "at", ""),
    ("deviation, bps", "deviation_bps", ""),
)
CAUSES = (
    ("strategy", "strategy", ""),
    ("stage", "stage", ""),
    ("sessions", "sessions", ""),
    ("measures", "measures", ""),
    ("cause", "cause", ""),
)
CANARY = (
    ("strategy", "strategy", ""),
    ("release", "release", ""),
    ("stage", "stage", ""),
    ("exposure", "exposure", "fraction"),
)


UNITS = {key: unit for _, key, unit in COLUMNS}


def render(document: Document) -> str:
    """The replay as Markdown."""
    scope, counts, found = document["scope"], document["summary"], document["consistency"]
    lines = [*head("Weekly Online/Offline Replay", document), f"- Replay status: **{document['replay_status']}**"]
    said = [
        f"Strategies: {', '.join(scope['strategies']) or 'none'}",
        f"Sessions: {', '.join(scope['sessions']) or 'none'}",
        f"Configurations: {', '.join(scope['configs']) or 'none'}",
    ]
    lines += section("Scope", bullets(said))
    lines += section("KPI Delta", table([_with_units(row) for row in document["kpi_delta"]], DELTA))
    lines += section("Attribution", table(document["attribution"], ATTRIBUTION))
    judged = [f"{name}: {found[name]['status']} {found[name]['reason']}".rstrip() for name in ("offline", "online")]
    judged.append("{compared} of {pairs} sessions compared, {failed} failed, {breaches} breach(es)".format(**counts))
    lines += section("Consistency", bullets(judged))
    lines += section("Breaches", table(document["breaches"], BREACHES), 3)
    lines += section("Top Alerts", table(document["top_alerts"], ALERTS), 3)
    lines += section("Root Cause Candidates", table(document["root_cause_candidates"], CAUSES), 3)
    lines += section("Canary", table(document["canary"], CANARY))
    lines += section("Actions", bullets(document["actions"]))
    return text([*lines, *section("Input Files", inputs(document))])


def _with_units(row: Document) -> dict[str, object]:
    unit = UNITS.get(row["metric"], "")
    return {**row, **{name: shown(row[name], unit) for name in ("now", "before", "delta")}}
