"""Markdown of the drift report: strategies, features as they stand, what moved in the week."""

from etf_platform.reports.weekly.markdown import Document, bullets, head, inputs, section, table, text

STRATEGIES = (
    ("strategy", "strategy", ""),
    ("stage", "stage", ""),
    ("features", "features", ""),
    ("alarms", "alarms", ""),
    ("missing sessions", "missing_sessions", ""),
)
FEATURES = (
    ("strategy", "strategy", ""),
    ("feature", "feature", ""),
    ("level", "level", ""),
    ("stage", "stage", ""),
    ("alarm sessions", "alarm_sessions", ""),
    ("PSI", "psi", ""),
    ("null 99 %", "psi_null", ""),
    ("KS", "ks", ""),
    ("q", "ks_q", ""),
    ("Wasserstein", "wasserstein", ""),
    ("state", "state", ""),
    ("reason", "reason", ""),
)
MOVES = (
    ("session", "session", ""),
    ("strategy", "strategy", ""),
    ("what", "kind", ""),
    ("feature", "feature", ""),
    ("from", "from", ""),
    ("to", "to", ""),
    ("reason", "reason", ""),
)


def render(document: Document) -> str:
    """The report as Markdown."""
    lines = [*head("Weekly Drift Report", document), ""]
    lines += bullets(f"{name}: {count}" for name, count in document["summary"].items())
    lines += section("Strategies", table(document["strategies"], STRATEGIES))
    lines += section("Features", table(document["features"], FEATURES))
    lines += section("Moves of the Week", table([_move(row) for row in document["moves"]], MOVES))
    return text([*lines, *section("Input Files", inputs(document))])


def _move(row: Document) -> dict[str, object]:
    return {name: row.get(name) or "" for _, name, _ in MOVES}
