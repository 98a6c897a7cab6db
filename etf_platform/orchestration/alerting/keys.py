"""Names that the code location shares with the alerts."""

import dagster as dg

HEARTBEAT = dg.AssetKey(["alerts", "platform", "heartbeat"])
