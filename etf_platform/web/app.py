"""Puts the application together: routes, failures, and what stands before them. Not here: any of it."""

import re

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware

import etf_platform
from etf_platform.web.caching import Answers, Rule, Stamp, ops_stamp
from etf_platform.web.failures import handle_failures
from etf_platform.web.models.paging import FAILURES
from etf_platform.web.rates import Rates
from etf_platform.web.reading import Reading
from etf_platform.web.routes import (
    backtests,
    events,
    holdings,
    klines,
    monitor,
    pages,
    platform,
    reports,
    settings,
    signals,
    status,
    stocks,
    tables,
    vendor,
    watchlist,
)
from etf_platform.web.security import LARGEST_BODY, Gate, Rules
from etf_platform.web.services import Services

ROUTERS = (
    status,
    stocks,
    signals,
    klines,
    holdings,
    monitor,
    watchlist,
    backtests,
    settings,
    platform,
    reports,
    tables,
    events,
    vendor,
    pages,
)
KEPT = (
    r"/api/limit-up",
    r"/api/signals",
    r"/api/(stocks|etfs)/[0-9]{6}/kline",
    r"/api/mapping",
    r"/api/v2/klines/[^/]+",
    r"/api/v2/(board|ladder|exposure|pools|board-counts)",
    r"/api/v2/pools/[^/]+/equity",
)
ABOUT = """Limit-up stocks, the funds that hold them, signals, K-lines, and the platform's tables.

`/api/...` keeps the original's shapes: bare codes, `change_pct` and `premium` in percent. `/api/v2/...` has house
symbols (`600519.SH`) and fractions. Null is unknown, never 0. Changing requests need `Authorization: Bearer <token>`
unless the server listens on loopback only.
"""


def create_app(services: Services) -> FastAPI:
    """The application over one installation."""
    stamp = ops_stamp(services.ops)
    app = FastAPI(
        title="etf_platform",
        version=etf_platform.__version__,
        description=ABOUT,
        responses=FAILURES,
        middleware=_before(services, stamp),
        docs_url=None,
        redoc_url=None,
    )
    app.state.reading = Reading.of(services)
    app.state.stamp = stamp
    app.state.listeners = set()
    app.state.is_leaving = False
    handle_failures(app, services.secrets)
    for module in ROUTERS:
        app.include_router(module.router)
    pages.mount_static(app)
    return app


def _before(services: Services, stamp: Stamp) -> list[Middleware]:
    """Outermost first: other origins, the gate, kept answers."""
    server, token = services.config.arbitrage.server, services.secrets.api_token
    rules = Rules(services.is_loopback, token.get_secret_value() if token else None, server.cors_origins)
    seconds = float(services.config.arbitrage.refresh.backend_cache_interval)
    kept = [Rule(re.compile(path), seconds) for path in KEPT]
    found = [
        Middleware(Gate, rules=rules, rates=Rates(server.posts_per_minute)),
        Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY),
        Middleware(Answers, rules=kept, stamp=stamp),
    ]
    if server.cors_origins:
        methods = ["GET", "POST", "PUT", "DELETE"]
        headers = ["Authorization", "Content-Type", "X-API-Token"]
        cors = Middleware(
            CORSMiddleware, allow_origins=server.cors_origins, allow_methods=methods, allow_headers=headers
        )
        found.insert(0, cors)
    return found
