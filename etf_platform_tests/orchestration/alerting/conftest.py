"""A home with an ops database and a Dagster instance on disk, without any table: all that a watch looks at."""

import datetime as dt
from dataclasses import dataclass, replace

import dagster as dg
import pytest

from etf_platform.alerts.post import Desk
from etf_platform.core.secrets import Secrets
from etf_platform.orchestration.alerting.watch import Scene, tick
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.platform import Platform
from etf_platform.storage import mailroom


@dataclass(frozen=True)
class Post:
    """One installation as the watches see it; letters go to one channel."""

    platform: Platform
    instance: dg.DagsterInstance

    def scene(self, now=None):
        return Scene(self.platform, self.instance, now or dt.datetime.now(dt.UTC))

    @property
    def desk(self):
        return Desk(self.platform.config.alerts, ("file",), Secrets())

    def tick(self, watch, now=None):
        return tick(watch, self.scene(now), self.desk)

    def restarted(self):
        """The same home opened by another process."""
        return replace(self, platform=Platform.open(self.platform.workspace))

    @property
    def letters(self):
        """Rows of the outbox, oldest first."""
        return mailroom.letters(self.platform.ops, limit=5000)[::-1]

    @property
    def told(self):
        """(kind, subject) of every letter, oldest first."""
        return [(row["kind"], row["subject"]) for row in self.letters]

    def evaluate(self, passed, check="broken_members", asset="market/OTHER/bars", **values):
        """A check evaluation that belongs to no run."""
        key = dg.AssetKey(asset.split("/"))
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(asset_key=key, check_name=check, passed=passed, **values)
        )

    def make(self, asset, partition=None, **metadata):
        """A materialisation that belongs to no run."""
        key = dg.AssetKey(asset.split("/"))
        self.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition, metadata=metadata))


@pytest.fixture
def post(small, tmp_path):
    platform = small.open(tmp_path)
    with open_instance(platform.workspace) as instance:
        yield Post(platform, instance)
    platform.ops.dispose()
