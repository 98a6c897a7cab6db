"""Markdown of the KPI snapshot: the key figures per strategy, then every metric."""

from etf_platform.reports.display import shown
from etf_platform.reports.weekly.markdown import Document, head, inputs, section, table, text

COLUMNS = (
    ("strategy", "strategy", ""),
    ("source", "source", ""),
    ("experiment_id", "experiment_id", ""),
    ("pnl", "pnl", "CNY"),
    ("sharpe", "sharpe", "ratio"),
    ("max_drawdown_abs", "max_drawdown_abs", "fraction"),
    ("var_breach_rate", "var_breach_rate", "fraction"),
    ("fill_calibration_error", "fill_calibration_error", ""),
    ("status", "status", ""),
)
READS = {"ratio per year": "ratio", "probability": ""}  # units that a table of figures need not repeat
FIGURES = ("value", "baseline", "warn", "major")
METRICS = (
    ("metric", "kpi", ""),
    ("value", "value", ""),
    ("baseline", "baseline", ""),
    ("trend", "trend", ""),
    ("warn", "warn", ""),
    ("major", "major", ""),
    ("status", "status", ""),
    ("reason", "reason", ""),
    ("as of", "as_of", ""),
)


def render(document: Document) -> str:
    """The snapshot as Markdown."""
    rows = document["kpi_snapshot"]
    lines = [*head("KPI Snapshot", document), *section("KPI Snapshot", table(rows, COLUMNS))]
    for row in rows:
        told = [f"{row['status']}: {row['reason']}", ""] if row["reason"] else []
        lines += section(str(row["strategy"]), [*told, *table([_with_units(each) for each in row["metrics"]], METRICS)])
    return text([*lines, *section("Input Files", inputs(document))])


def _with_units(metric: Document) -> dict[str, object]:
    """The metric with its figures as text in its own unit."""
    unit = str(READS.get(metric["unit"], metric["unit"]) or "")
    return {**metric, **{name: shown(metric[name], unit) for name in FIGURES}}
