"""ETag, 304, gzip, answers that are kept, and when they are not."""

import gzip
import re

from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from etf_platform.storage import tracker
from etf_platform.storage.outbox import transaction
from etf_platform.web.caching import Answers, Rule
from etf_platform_tests.resources.web_home import DAY, NOW, board_rows, client_of, get


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def counting(seconds=30.0, **options):
    """An application that counts how often it was asked."""
    app, asked, clock, stamp = FastAPI(), [], Clock(), [0]

    @app.get("/kept")
    def kept(x: int = 0):
        asked.append(x)
        return {"x": x, "filler": "0123456789" * 100}

    @app.get("/free")
    def free():
        asked.append(None)
        return {"short": True}

    @app.get("/broken")
    def broken():
        asked.append(None)
        return Response("no", status_code=503)

    rules = [Rule(re.compile("/(kept|broken)"), seconds)]
    app.add_middleware(Answers, rules=rules, stamp=lambda: stamp[0], clock=clock)
    return TestClient(app), asked, clock, stamp


def test_a_kept_answer_is_made_once_for_its_seconds():
    client, asked, clock, _ = counting()

    first, second = client.get("/kept"), client.get("/kept")
    assert first.json() == second.json() and asked == [0]
    client.get("/kept?x=1")
    assert asked == [0, 1]
    clock.now = 30.0
    client.get("/kept")
    assert asked == [0, 1, 0]


def test_whatever_is_written_ends_kept_answers():
    client, asked, _, stamp = counting()

    client.get("/kept")
    stamp[0] = 1
    client.get("/kept")
    assert asked == [0, 0]


def test_failures_and_other_paths_are_not_kept():
    client, asked, _, _ = counting()

    for path in ("/broken", "/broken", "/free", "/free"):
        client.get(path)
    assert len(asked) == 4


def test_an_unchanged_answer_is_304_without_a_body():
    client, _, _, _ = counting()

    etag = client.get("/free").headers["etag"]
    assert etag.startswith('W/"')
    for sent in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        answer = client.get("/free", headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert client.get("/free", headers={"If-None-Match": '"other"'}).status_code == 200


def test_long_answers_are_compressed_for_those_who_can_read_it():
    client, _, _, _ = counting()

    with client.stream("GET", "/kept", headers={"Accept-Encoding": "br, gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip" and int(answer.headers["content-length"]) == len(packed) < 200
    plain = client.get("/kept", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers and gzip.decompress(packed) == plain.content
    assert plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in client.get("/free").headers


def test_a_new_board_shows_at_once_and_an_old_one_is_kept(services):
    client = client_of(services)
    assert len(get(client, "/api/limit-up")) == 2

    with transaction(services.ops) as connection:
        tracker.replace_board(connection, DAY, NOW, board_rows()[:1])
    assert [row["code"] for row in get(client, "/api/limit-up")] == ["600519"]


def test_answers_have_tags_and_a_second_ask_is_cheap(client):
    for path in ("/api/signals", "/api/limit-up", "/api/stocks/600519/kline", "/api/v2/board", "/api/config"):
        answer = client.get(path)
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (answer.status_code, again.status_code) == (200, 304), path
        assert answer.headers["cache-control"] == "no-cache"
