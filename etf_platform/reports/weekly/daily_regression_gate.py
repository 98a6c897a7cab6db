"""Markdown of the daily regression: commands, and the end of what the failed ones printed."""

from etf_platform.reports.weekly.markdown import Document, head, section, table, text

RESULTS = (
    ("command", "command", ""),
    ("return code", "return_code", ""),
    ("passed", "passed", ""),
    ("seconds", "duration_sec", ""),
)


def render(document: Document) -> str:
    """The gate as Markdown."""
    counts = document["summary"]
    said = f"{counts['commands']} command(s), {counts['failed']} failed."
    lines = [*head("Daily Regression Gate", document), "", said]
    lines += section("Commands", table(document["results"], RESULTS))
    for row in document["results"]:
        if not row["passed"]:
            lines += section(f"Output of `{row['command']}`", ["```", *row["output_tail"], "```"], 3)
    return text(lines)
