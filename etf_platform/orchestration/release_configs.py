"""The configuration of a release, as its experiment recorded it, whatever the checkout says now.

Not here: releases (`governance.releases`), the stored files (`experiments`).
"""

import json
from collections.abc import Iterable

from etf_platform.core.config import Config
from etf_platform.core.config.snapshot import config_from
from etf_platform.core.errors import PlatformError
from etf_platform.governance import experiments
from etf_platform.governance.releases import Release, fold
from etf_platform.orchestration.experiments import kept
from etf_platform.orchestration.platform import Platform

DECIDING = ("etf_pools", "factors", "strategies", "instruments")  # files that targets depend on


def config_of(platform: Platform, release: Release) -> Config | None:
    """The configuration that a release stands for; None where nothing on record holds it.

    That of the checkout where its digest is the release's, else the text stored with the experiment, which must have
    the release's digest.
    """
    if release.config_hash == platform.config.digest:
        return platform.config
    found = experiments.registry(platform.config.governance, platform.ops).get(release.experiment_id)
    if found is None or found.conditions is None or found.conditions.config_hash != release.config_hash:
        return None
    try:
        return config_from(kept(platform, found.conditions.config).decode())
    except PlatformError:
        return None


def configs_of(platform: Platform, strategy: str, names: Iterable[str]) -> dict[str, Config]:
    """Release -> the configuration that decides for it: its own, or the checkout's where nothing on record holds it."""
    from etf_platform.storage.events import events

    known = fold(events(platform.ops), platform.config.governance, strategy).by_id
    return {name: config_of(platform, known[name]) or platform.config for name in names}


def decides_alike(one: Config, other: Config) -> bool:
    """Whether two configurations give the same targets: what these depend on is the same."""
    return one is other or _deciding(one) == _deciding(other)


def _deciding(config: Config) -> str:
    values = {name: getattr(config, name).model_dump(mode="json") for name in DECIDING}
    return json.dumps(values, sort_keys=True)
