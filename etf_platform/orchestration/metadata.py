"""What a person sees of an asset in Dagster's UI: schema with units, rows, versions, figures, plots."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from etf_platform.core.schema import Column, Table
from etf_platform.orchestration.step import Outcome, Step

if TYPE_CHECKING:
    import pandas as pd

MOST_TABLE_ROWS = 400


def column_schema(table: Table) -> dg.TableSchema:
    """Dagster's column schema of a declared table: type, unit and meaning, key and null constraints."""
    return dg.TableSchema(columns=[_table_column(c, c.name in table.key) for c in table.columns])


def _table_column(column: Column, is_key: bool) -> dg.TableColumn:
    return dg.TableColumn(
        column.name,
        column.type,
        description=f"{column.meaning} [{column.unit}]",
        constraints=dg.TableColumnConstraints(nullable=column.nullable, other=["key"] if is_key else []),
    )


def standing(step: Step, pool: str, location: str) -> dict[str, Any]:
    """Metadata that does not change from run to run."""
    if not step.tables:
        return {}
    main = step.tables[0]
    return {
        "dagster/column_schema": column_schema(main),
        "dagster/table_name": main.address(pool).replace("/", "_"),
        "dagster/uri": f"{location}/{main.address(pool)}",
        "tables": ", ".join(t.address(pool) for t in step.tables),
        "SQL": f"etf-platform query 'SELECT * FROM {main.address(pool).replace('/', '_')} LIMIT 10'",
    }


def of_run(outcome: Outcome) -> dict[str, Any]:
    """Metadata of one materialisation."""
    shown: dict[str, Any] = dict(outcome.facts)
    if outcome.written:
        shown["dagster/row_count"] = outcome.written[0].rows
        shown["versions written"] = {w.address: w.version for w in outcome.written}
    if outcome.read:
        shown["versions read"] = outcome.read
    shown |= {title: _image(title, png) for title, png in outcome.plots.items()}
    shown |= {title: _table(frame) for title, frame in outcome.frames.items() if len(frame.columns)}
    return shown


def _image(title: str, png: bytes) -> dg.MetadataValue:
    from etf_platform.reports.plots import as_markdown

    return dg.MetadataValue.md(as_markdown(png, title))


def _table(frame: "pd.DataFrame") -> dg.MetadataValue:
    head = frame.head(MOST_TABLE_ROWS)
    columns = [dg.TableColumn(str(name), "string") for name in head.columns]
    records = [dg.TableRecord({str(k): _cell(v) for k, v in row.items()}) for row in head.to_dict("records")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
