"""Markdown of the change record, one line per change in the words of the template."""

from etf_platform.reports.weekly.markdown import Document, head, inputs, section, shortened, table, text

RECORD = (
    ("实验编号", "experiment_id", ""),
    ("变更内容", "change", ""),
    ("数据窗口", "data_window", ""),
    ("配置版本", "config_version", ""),
    ("预期影响", "expected_impact", ""),
    ("回滚版本", "rollback_version", ""),
)
WHERE = (
    ("session", "session", ""),
    ("strategy", "strategy", ""),
    ("release", "release_id", ""),
    *RECORD,
    ("by", "by", ""),
)
ROLLBACKS = (
    ("session", "session", ""),
    ("release", "release_id", ""),
    ("回滚版本", "rollback_version", ""),
    ("why", "reason", ""),
)
ACTS = (
    ("session", "session", ""),
    ("what", "kind", ""),
    ("about", "subject", ""),
    ("by", "by", ""),
    ("why", "reason", ""),
)
COMMITS = (("date", "date", ""), ("commit", "commit8", ""), ("subject", "subject", ""), ("maps to", "maps_to", ""))


def render(document: Document) -> str:
    """The record as Markdown."""
    counts = document["summary"]
    said = (
        f"{counts['changes']} change(s) of releases, {counts['rollbacks']} rollback(s), {counts['commits']} commit(s)."
    )
    lines = [*head("Change and Rollback Record", document), "", said]
    lines += section("变更记录", table(document["changes"], WHERE))
    lines += section("回滚记录", table(document["rollbacks"], ROLLBACKS))
    lines += section("Freezes, Drills, Signatures", table(document["other_acts"], ACTS))
    lines += section("Commits", shortened(document["commits"], COMMITS))
    return text([*lines, *section("Input Files", inputs(document))])
