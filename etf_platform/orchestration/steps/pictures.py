"""Plots kept beside the lake, so that the report does not draw again what an asset has drawn from the same version."""

from pathlib import Path

from etf_platform.core.schema import Table
from etf_platform.orchestration.files import replace_bytes
from etf_platform.orchestration.platform import Platform


def keep(platform: Platform, table: Table, universe: str, plots: dict[str, bytes]) -> dict[str, bytes]:
    """Store plots drawn from the newest version of a table; gives them back."""
    folder = _folder(platform, table, universe)
    for stale in folder.glob("*/*.png"):
        stale.unlink()
    for title, png in plots.items():
        replace_bytes(folder / str(platform.lake.version(table, universe)) / f"{title}.png", png)
    return plots


def kept(platform: Platform, table: Table, universe: str, version: int | None) -> dict[tuple[str, str], bytes]:
    """(universe, title) -> PNG of the plots drawn from this version of a table."""
    folder = _folder(platform, table, universe) / str(version)
    return {(universe, path.stem): path.read_bytes() for path in sorted(folder.glob("*.png"))}


def _folder(platform: Platform, table: Table, universe: str) -> Path:
    return platform.workspace.home / "cache" / "plots" / table.address(universe)
