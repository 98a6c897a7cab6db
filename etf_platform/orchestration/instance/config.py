"""One installation's Dagster home: its `dagster.yaml`, and opening the instance in this process.

Belongs here: where the file lies and how it gets there. Does not: its settings, which stand in the `dagster.yaml` that
ships with the package and are commented there.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance

import etf_platform
from etf_platform.core.errors import ConfigError
from etf_platform.core.workspace import Workspace

FILE = "dagster.yaml"
PLACEHOLDER = "$DAGSTER_HOME"


def packaged_dagster_yaml() -> Path:
    """The `dagster.yaml` that ships with the package: inside the wheel, or in the root of a source checkout.

    Raises
    ------
    ConfigError
        Neither is there.
    """
    package = Path(etf_platform.__file__).parent
    places = [package / "configs" / FILE, package.parent / FILE]
    for place in places:
        if place.is_file():
            return place
    raise ConfigError("looking for dagster.yaml", f"it is neither of {[str(p) for p in places]}", "reinstall")


def write_dagster_home(workspace: Workspace) -> Path:
    """Write `<home>/dagster/dagster.yaml` and return the folder, which is the DAGSTER_HOME of this installation.

    A file of an operator's own stays: `<config>/dagster.yaml`, where there is one, replaces the packaged file. An
    unchanged file is not touched; a changed one is replaced at once, so that no process reads half of it.
    """
    home = workspace.dagster
    home.mkdir(parents=True, exist_ok=True)
    own = workspace.config / FILE
    source = own if own.is_file() else packaged_dagster_yaml()
    text = source.read_text(encoding="utf-8").replace(PLACEHOLDER, _escaped(home.resolve()))
    target = home / FILE
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        _replace(target, text)
    return home


@contextmanager
def open_instance(workspace: Workspace) -> Iterator[DagsterInstance]:
    """The Dagster instance of an installation, for runs in this process; its files are closed at the end.

    `DAGSTER_HOME` is set for the process, because child processes and parts of Dagster read it from there.
    """
    home = write_dagster_home(workspace)
    os.environ["DAGSTER_HOME"] = str(home)
    with DagsterInstance.from_config(str(home)) as instance:
        yield instance


def _escaped(path: Path) -> str:
    # the placeholder stands inside a double-quoted YAML string, whose escapes are those of JSON
    return json.dumps(str(path), ensure_ascii=False)[1:-1]


def _replace(target: Path, text: str) -> None:
    half = target.with_name(f".{FILE}.{os.getpid()}")
    half.write_text(text, encoding="utf-8")
    half.replace(target)
