"""The installations that the web tests ask: a fresh one, and one with rows. Each test has a copy of its own."""

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from etf_platform.core.config import Config, load_config
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import open_ops
from etf_platform.web.services import Services
from etf_platform_tests.resources.web_home import NOW, SECRETS, Recorded, client_of, fill


@pytest.fixture(scope="session")
def shipped() -> Config:
    return load_config(packaged_config())


@pytest.fixture(scope="session")
def templates(tmp_path_factory, shipped) -> dict[str, Path]:
    """A fresh installation and one with rows, made once."""
    made = {}
    for name in ("empty", "filled"):
        made[name] = tmp_path_factory.mktemp(name)
        shutil.copytree(packaged_config(), made[name] / "config")
        services = services_at(made[name], shipped)
        if name == "filled":
            fill(services)
        services.ops.dispose()
    return made


@pytest.fixture
def empty(tmp_path, templates, shipped) -> Services:
    """A fresh home: configuration, an ops database without rows, no lake."""
    return services_at(shutil.copytree(templates["empty"], tmp_path / "empty"), shipped)


@pytest.fixture
def services(tmp_path, templates, shipped) -> Services:
    """The installation with rows."""
    return services_at(shutil.copytree(templates["filled"], tmp_path / "filled"), shipped)


@pytest.fixture
def client(services) -> TestClient:
    return client_of(services)


def services_at(root: Path, config: Config) -> Services:
    workspace = Workspace(home=root / "home", config=root / "config", source="sample")
    return Services(
        config=config,
        workspace=workspace,
        lake=Lake(workspace.lake),
        ops=open_ops(f"sqlite:///{workspace.home / 'ops.db'}"),
        sessions=lambda universe: sessions("XSHG"),
        actions=Recorded(),
        secrets=SECRETS,
        now=lambda: NOW,
    )
