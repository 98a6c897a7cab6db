"""Markdown of the measured times: performance baseline and latency benchmark."""

from etf_platform.reports.weekly.markdown import Document, bullets, head, section, table, text

MEASURES = (
    ("measure", "name", ""),
    ("P95, ms", "p95_ms", ""),
    ("median, ms", "median_ms", ""),
    ("limit, ms", "limit_ms", ""),
    ("rounds", "rounds", ""),
    ("passed", "passed", ""),
)


def render(document: Document, title: str) -> str:
    """The document as Markdown."""
    lines = [
        *head(title, document),
        "",
        *bullets(f"{name}: {'yes' if document[name] else 'no'}" for name in ("executed", "passed")),
    ]
    lines += section("Measures", table(document["measures"], MEASURES))
    return text([*lines, *section("Workload", bullets(f"{k}: {v}" for k, v in document["workload"].items()))])
