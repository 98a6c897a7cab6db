"""Markdown of the risk exceptions: the template per exception, then the VaR/ES tests per strategy and method."""

from etf_platform.reports.weekly.markdown import Document, head, inputs, section, table, text

EXCEPTIONS = (
    ("strategy", "strategy", ""),
    ("指标", "metric", ""),
    ("阈值", "threshold", ""),
    ("实际值", "actual", ""),
    ("影响范围", "scope", ""),
    ("处置动作", "action", ""),
    ("实验编号", "experiment_id", ""),
    ("parameters", "parameter_id", ""),
    ("why", "reason", ""),
)
BLOCKED = (("strategy", "strategy", ""), ("what", "item", ""), ("reason", "reason", ""))
TESTS = (
    ("method", "method", ""),
    ("level", "level", ""),
    ("T", "T", ""),
    ("x", "x", ""),
    ("expected", "expected", ""),
    ("light", "light", ""),
    ("Kupiec", "kupiec", "ratio"),
    ("independence", "independence", "ratio"),
    ("conditional", "conditional", "ratio"),
    ("Z2", "z2", "ratio"),
    ("p of Z2", "z2_p", ""),
    ("McNeil-Frey p", "mcneil_frey_p", ""),
    ("worst", "worst", "fraction"),
    ("on", "worst_date", ""),
    ("top positions", "positions_said", ""),
    ("clusters", "clusters", ""),
    ("status", "status", ""),
    ("action", "action", ""),
)


def render(document: Document) -> str:
    """The exceptions as Markdown."""
    counts = document["summary"]
    said = f"{counts['exceptions']} exception(s), {counts['blocked']} not judged, {counts['tests']} tests."
    lines = [*head("Weekly Risk Exceptions", document), "", said]
    lines += section("Risk Exceptions", table(document["exceptions"], EXCEPTIONS))
    lines += section("Not Judged", table(document["blocked"], BLOCKED))
    legend = (
        "Governing tests are marked *; the others stand beside them. T forecasts, x breaches. Rejected at 5 %: Kupiec "
        "and independence above 3.841, conditional above 5.991. Z2 below 0: the expected shortfall is too small."
    )
    lines += section("VaR/ES Exception Tests", [legend])
    for strategy in dict.fromkeys(test["strategy"] for test in document["tests"]):
        mine = [_shown(test) for test in document["tests"] if test["strategy"] == strategy]
        made_with = f"实验编号 {mine[0]['experiment_id'] or 'none'}, parameters {mine[0]['parameter_id'] or 'unknown'}."
        lines += section(strategy, [made_with, "", *table(mine, TESTS)], 3)
    return text([*lines, *section("Input Files", inputs(document))])


def _shown(test: Document) -> dict[str, object]:
    positions = [f"{each['symbol']} {100 * each['contribution']:+.2f} %" for each in test["positions"]]
    mark = "*" if test["is_governing"] else ""
    return {**test, "method": f"{test['method']}{mark}", "positions_said": ", ".join(positions) or "-"}
