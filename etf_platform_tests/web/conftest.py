"""The installations that the web tests ask: a fresh one, and one with rows."""

import shutil

import pytest
from fastapi.testclient import TestClient

from etf_platform.core.config import load_config
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import open_ops
from etf_platform.web.services import Services
from etf_platform_tests.resources.web_home import NOW, SECRETS, Recorded, client_of, fill


@pytest.fixture
def empty(tmp_path) -> Services:
    """A fresh home: configuration, an ops database without rows, no lake."""
    config = tmp_path / "config"
    shutil.copytree(packaged_config(), config)
    workspace = Workspace(home=tmp_path / "home", config=config, source="sample")
    return Services(
        config=load_config(config),
        workspace=workspace,
        lake=Lake(workspace.lake),
        ops=open_ops(f"sqlite:///{tmp_path / 'home' / 'ops.db'}"),
        sessions=lambda universe: sessions("XSHG"),
        actions=Recorded(),
        secrets=SECRETS,
        now=lambda: NOW,
    )


@pytest.fixture
def services(empty) -> Services:
    """The installation with rows."""
    fill(empty)
    return empty


@pytest.fixture
def client(services) -> TestClient:
    return client_of(services)
