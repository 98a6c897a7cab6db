"""Where one installation keeps its state, which configuration it reads, and which source feeds it.

A `Workspace` is a value made once per process from options or the environment and handed down; nothing else in the
package reads `os.environ` for paths.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ORIGINAL_CONFIG = "NDX_RSI_CONFIG"
HOME, CONFIG, SOURCE, DATA = (
    "ETF_PLATFORM_HOME",
    "ETF_PLATFORM_CONFIG",
    "ETF_PLATFORM_SOURCE",
    "ETF_PLATFORM_DATA",
)


def packaged_config() -> Path:
    """The configuration that ships with the package: inside the wheel, or `configs/` of a source checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


@dataclass(frozen=True)
class Workspace:
    """Paths and choices of one installation.

    Attributes
    ----------
    home : Path
        Holds all state: lake, ops database, Dagster storage, reports, exports, logs, snapshots.
    config : Path
        Folder of the YAML files.
    source : str or None
        Name in `sources.yaml`; None takes the default that stands there.
    data : Path or None
        Root folder for `local` sources.
    """

    home: Path
    config: Path
    source: str | None = None
    data: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Workspace":
        """Read `ETF_PLATFORM_HOME`, `_CONFIG`, `_SOURCE`, `_DATA`; defaults are `./etf_home` and the shipped files.

        `NDX_RSI_CONFIG`, the name of older set-ups, counts where `ETF_PLATFORM_CONFIG` is not set.
        """
        env = os.environ if env is None else env
        data = env.get(DATA)
        return cls(
            home=Path(env.get(HOME) or "etf_home").absolute(),
            config=Path(env.get(CONFIG) or env.get(ORIGINAL_CONFIG) or packaged_config()).absolute(),
            source=env.get(SOURCE) or None,
            data=Path(data).absolute() if data else None,
        )

    def to_env(self) -> dict[str, str]:
        """Environment variables from which a child process builds the same workspace."""
        values = {HOME: self.home, CONFIG: self.config, SOURCE: self.source, DATA: self.data}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def lake(self) -> Path:
        """Root folder of the Delta tables."""
        return self.home / "lake"

    @property
    def ops_url(self) -> str:
        """SQLAlchemy URL of the ops database; `ETF_PLATFORM_OPS_URL` points it at PostgreSQL."""
        return os.environ.get("ETF_PLATFORM_OPS_URL") or f"sqlite:///{self.home / 'ops.db'}"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this installation."""
        return self.home / "dagster"

    @property
    def reports(self) -> Path:
        """Folder of the reports for people."""
        return self.home / "reports"

    def resolve(self, path: str | Path) -> Path:
        """A configured path; relative ones are below `home`."""
        return self.home / path
