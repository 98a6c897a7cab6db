"""Production snapshots: the exported tree, the configuration and what they were made from, kept and restored.

A snapshot folder holds the output tree as it is, `configs/`, and `snapshot_meta.json`. It is written once, under one
stamp, and never changed. A run that a gate refused is kept as `quarantine_<stamp>`: for looking at, not for use.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from etf_platform.core.errors import BadInputError, GateClosedError, StorageError
from etf_platform.core.states import State
from etf_platform.governance.folders import appearing, manifest, remove_at_once, verify

META = "snapshot_meta.json"
CONFIGS = "configs"
ACCEPTED, REFUSED = "snapshot_production_", "quarantine_"
_NAME = re.compile(rf"({ACCEPTED}|{REFUSED})(\d{{8}}_\d{{6}})$")


@dataclass(frozen=True)
class Provenance:
    """What a snapshot was made from, and what the gates said.

    Attributes
    ----------
    state : State
        Result of `gates.release_state`.
    reasons : sequence of str
        Verdicts that are not PASS.
    table_versions : mapping of str to int
        Table address -> Delta version that the export read.
    config_digest, code_commit : str
        Configuration and code.
    """

    state: State
    reasons: Sequence[str] = ()
    table_versions: Mapping[str, int] = field(default_factory=dict)
    config_digest: str = ""
    code_commit: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One stored snapshot; `is_accepted` is False in quarantine. `meta` is the content of `snapshot_meta.json`."""

    name: str
    path: Path
    is_accepted: bool
    meta: Mapping[str, Any]

    @property
    def files(self) -> dict[str, str]:
        """Relative path -> SHA-256 of every file besides the meta data."""
        return dict(self.meta["files"])


def take_snapshot(
    root: Path, tree: Path, configs: Path, made_from: Provenance, stamp: datetime, keep: int = 10
) -> Snapshot:
    """Copy an exported tree and its configuration into a new snapshot, and remove the oldest beyond `keep`.

    Parameters
    ----------
    root : Path
        Folder of all snapshots.
    tree, configs : Path
        Exported output tree; folder of the YAML files.
    stamp : datetime
        The one time stamp: it names the folder and stands in the meta data.
    keep : int
        Accepted snapshots that stay. Refused ones are not among them; of those the newest `keep` stay as well.

    Returns
    -------
    Snapshot
        In quarantine when the state is FAIL or BLOCKED.

    Raises
    ------
    BadInputError
        The tree or the configuration is absent or empty.
    StorageConflictError
        There is a snapshot of this second.
    """
    for folder in (tree, configs):
        if not folder.is_dir() or not any(folder.iterdir()):
            raise BadInputError(f"taking a snapshot in {root}", f"{folder} is absent or empty", "export it first")
    prefix = ACCEPTED if made_from.state.is_open else REFUSED
    final = root / f"{prefix}{stamp:%Y%m%d_%H%M%S}"
    with appearing(final) as partial:
        shutil.copytree(tree, partial, dirs_exist_ok=True, ignore=_not_content(tree))
        shutil.copytree(configs, partial / CONFIGS, ignore=shutil.ignore_patterns(".*"))
        _write_meta(partial, final.name, made_from, stamp)
    _prune(root, keep, spared=final)
    return _read(final)


def list_snapshots(root: Path) -> list[Snapshot]:
    """All snapshots, accepted ones first, newest first; unfinished folders and those without meta data are left out."""
    accepted, refused = _by_kind(root)
    return accepted + refused


def verify_snapshot(root: Path, name: str) -> Snapshot:
    """The snapshot of this name, after checking every file against its SHA-256.

    Raises
    ------
    StorageError
        There is no such snapshot, or a file is missing, changed or added.
    """
    if not _NAME.match(name) or not (root / name / META).is_file():
        known = ", ".join(s.name for s in list_snapshots(root)) or "none"
        raise StorageError(f"opening snapshot {name}", f"it is not in {root}", f"known: {known}")
    snapshot = _read(root / name)
    verify(snapshot.path, snapshot.files, META)
    return snapshot


def referenced_versions(root: Path) -> dict[str, set[int]]:
    """Table address -> versions that some snapshot was made from, and that a vacuum must therefore keep."""
    kept: dict[str, set[int]] = {}
    for snapshot in list_snapshots(root):
        for address, version in snapshot.meta["table_versions"].items():
            kept.setdefault(address, set()).add(version)
    return kept


def restore(root: Path, name: str, to: Path, force: bool = False) -> Path:
    """Put a snapshot back as an output tree, with its `configs/` and meta data inside.

    The copy is verified before it replaces anything. A tree that stood at `to` is moved to `<to>.replaced`, in place
    of the one of an earlier restore.

    Raises
    ------
    GateClosedError
        The snapshot is in quarantine and `force` is not set.
    StorageError
        The snapshot does not exist or does not verify; `to` is untouched. `force` does not help here.
    BadInputError
        `to` holds something that is no output tree.
    """
    snapshot = verify_snapshot(root, name)
    if not (snapshot.is_accepted or force):
        reasons = "; ".join(map(str, snapshot.meta.get("reasons") or [snapshot.meta.get("status")]))
        raise GateClosedError(
            f"restoring {name}", f"it is in quarantine: {reasons}", "choose an accepted snapshot, or add --force"
        )
    _refuse_foreign(root, to)
    aside = to.with_name(f"{to.name}.replaced")
    with appearing(to) as partial:
        shutil.copytree(snapshot.path, partial, dirs_exist_ok=True)
        verify(partial, snapshot.files, META)
        if to.exists():
            shutil.rmtree(aside, ignore_errors=True)
            to.rename(aside)
    return to


def _write_meta(folder: Path, name: str, made_from: Provenance, stamp: datetime) -> None:
    meta = {
        "schema_version": 1,
        "name": name,
        "taken_at": stamp.isoformat(timespec="seconds"),
        "status": str(made_from.state),
        "reasons": list(made_from.reasons),
        "table_versions": dict(made_from.table_versions),
        "config_digest": made_from.config_digest,
        "code_commit": made_from.code_commit,
        "files": manifest(folder, META),
    }
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False, indent=2), encoding="utf-8")


def _read(folder: Path) -> Snapshot:
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
    except ValueError as error:
        raise StorageError(f"opening snapshot {folder.name}", f"{META}: {error}", "use another snapshot") from error
    return Snapshot(folder.name, folder, folder.name.startswith(ACCEPTED), meta)


def _by_kind(root: Path) -> tuple[list[Snapshot], list[Snapshot]]:
    named = [path for path in root.glob("*") if _NAME.match(path.name) and (path / META).is_file()]
    newest_first = [_read(path) for path in sorted(named, key=lambda path: path.name, reverse=True)]
    return [s for s in newest_first if s.is_accepted], [s for s in newest_first if not s.is_accepted]


def _prune(root: Path, keep: int, spared: Path) -> None:
    for snapshots in _by_kind(root):
        for old in snapshots[keep:]:
            if old.path != spared:
                remove_at_once(old.path)


def _not_content(tree: Path) -> Callable[[str, list[str]], list[str]]:
    def ignored(folder: str, names: list[str]) -> list[str]:
        restored = (META, CONFIGS) if Path(folder) == tree else ()
        return [name for name in names if name.startswith(".") or name in restored]

    return ignored


def _refuse_foreign(root: Path, to: Path) -> None:
    doing = f"restoring to {to}"
    if root.resolve().is_relative_to(to.resolve()) or to.resolve().is_relative_to(root.resolve()):
        raise BadInputError(doing, f"it overlaps the snapshots in {root}", "choose another folder")
    known = to.is_dir() and any(any(to.glob(pattern)) for pattern in (META, "panel_*", "pool_metrics_summary.csv"))
    if to.exists() and not known and (to.is_file() or any(to.iterdir())):
        raise BadInputError(doing, "it holds something that is no output tree", "choose another folder")
