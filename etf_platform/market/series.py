"""Dated series that are no bars: valuation, flows, margin and fear indices out of CSV files, with the first session on
which each value may be used.

A row that is wrong is refused with its reason and costs no other row; a file that cannot be trusted at all is an error
and costs no other series. Nothing is filled in. What a value means for a score is `scoring`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from etf_platform.core.config.scoring import RecordedSeries
from etf_platform.core.errors import BadInputError, PlatformError, SourceError
from etf_platform.core.tables import ASSET_SERIES
from etf_platform.market.calendar import DateLike, Sessions, day

A_DAY = pd.Timedelta(days=1)
REFUSED = ("name", "line", "date", "rule", "reason")
NO_VALUE = ("", "nan", "null", "none", "-", "--")


@dataclass(frozen=True, eq=False)
class SeriesRows:
    """ASSET_SERIES rows, and what did not become one.

    Attributes
    ----------
    rows : DataFrame
        ASSET_SERIES, sorted by date and name.
    refused : DataFrame
        `name`, `line` (of the file, from 1), `date` (as written), `rule`, `reason`.
    dropped : mapping of name to int
        Rows without a value before the series ended (or without an end): gaps.
    ended : mapping of name to date
        Series of which the rest of the file has no values, by its declared end.
    failures : mapping of name to PlatformError
        Series that could not be read at all.
    """

    rows: pd.DataFrame
    refused: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(REFUSED)))
    dropped: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, date] = field(default_factory=dict)
    failures: Mapping[str, PlatformError] = field(default_factory=dict)


def published_at(dates: pd.Series, lag_sessions: int, sessions: Sessions) -> pd.Series:
    """First session on which values of these dates may be used; NaT where the calendar does not reach it.

    Lag 0 is the date itself, or the next session where it is none; lag n is the n-th session after the date.
    """
    side = "left" if lag_sessions == 0 else "right"
    place = sessions.index.searchsorted(dates, side=side) + max(lag_sessions - 1, 0)  # type: ignore[call-overload]
    known = place < sessions.index.size
    found = pd.Series(sessions.index.to_numpy()[np.minimum(place, sessions.index.size - 1)], index=dates.index)
    return found.where(known)


def read_all(
    recorded: Mapping[str, RecordedSeries], root: Path | None, sessions: Sessions, end: DateLike
) -> SeriesRows:
    """Every recorded series dated up to `end`; a series that cannot be read is a failure beside the others."""
    parts: list[SeriesRows] = []
    failures: dict[str, PlatformError] = {}
    for name, settings in recorded.items():
        try:
            parts.append(read_series(name, settings, root, sessions, end))
        except PlatformError as error:
            failures[name] = error
    rows = [part.rows for part in parts if len(part.rows)]
    refused = [part.refused for part in parts if len(part.refused)]
    return SeriesRows(
        pd.concat(rows).sort_values(["date", "name"], ignore_index=True) if rows else ASSET_SERIES.no_rows(),
        pd.concat(refused, ignore_index=True) if refused else pd.DataFrame(columns=list(REFUSED)),
        {name: n for part in parts for name, n in part.dropped.items()},
        {name: at for part in parts for name, at in part.ended.items()},
        failures,
    )


def read_series(
    name: str, settings: RecordedSeries, root: Path | None, sessions: Sessions, end: DateLike
) -> SeriesRows:
    """One recorded series dated up to `end`.

    Parameters
    ----------
    name : str
        E.g. `northbound_net`.
    settings : RecordedSeries
    root : Path or None
        Folder below which its path stands.
    sessions : Sessions
        In which `lag_sessions` is counted.
    end : date-like

    Returns
    -------
    SeriesRows
        Refused are rows that are cut off (`short_row`), without a date (`bad_date`), with text for a number
        (`non_numeric`), on a date that stands again with another value (`duplicate`; identical repetitions are
        dropped), or with a value after the declared end (`after_end`).

    Raises
    ------
    SourceError
        No data root, or no file.
    BadInputError
        The file is empty, no UTF-8, lacks a column, holds no usable row, or a date in the future.
    """
    path = _path(name, settings, root)
    given = _lines(path, settings)
    when = _dates(given["date"], settings.date_format)
    _refuse_future(when, path)
    given["when"] = when.dt.normalize().astype("datetime64[ns]")
    rule = _rules(given, settings)
    kept = given[rule == ""].drop_duplicates(["when", "value"])
    rule[kept.index[kept["when"].duplicated(keep=False)]] = "duplicate"
    kept = kept[rule[kept.index] == ""]
    if kept["number"].notna().sum() == 0:
        saw = f"no row holds a {settings.column}"
        raise BadInputError(f"reading {path}", saw, "correct `column` and `where` of the series in scoring.yaml")
    has_ended = pd.Series(False, index=kept.index)
    if settings.ended is not None:
        has_ended = kept["number"].isna() & (kept["when"] > day(settings.ended))
    gaps = int((kept["number"].isna() & ~has_ended).sum())
    ended = {name: date.fromisoformat(settings.ended)} if settings.ended and has_ended.any() else {}
    rows = _rows(name, settings, kept[kept["number"].notna()], sessions)
    refused = _refused(name, given, rule, settings)
    return SeriesRows(rows[rows["date"] <= day(end)].reset_index(drop=True), refused, {name: gaps}, ended)


def _path(name: str, settings: RecordedSeries, root: Path | None) -> Path:
    doing = f"looking for the series {name}"
    if root is None:
        raise SourceError(doing, "no data folder is given", "pass --data DIR or set ETF_PLATFORM_DATA")
    path = root / settings.path
    if not path.is_file():
        raise SourceError(doing, f"there is no file {path}", "put it there, or correct `path` in scoring.yaml")
    return path


def _lines(path: Path, settings: RecordedSeries) -> pd.DataFrame:
    """`line`, `date`, `value` (texts) and `is_short` of the rows that `where` keeps."""
    doing = f"reading {path}"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, None)
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        saw = f"{error}".splitlines()[0]
        raise BadInputError(doing, saw, "replace the file by an intact one in UTF-8") from error
    if header is None or not rows:
        raise BadInputError(doing, "the file holds no rows", "replace the file by an intact one")
    wanted = (settings.date, settings.column, *settings.where)
    if missing := [column for column in wanted if column not in header]:
        saw = f"no column {', '.join(missing)}; there are {', '.join(header)}"
        raise BadInputError(doing, saw, "correct the series in scoring.yaml")
    at, column = header.index(settings.date), header.index(settings.column)
    where = [(header.index(name), text) for name, text in settings.where.items()]
    found = [
        (line, row[at] if at < len(row) else "", row[column] if column < len(row) else "", len(row) < len(header))
        for line, row in rows
        if all(place >= len(row) or row[place].strip() == text for place, text in where)
    ]
    return pd.DataFrame(found, columns=["line", "date", "value", "is_short"])


def _dates(texts: pd.Series, date_format: str | None) -> pd.Series:
    stripped = texts.str.strip()
    compact = len(stripped) and stripped.str.fullmatch(r"\d{8}").all()
    return pd.to_datetime(stripped, format=date_format or ("%Y%m%d" if compact else "ISO8601"), errors="coerce")


def _refuse_future(when: pd.Series, path: Path) -> None:
    # Dates stand in the exchange's time zone, the clock in this machine's.
    if len(when) and (last := when.max()) > pd.Timestamp.now() + A_DAY:
        saw = f"{last.date()} lies in the future"
        raise BadInputError(f"reading the dates of {path}", saw, "correct the file, or `date_format` in scoring.yaml")


def _rules(given: pd.DataFrame, settings: RecordedSeries) -> pd.Series:
    """Name of the rule that refuses each row, or nothing; adds `number`, NaN where there is no value."""
    text = given["value"].str.strip()
    is_blank = text.str.lower().isin(NO_VALUE)
    number = pd.to_numeric(text.where(~is_blank), errors="coerce").astype("float64")
    given["number"] = number.where(np.isfinite(number))
    rule = pd.Series("", index=given.index, dtype=object)
    if settings.ended is not None:
        rule[given["number"].notna() & (given["when"] > day(settings.ended))] = "after_end"
    rule[~is_blank & given["number"].isna()] = "non_numeric"
    rule[given["when"].isna()] = "bad_date"
    rule[given["is_short"]] = "short_row"
    return rule


def _rows(name: str, settings: RecordedSeries, kept: pd.DataFrame, sessions: Sessions) -> pd.DataFrame:
    rows = pd.DataFrame({"date": kept["when"], "name": name, "value": kept["number"] * settings.unit})
    rows["published_at"] = published_at(rows["date"], settings.lag_sessions, sessions)
    rows["source"] = f"local:{settings.path}"
    return rows.dropna(subset="published_at").sort_values("date", ignore_index=True)


def _refused(name: str, given: pd.DataFrame, rule: pd.Series, settings: RecordedSeries) -> pd.DataFrame:
    told = {
        "short_row": "the row has fewer fields than the header: it is cut off",
        "bad_date": "no date in {date!r}",
        "non_numeric": "no number in {value!r}",
        "duplicate": "{date} stands more than once, with other values",
        "after_end": f"a value of {{date}}, but the series ended on {settings.ended}",
    }
    rows = given[rule != ""].assign(rule=rule[rule != ""], name=name)
    reasons = [
        told[str(row["rule"])].format_map({str(k): v for k, v in row.items()}) for row in rows.to_dict("records")
    ]
    return rows.assign(reason=reasons)[list(REFUSED)].reset_index(drop=True)
