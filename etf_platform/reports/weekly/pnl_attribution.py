"""Markdown of the attribution: counts, Attribution Snapshot, Missing Entries, Parse Errors."""

from etf_platform.reports.weekly.markdown import Document, bullets, head, inputs, section, table, text

SNAPSHOT = (
    ("strategy", "strategy", ""),
    ("fills", "n_fills", ""),
    ("spread_capture", "spread_capture", "CNY"),
    ("adverse_selection_cost", "adverse_selection_cost", "CNY"),
    ("inventory_cost", "inventory_cost", "CNY"),
    ("hedging_cost", "hedging_cost", "CNY"),
    ("fees", "fees", "CNY"),
    ("residual", "residual", "CNY"),
    ("net", "net_pnl", "CNY"),
    ("change of NAV", "nav_change", "CNY"),
    ("closes", "closes", ""),
    ("coverage", "coverage", "fraction"),
    ("delay (memo)", "delay", "CNY"),
    ("reasons", "reasons", ""),
    ("source", "source", ""),
)
MISSING = (("strategy", "strategy", ""), ("session", "session", ""), ("symbol", "symbol", ""), ("reason", "reason", ""))
COUNTS = ("strategies", "fully_populated", "missing_entries", "parse_errors")


def render(document: Document) -> str:
    """The attribution as Markdown."""
    counts = document["summary"]
    lines = [*head("Weekly PnL Attribution", document), "", *bullets(f"{name}: {counts[name]}" for name in COUNTS)]
    lines += section("Attribution Snapshot", table(document["attribution"], SNAPSHOT))
    lines += section("Missing Entries", table(document["missing_entries"], MISSING))
    errors = document["parse_errors"]
    lines += section("Parse Errors", bullets(f"{each['strategy']}: {each['error']}" for each in errors))
    return text([*lines, *section("Input Files", inputs(document))])
