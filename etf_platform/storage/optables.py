"""The tables of the ops database. Not here: opening it (`opsdb`), what is recorded in them (`ledger`, `outbox`)."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy import event


class UtcTime(sa.TypeDecorator[dt.datetime]):
    """A point in time, always aware and in UTC; SQLite stores no zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """To UTC; a time without a zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


METADATA = sa.MetaData()

SCHEMA_STAMP = sa.Table("schema_stamp", METADATA, sa.Column("version", sa.Integer, primary_key=True))

FUSE_VERDICTS = sa.Table(
    "fuse_verdicts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Column("universe", sa.String, nullable=False),
    sa.Column("guards", sa.String, nullable=False, comment="<layer>/<table> whose readers the fuse protects"),
    sa.Column("fuse", sa.String, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False, comment="session the verdict is about"),
    sa.Column("state", sa.String, nullable=False, comment="PASS, WARN, FAIL or BLOCKED"),
    sa.Column("observed", sa.Float),
    sa.Column("limit", sa.Float),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("table_version", sa.Integer),
    sa.Column("config_digest", sa.String, nullable=False),
    sa.CheckConstraint("state IN ('PASS', 'WARN', 'FAIL', 'BLOCKED')", name="known_state"),
    sa.Index("fuse_verdicts_latest", "universe", "guards", "fuse", "as_of", "id"),
)

SNAPSHOTS = sa.Table(
    "snapshots",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("manifest", sa.JSON, nullable=False),
)

ACCEPTED_RUNS = sa.Table(
    "accepted_runs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Column("universe", sa.String, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("coverage", sa.Float, nullable=False, comment="filled share of the panel"),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("symbols", sa.Integer, nullable=False),
    sa.Column("table_version", sa.Integer),
    sa.Index("accepted_runs_latest", "universe", "as_of", "id"),
)

TABLE_WRITES = sa.Table(
    "table_writes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Column("address", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("config_digest", sa.String, nullable=False),
    sa.Column("code_commit", sa.String, nullable=False),
    sa.Column("start", sa.Date),
    sa.Column("end", sa.Date),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Index("table_writes_address", "address", "version"),
)

EXPERIMENTS = sa.Table(
    "experiments",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("result", sa.JSON, nullable=False),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("dedupe_key", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("order_key", sa.String, nullable=False, comment="letters of one key keep their order on a channel"),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("event", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("next_try", UtcTime, nullable=False),
    sa.Column("sent_at", UtcTime),
    sa.Column("batch", sa.String, comment="message that carried, or may have carried, the letter"),
    sa.Column("lease_token", sa.String),
    sa.Column("lease_until", UtcTime),
    sa.Column("last_error", sa.String),
    sa.UniqueConstraint("dedupe_key", "channel", name="told_once"),
    sa.CheckConstraint("state IN ('new', 'sent', 'dead')", name="known_letter_state"),
    sa.Index("outbox_due", "channel", "state", "id"),
    sa.Index("outbox_open", "state", "dedupe_key"),
    sqlite_autoincrement=True,
)

CURSORS = sa.Table(
    "cursors",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
)

CHANNEL_SENDS = sa.Table(
    "channel_sends",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("token", sa.String, nullable=False),
    sa.Column("arrived_by", UtcTime, nullable=False, comment="no later than this the server saw the message"),
    sa.Index("channel_sends_recent", "channel", "arrived_by"),
)

CHANNEL_STATES = sa.Table(
    "channel_states",
    METADATA,
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False, comment="in a row"),
    sa.Column("failing_since", UtcTime),
    sa.Column("paused_until", UtcTime),
    sa.Column("last_ok_at", UtcTime),
    sa.Column("last_error", sa.String),
)

SOURCE_STATES = sa.Table(
    "source_states",
    METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False, comment="HEALTHY, DEGRADED, FAILED"),
    sa.Column("seconds", sa.Float, comment="smoothed duration of a request"),
    sa.Column("last_error", sa.String, nullable=False),
    sa.Column("retry_at", UtcTime, comment="not asked before, while FAILED"),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("health", sa.JSON, nullable=False),
)

SOURCE_MARKS = sa.Table(
    "source_marks",
    METADATA,
    sa.Column(
        "name", sa.String, primary_key=True, comment="host/<name>: its token bucket; topic/<name>: source in use"
    ),
    sa.Column("value", sa.JSON, nullable=False),
)

SOURCE_EVENTS = sa.Table(
    "source_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Column("topic", sa.String, nullable=False, comment="what was asked for, e.g. bars/XSHG"),
    sa.Column("kind", sa.String, nullable=False, comment="switched, recovered, exhausted"),
    sa.Column("source", sa.String, nullable=False, comment="in use now; empty for none"),
    sa.Column("before", sa.String, nullable=False),
    sa.Column("detail", sa.String, nullable=False, comment="one clause per source that was not used"),
)

RESTATEMENTS = sa.Table(
    "restatements",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("found_at", UtcTime, nullable=False),
    sa.Column("universe", sa.String, nullable=False),
    sa.Column("start", sa.Date, nullable=False, comment="first session with a changed row"),
    sa.Column("end", sa.Date, nullable=False, comment="last stored session: every later row reads the changed ones"),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("changes", sa.JSON, nullable=False, comment="symbol -> dates, columns and examples"),
    sa.Column("digest", sa.String, nullable=False, unique=True, comment="of the changed values: found once"),
    sa.Column("run_id", sa.String, nullable=False, comment="run that found it"),
    sa.Column("state", sa.String, nullable=False, comment="found, done"),
    sa.Column("done_at", UtcTime),
    sa.Column("done_by", sa.String, comment="run that made everything after it again"),
)

LIMIT_BOARD = sa.Table(
    "limit_board",
    METADATA,
    sa.Column("trade_date", sa.Date, primary_key=True),
    sa.Column("symbol", sa.String, primary_key=True),
    sa.Column("at", UtcTime, nullable=False, comment="moment of the last look"),
    sa.Column("fields", sa.JSON, nullable=False, comment="state at that moment: see storage.tracker"),
)

LAST_QUOTES = sa.Table(
    "last_quotes",
    METADATA,
    sa.Column("symbol", sa.String, primary_key=True),
    sa.Column("at", UtcTime, nullable=False, comment="moment at which the reply had arrived"),
    sa.Column("fields", sa.JSON, nullable=False),
)

LIMIT_EPISODES = sa.Table(
    "limit_episodes",
    METADATA,
    sa.Column("trade_date", sa.Date, primary_key=True),
    sa.Column("stock", sa.String, primary_key=True),
    sa.Column("episode", sa.Integer, primary_key=True, comment="1 for the first seal of the day"),
    sa.Column("began_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime, comment="when the board opened; null while it stands"),
)

LIMIT_SIGNALS = sa.Table(
    "limit_signals",
    METADATA,
    sa.Column("signal_id", sa.String, primary_key=True),
    sa.Column("trade_date", sa.Date, nullable=False),
    sa.Column("stock", sa.String, nullable=False),
    sa.Column("etf", sa.String, nullable=False),
    sa.Column("episode", sa.Integer, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("fields", sa.JSON, nullable=False, comment="what was said, as it was said"),
    sa.Column("outcome", sa.JSON, comment="what then happened; null until it is known"),
    sa.UniqueConstraint("trade_date", "stock", "etf", "episode", name="signalled_once"),
    sa.CheckConstraint(
        "state IN ('new', 'notified', 'invalidated', 'expired', 'evaluated')", name="known_signal_state"
    ),
    sa.Index("limit_signals_day", "trade_date", "created_at"),
)

SCANS = sa.Table(
    "scans",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("asked_by", sa.String, nullable=False, comment="sensor, api, cli or monitor"),
    sa.Column("state", sa.String, nullable=False, comment="done, skipped or failed"),
    sa.Column("detail", sa.String, nullable=False),
    sa.Column("figures", sa.JSON, nullable=False, comment="quotes, limit-ups, signals, seconds of network and ours"),
    sa.Index("scans_latest", "at"),
)

MONITOR = sa.Table(
    "monitor",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("wanted", sa.String, nullable=False, comment="running or stopped"),
    sa.Column("changed_by", sa.String, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("lease_token", sa.String, comment="whoever scans now"),
    sa.Column("lease_until", UtcTime),
)

EVENT_BACKTESTS = sa.Table(
    "event_backtests",
    METADATA,
    sa.Column("backtest_id", sa.String, primary_key=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("status", sa.String, nullable=False, comment="queued, running, completed or failed"),
    sa.Column("progress", sa.Float, nullable=False, comment="0 to 1"),
    sa.Column("message", sa.String, nullable=False),
    sa.Column("result", sa.JSON),
)

EVENTS = sa.Table(
    "governance_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Column("key", sa.String, nullable=False, unique=True, comment="names the event for ever: recorded once"),
    sa.Column("kind", sa.String, nullable=False, comment="e.g. release.promoted, freeze.on, drift.moved, manual.done"),
    sa.Column("subject", sa.String, nullable=False, comment="experiment, release, week, strategy, ..."),
    sa.Column("as_of", sa.Date, comment="session that the event is about"),
    sa.Column("by", sa.String, nullable=False, comment="person, or system:<part>"),
    sa.Column("role", sa.String, nullable=False, comment="role in which a person signed; empty for the system"),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("seal", sa.String, nullable=False, comment="proof of a person's signature; empty for the system"),
    sa.Index("governance_events_subject", "kind", "subject", "id"),
    sqlite_autoincrement=True,
)

APPEND_ONLY = (EVENTS, FUSE_VERDICTS, TABLE_WRITES, ACCEPTED_RUNS, SOURCE_EVENTS, SCANS)

for _table in APPEND_ONLY:
    for _verb in ("UPDATE", "DELETE"):
        _ddl = sa.DDL(
            f"CREATE TRIGGER {_table.name}_no_{_verb.lower()} BEFORE {_verb} ON {_table.name} "
            f"BEGIN SELECT RAISE(ABORT, '{_table.name} is append-only'); END"
        )
        event.listen(_table, "after_create", _ddl.execute_if(dialect="sqlite"))
