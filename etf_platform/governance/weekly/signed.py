"""Files of a week that people have signed: which, by whom, and that nothing changes them.

The ledger holds what was signed (`manual`); `signed.json` beside the files is its copy, by which every writer knows it.
Who deletes that copy gains nothing: the sign-off pack compares the files with the ledger. Not here: signing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from etf_platform.core.errors import SignedFileError
from etf_platform.governance.folders import sha256

LIST = "signed.json"
ALIVE = ("manual_status", "signoff_pack", "close_gate")  # written after the signatures; kept once the week is closed


def files_of(where: Path, with_alive: bool = False) -> dict[str, str]:
    """Name -> SHA-256 in hex of the files of a week that a signature covers, sorted; all of them `with_alive`."""
    found = sorted(path for path in where.glob("*") if path.suffix in (".json", ".md") and path.name != LIST)
    return {path.name: sha256(path) for path in found if with_alive or path.stem not in ALIVE}


def keep(where: Path, files: Mapping[str, str], by: Iterable[str]) -> None:
    """Note that people have signed these files, besides those that are noted already."""
    if not files:
        return
    path = where / LIST
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"files": {}, "by": []}
    record = {"files": dict(sorted({**before["files"], **files}.items())), "by": sorted({*before["by"], *by})}
    text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def kept(where: Path) -> frozenset[str]:
    """Names of the files of a week that must not change."""
    path = where / LIST
    return frozenset(json.loads(path.read_text(encoding="utf-8"))["files"]) if path.exists() else frozenset()


def refuse(where: Path, names: Sequence[str]) -> None:
    """Refuse to change signed files.

    Raises
    ------
    SignedFileError
        One of the names is signed.
    """
    touched = sorted(kept(where) & set(names))
    if touched:
        record = json.loads((where / LIST).read_text(encoding="utf-8"))
        saw = f"{', '.join(touched)} is signed by {', '.join(record['by'])}, and would now read otherwise"
        remedy = "leave it; corrections belong into the next week, or take the week up again with `gov reopen`"
        raise SignedFileError(f"writing {where.name}", saw, remedy)


def changed(where: Path, files: Mapping[str, str]) -> list[str]:
    """Signed files that are missing or no longer have the bytes that were signed."""
    now = files_of(where, with_alive=True)
    return [name for name, digest in files.items() if now.get(name) != digest]


def set_aside(where: Path) -> Path | None:
    """Copy the signed files of a week into a folder of their own and let the week be written again; None when unsigned.

    The copies keep their bytes; what was signed stays provable.
    """
    names = kept(where)
    if not names:
        return None
    number = 1 + sum(1 for path in where.glob("signed-*") if path.is_dir())
    aside = where / f"signed-{number}"
    aside.mkdir()
    for name in sorted(names):
        if (where / name).exists():
            (aside / name).write_bytes((where / name).read_bytes())
    (where / LIST).rename(aside / LIST)
    return aside
