"""Markdown of the measured times: performance baseline and latency benchmark."""

from etf_platform.reports.weekly.markdown import Document, bullets, head, section, table, text

MEASURES = (
    ("measure", "name", ""),
    ("P95, ms", "p95_ms", ""),
    ("median, ms", "median_ms", ""),
    ("processor, ms", "processor_ms", ""),
    ("limit, ms", "limit_ms", ""),
    ("rounds", "rounds", ""),
    ("passed", "passed", ""),
)

NOTE = (
    "P95 and median are times on the wall, processor is the median of processor time. Measured once per week, code and "
    "configuration; remove the files to measure again."
)


def render(document: Document, title: str) -> str:
    """The document as Markdown."""
    lines = [
        *head(title, document),
        "",
        *bullets(f"{name}: {'yes' if document[name] else 'no'}" for name in ("executed", "passed")),
    ]
    lines += section("Measures", table(document["measures"], MEASURES))
    lines += section("Workload", bullets(f"{name}: {said}" for name, said in document["workload"].items()))
    return text([*lines, "", NOTE])
