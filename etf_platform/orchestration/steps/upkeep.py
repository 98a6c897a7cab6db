"""The lake's upkeep: compaction and vacuum that spare what snapshots and experiments refer to."""

from etf_platform.governance.snapshots import referenced_versions
from etf_platform.orchestration.platform import Platform
from etf_platform.storage import ledger
from etf_platform.storage.maintenance import maintain as maintain_lake


def maintain(platform: Platform) -> dict[str, object]:
    """Compact and vacuum every table; address -> what was done."""
    return {
        done.address: f"{done.removed} files removed"
        for done in maintain_lake(platform.lake, versions_to_keep(platform))
    }


def versions_to_keep(platform: Platform) -> dict[str, set[int]]:
    """Table address -> versions that somebody may have to read again: folders of snapshots, and the ops database."""
    kept = ledger.referenced_versions(platform.ops)
    root = platform.workspace.resolve(platform.config.etf_pools.paths.snapshots_root)
    for address, versions in referenced_versions(root).items():
        kept.setdefault(address, set()).update(versions)
    return kept
