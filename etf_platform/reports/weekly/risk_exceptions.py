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
    ("status", "status", ""),
    ("action", "action", ""),
    ("why", "reason", ""),
)
WORST = (
    ("session", "day", ""),
    ("return", "worst", "fraction"),
    ("top positions", "positions", ""),
    ("worst breach of", "of", ""),
)
CLUSTERS = (("session", "day", ""), ("breach after another within five sessions", "of", ""))


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
        mine = [test for test in document["tests"] if test["strategy"] == strategy]
        made_with = f"实验编号 {mine[0]['experiment_id'] or 'none'}, parameters {mine[0]['parameter_id'] or 'unknown'}."
        told = [{**test, "method": _named(test)} for test in mine]
        lines += section(strategy, [made_with, "", *table(told, TESTS)], 3)
        lines += section("Worst breaches", table(_worst(mine), WORST), 4)
        lines += section("Clusters", table(_clusters(mine), CLUSTERS), 4)
    return text([*lines, *section("Input Files", inputs(document))])


def _named(test: Document) -> str:
    return f"{test['method']}{'*' if test['is_governing'] else ''}"


def _of(tests: list[Document]) -> str:
    """How many tests, and the governing one by name when it is among them."""
    governing = [f"{_named(test)} {test['level']:g}" for test in tests if test["is_governing"]]
    return ", ".join([*governing, f"{len(tests)} test(s)"])


def _worst(tests: list[Document]) -> list[dict[str, object]]:
    """One line per session that was the worst breach of some test, the largest loss first."""
    days: dict[str, list[Document]] = {}
    for test in tests:
        if test["worst_date"]:
            days.setdefault(test["worst_date"], []).append(test)
    rows = [
        {"day": day, "worst": mine[0]["worst"], "positions": _positions(mine[0]), "of": _of(mine)}
        for day, mine in days.items()
    ]
    return sorted(rows, key=lambda row: float(str(row["worst"])))


def _positions(test: Document) -> str:
    return ", ".join(f"{each['symbol']} {100 * each['contribution']:+.2f} %" for each in test["positions"])


def _clusters(tests: list[Document]) -> list[dict[str, object]]:
    days = sorted({day for test in tests for day in test["clusters"]})
    return [{"day": day, "of": _of([test for test in tests if day in test["clusters"]])} for day in days]
