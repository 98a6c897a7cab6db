"""The channels of this installation: `alerts.yaml` and the environment -> lines that can deliver. No routing."""

from pathlib import Path

from etf_platform.alerts import channels
from etf_platform.alerts.channel import Channel, Line, Outlet
from etf_platform.core.catalog import collect
from etf_platform.core.config.alerts import AlertsConfig
from etf_platform.core.secrets import Secrets


def open_lines(config: AlertsConfig, secrets: Secrets, folder: Path) -> tuple[Line, ...]:
    """Every enabled channel that has its credentials; of a list of URLs one line each, `webhook.1`, `webhook.2`.

    Parameters
    ----------
    folder : Path
        Where the dry run writes.
    """
    kinds = {channel.name: channel for channel in collect(channels, Channel)}
    lines: list[Line] = []
    for name, settings in config.channels.items():
        channel = kinds[settings.kind]
        for index in range(channel.count(secrets) if settings.enabled else 0):
            outlet = Outlet(settings, secrets, folder, index)
            lines.append(Line(f"{name}.{index + 1}" if channel.is_list else name, channel, outlet))
    return tuple(lines)


def missing_credentials(config: AlertsConfig, secrets: Secrets) -> tuple[str, ...]:
    """Names of enabled channels that take no part because their environment variables are not set."""
    kinds = {channel.name: channel for channel in collect(channels, Channel)}
    return tuple(n for n, one in config.channels.items() if one.enabled and kinds[one.kind].count(secrets) == 0)
