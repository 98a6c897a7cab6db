"""How rows become the bytes of a Parquet file. Equal rows give equal bytes; nothing here touches a disk or a log.

Factor values are close to random in their low bits, so a dictionary only costs time: floats are stored by
BYTE_STREAM_SPLIT and LZ4 (docs/adr/0005-lz4.md: against ZSTD three quarters of the time to write, two thirds to read,
2 % more bytes).
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS_PER_GROUP = 32_768


@dataclass(frozen=True)
class Encoded:
    """One Parquet file in memory.

    Attributes
    ----------
    year : int or None
        Partition; None in a table that is not partitioned.
    data : Buffer
        The bytes of the file.
    rows : int
        Number of rows.
    """

    year: int | None
    data: pa.Buffer
    rows: int


def encode(rows: pa.Table, year: int | None = None) -> Encoded:
    """Encode sorted, contiguous rows as one Parquet file."""
    sink = pa.BufferOutputStream()
    floats = [f.name for f in rows.schema if pa.types.is_floating(f.type)]
    others = [f.name for f in rows.schema if not pa.types.is_floating(f.type)]
    plain = rows.replace_schema_metadata(None)
    pq.write_table(
        plain,
        sink,
        row_group_size=ROWS_PER_GROUP,
        compression="lz4",
        use_dictionary=others,
        use_byte_stream_split=floats,
        write_statistics=others,
        write_batch_size=ROWS_PER_GROUP,
        store_schema=False,
    )
    return Encoded(year, sink.getvalue(), rows.num_rows)


def split_by_year(rows: pa.Table, column: str) -> dict[int, pa.Table]:
    """Rows of each calendar year of `column`, in the order they have."""
    years = pc.year(rows.column(column))
    wanted = sorted(pc.unique(years).to_pylist())
    if _is_ascending(rows.column(column)):
        return _cut(rows, years, wanted)
    return {year: rows.filter(pc.equal(years, year)) for year in wanted}


def _is_ascending(column: pa.ChunkedArray) -> bool:
    values = column.combine_chunks().cast(pa.int32()).to_numpy(zero_copy_only=False)
    return bool((values[1:] >= values[:-1]).all())


def _cut(rows: pa.Table, years: pa.ChunkedArray, wanted: list[int]) -> dict[int, pa.Table]:
    values = years.to_numpy()
    starts = [int(s) for s in values.searchsorted(wanted)] + [rows.num_rows]
    return {year: rows.slice(starts[i], starts[i + 1] - starts[i]) for i, year in enumerate(wanted)}
