"""`watchlist.yaml` read anew, and edited in place: one entry changes, every other byte of the file stays.

A change is checked before it replaces the file in one move, and processes that change it at the same time wait for each
other. Entries are found by the marks of the YAML parser: a round trip through a data model mixes up the comments
around a removed entry. Not here: what is in the list means (`core.config.arbitrage`).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pydantic import ValidationError

from etf_platform.core.config.arbitrage import WatchedStock, Watchlist
from etf_platform.core.config.yaml12 import YamlProblem, parse_yaml
from etf_platform.core.errors import ConfigError, StorageError

STOCKS = "my_stocks"
WIDEST = 1 << 20  # columns; no entry is wrapped


def read(path: Path) -> Watchlist:
    """The watch list; an empty one where there is no file.

    Raises
    ------
    ConfigError
        The file cannot be read, or is no watch list.
    """
    return _parse(path, _text(path))


def add(path: Path, stock: WatchedStock) -> bool:
    """Put a stock at the end of the list; False when its code is there already.

    Raises
    ------
    ConfigError
        The file is no watch list.
    StorageError
        It cannot be written.
    """
    with _changing(path) as text:
        before = _parse(path, text)
        if any(known.code == stock.code for known in before.my_stocks):
            return False
        _write(path, _added(text, _entry(stock)), before.model_copy(update={STOCKS: (*before.my_stocks, stock)}))
    return True


def remove(path: Path, code: str) -> bool:
    """Take a stock off the list; False when it is not on it. Errors as of `add`."""
    with _changing(path) as text:
        before = _parse(path, text)
        at = _position(before, code)
        if at is None:
            return False
        left = (*before.my_stocks[:at], *before.my_stocks[at + 1 :])
        _write(path, _removed(text, at), before.model_copy(update={STOCKS: left}))
    return True


def set_alerts(path: Path, code: str, on: bool) -> bool:
    """Let a stock's signals be told, or keep it quiet; False when it is not on the list. Errors as of `add`."""
    with _changing(path) as text:
        before = _parse(path, text)
        at = _position(before, code)
        if at is None:
            return False
        stock = before.my_stocks[at]
        if stock.alerts != on:
            changed = stock.model_copy(update={"alerts": on})
            stocks = (*before.my_stocks[:at], changed, *before.my_stocks[at + 1 :])
            _write(path, _switched(text, at, on), before.model_copy(update={STOCKS: stocks}))
    return True


@contextmanager
def _changing(path: Path) -> Iterator[str]:
    """The file's text, while nobody else changes it: its folder is locked, so that no further file is needed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield _text(path)
        finally:
            os.close(folder)
    except OSError as error:
        raise StorageError(
            f"changing {path}", error.strerror or str(error), "use a configuration folder that may be written"
        ) from error


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"reading {path}", str(error), "correct the file") from error


def _parse(path: Path, text: str) -> Watchlist:
    try:
        return Watchlist.model_validate(parse_yaml(text) or {})
    except ValidationError as error:
        saw = " | ".join(f"{'.'.join(map(str, e['loc'])) or '(file)'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"reading {path}", saw, "correct these entries") from error
    except YamlProblem as error:
        raise ConfigError(f"reading {path}", str(error), "correct this line") from error


def _write(path: Path, text: str, expected: Watchlist) -> None:
    if _parse(path, text) != expected:
        raise StorageError(f"changing {path}", "the layout of the file is unusual", "edit it by hand")
    target = path.resolve()
    draft = target.with_name(f".{target.name}.draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if target.exists():
        draft.chmod(target.stat().st_mode & 0o777)
    draft.replace(target)


def _position(watchlist: Watchlist, code: str) -> int | None:
    return next((i for i, stock in enumerate(watchlist.my_stocks) if stock.code == code), None)


def _entry(stock: WatchedStock) -> str:
    parts = [f'code: "{stock.code}"', f"name: {_quoted(stock.name)}", f"market: {stock.market}"]
    parts += [f"notes: {_quoted(stock.notes)}"] if stock.notes else []
    parts += [] if stock.alerts else ["alerts: false"]
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    return yaml.dump(text, default_style='"', allow_unicode=True, width=WIDEST).rstrip("\n")


def _nodes(text: str) -> tuple[yaml.ScalarNode, yaml.SequenceNode] | None:
    """Key and value of the stocks in the document."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == STOCKS), None)


def _added(text: str, entry: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    found = _nodes(text)
    if found is None:
        gap = "" if not text or text.endswith("\n") else end
        return f"{text}{gap}{STOCKS}:{end}  - {entry}{end}"
    key, stocks = found
    if not stocks.value:
        return _spliced(text, key.end_mark.index, stocks.end_mark.index, f":{end}  - {entry}")
    last = stocks.value[-1]
    if stocks.flow_style:
        return _spliced(text, last.end_mark.index, last.end_mark.index, f", {entry}")
    at = _line_end(text, _last_mark(last).index)
    return _spliced(text, at, at, f"{end}{' ' * stocks.start_mark.column}- {entry}")


def _removed(text: str, at: int) -> str:
    key, stocks = _nodes(text) or (None, None)
    assert key is not None and stocks is not None
    item = stocks.value[at]
    if stocks.flow_style:
        start, stop = item.start_mark.index, item.end_mark.index
        if at > 0:
            start = stocks.value[at - 1].end_mark.index
        elif len(stocks.value) > 1:
            stop = stocks.value[1].start_mark.index
        return _spliced(text, start, stop, "")
    start, stop = _line_start(text, item.start_mark.index), _line_end(text, _last_mark(item).index)
    cut = _spliced(text, start, _after_break(text, stop), "")
    return cut if len(stocks.value) > 1 else _spliced(cut, key.end_mark.index, key.end_mark.index + 1, ": []")


def _switched(text: str, at: int, on: bool) -> str:
    _, stocks = _nodes(text) or (None, None)
    assert stocks is not None
    item, word = stocks.value[at], "true" if on else "false"
    for key, value in item.value:
        if key.value == "alerts":
            return _spliced(text, value.start_mark.index, value.end_mark.index, word)
    stop = _last_mark(item.value[-1][1]).index
    if item.flow_style:
        return _spliced(text, stop, stop, f", alerts: {word}")
    stop, end = _line_end(text, stop), "\r\n" if "\r\n" in text else "\n"
    return _spliced(text, stop, stop, f"{end}{' ' * item.start_mark.column}alerts: {word}")


def _spliced(text: str, start: int, stop: int, new: str) -> str:
    return text[:start] + new + text[stop:]


def _last_mark(node: yaml.Node) -> yaml.Mark:
    """End of what is written; a block's own end mark lies behind the comments that follow it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_mark(node.value[-1][1])
    return node.end_mark


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    stop = len(text) if found < 0 else found
    return stop - 1 if text[at:stop].endswith("\r") else stop


def _after_break(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1
