"""The data dictionary: every stored table and factor column as a Markdown page. Renders text; writes no file."""

from collections.abc import Iterable, Mapping, Sequence

from etf_platform.core.schema import Column, Table

_HEAD = """# Data dictionary

Generated from the declarations in `etf_platform.core.tables`; do not edit. A table is stored at
`<layer>/<universe>/<table>` and queried as `<layer>_<universe>_<table>`. Fractions are not percent; null means
"not defined here" and nothing else; every row carries its source.
"""

_METRICS = """## Metrics of kpi/values

Generated from the registry in `etf_platform.kpi.metrics`. Better: the side that is better. Warn and major are keys of
`governance.yaml` (`-` is the negative, `.0` the first of a pair) or numbers; a value strictly beyond them is WARN or
FAIL; without an entry the metric is not judged, or by what its formula says. Week: how the value of an ISO week follows
from its sessions. Least: observations without which it is BLOCKED `insufficient`. Age: sessions that its newest input
may lie back; older is BLOCKED `stale`. The baseline is the mean of the metric's own values over the 60 sessions (12
weeks) before, or of as many as there are. Core metrics gate releases.

"""


def render(
    tables: Iterable[Table],
    factors: Sequence[Mapping[str, object]] = (),
    metrics: Sequence[Mapping[str, object]] = (),
) -> str:
    """The dictionary as Markdown.

    Parameters
    ----------
    tables : iterable of Table
        One section each, in the given order.
    factors : sequence of mappings
        One row per factor column; the keys of the first row are the heading (e.g. name, unit, warm-up, meaning).
    metrics : sequence of mappings
        One row per metric of operations, likewise.
    """
    sections = [_HEAD, *(_section(table) for table in tables)]
    sections += _described("## Factor columns of factors/panel\n\n", factors)
    sections += _described(_METRICS, metrics)
    return "\n".join(sections)


def _described(intro: str, units: Sequence[Mapping[str, object]]) -> list[str]:
    if not units:
        return []
    heading = list(units[0])
    return [intro + _grid(heading, [[str(unit.get(name, "")) for name in heading] for unit in units])]


def _section(table: Table) -> str:
    replaced = f"a write replaces a range of `{table.range_column}`" if table.range_column else "a write replaces it"
    columns = [*table.columns, *([table.open_columns] if table.open_columns else [])]
    names = [f"`{c.name}`" if c is not table.open_columns else f"*{c.name} columns*" for c in columns]
    rows = [[name, *_cells(column)] for name, column in zip(names, columns, strict=True)]
    key = ", ".join(f"`{name}`" for name in table.key)
    intro = f"## {table.layer}/{table.name}\n\n{table.meaning}. Key: {key}; {replaced}.\n\n"
    return intro + _grid(["column", "type", "unit", "null", "meaning"], rows)


def _cells(column: Column) -> list[str]:
    return [column.type, column.unit, "yes" if column.nullable else "no", column.meaning]


def _grid(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
