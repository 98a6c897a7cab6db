"""Markdown of the live deviation snapshot: counts, alerts, heat map by group and size, what is pending."""

from etf_platform.reports.weekly.markdown import Document, bullets, head, inputs, section, table, text, value

ALERTS = (
    ("session", "session", ""),
    ("strategy", "strategy", ""),
    ("symbol", "symbol", ""),
    ("at", "at", ""),
    ("price", "price", ""),
    ("model", "model", ""),
    ("deviation, bps", "deviation_bps", ""),
)
HEAT = (
    ("group", "group", ""),
    ("turnover a day", "size", ""),
    ("rows", "n_rows", ""),
    ("max, bps", "max_abs_bps", ""),
    ("mean, bps", "mean_abs_bps", ""),
)


def render(document: Document) -> str:
    """The snapshot as Markdown."""
    counts = document["summary"]
    names = ("n_rows", "n_alerts", "max_abs_bps", "mean_abs_bps", "threshold_bps", "alignment_seconds")
    lines = [*head("Live Deviation Snapshot", document), "", *bullets(f"{n}: {value(counts, n)}" for n in names)]
    lines += section("Alerts", table(document["alerts"], ALERTS))
    lines += section("Heat Map", table(document["heat_map"], HEAT))
    pending: dict[tuple[str, str], list[str]] = {}
    for each in document["pending"]:
        pending.setdefault((each["strategy"], each["reason"]), []).append(each["session"])
    said = [f"{strategy}: {reason} for {', '.join(days)}" for (strategy, reason), days in pending.items()]
    lines += section("Pending", bullets(said))
    without = [f"{each['strategy']}: {each['reason']}" for each in document["not_applicable"]]
    lines += section("Not Applicable", bullets(without)) if without else []
    return text([*lines, *section("Input Files", inputs(document))])
