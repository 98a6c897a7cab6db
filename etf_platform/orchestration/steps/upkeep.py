"""The lake's upkeep: a vacuum that spares what snapshots, experiments, releases and decisions on record refer to."""

from etf_platform.core.tables import PAPER_DECISIONS
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
    """Table address -> versions that somebody may have to read again.

    Named by folders of snapshots, by the ops database (snapshots, experiments, releases), and by decisions of running
    accounts, which are recorded with what they read.
    """
    kept = ledger.referenced_versions(platform.ops)
    root = platform.workspace.resolve(platform.config.etf_pools.paths.snapshots_root)
    for named in (referenced_versions(root), _decided_on(platform)):
        for address, versions in named.items():
            kept.setdefault(address, set()).update(versions)
    return kept


def _decided_on(platform: Platform) -> dict[str, set[int]]:
    """Versions that decisions on record read, of every account."""
    kept: dict[str, set[int]] = {}
    for universe in platform.lake.universes(PAPER_DECISIONS):
        for text in platform.lake.read(PAPER_DECISIONS, universe, columns=["inputs"])["inputs"].unique():
            for address, version in ledger.versions_in(text).items():
                kept.setdefault(address, set()).add(version)
    return kept
