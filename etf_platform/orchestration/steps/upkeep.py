"""The lake's upkeep: compaction and vacuum that spare what snapshots refer to."""

from etf_platform.governance.snapshots import referenced_versions
from etf_platform.orchestration.platform import Platform
from etf_platform.storage.maintenance import maintain as maintain_lake


def maintain(platform: Platform) -> dict[str, object]:
    """Compact and vacuum every table; address -> what was done."""
    root = platform.workspace.resolve(platform.config.etf_pools.paths.snapshots_root)
    return {
        done.address: f"{done.removed} files removed"
        for done in maintain_lake(platform.lake, referenced_versions(root))
    }
