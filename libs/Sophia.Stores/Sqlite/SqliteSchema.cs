using Sophia.Stores.Relational;

namespace Sophia.Stores.Sqlite;

/// <summary>The tables in SQLite. Numbers of the log are rowids, so log and contents grow at their right end.</summary>
internal static class SqliteSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "log, contents and records",
            """
            CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE namespaces (
                id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, name TEXT NOT NULL, partition INTEGER NOT NULL,
                settings TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (tenant, name));
            CREATE TABLE partitions (
                partition INTEGER PRIMARY KEY, last_number INTEGER NOT NULL, last_recorded_at INTEGER NOT NULL, trimmed INTEGER NOT NULL);
            WITH RECURSIVE p (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM p WHERE n < 63)
                INSERT INTO partitions SELECT n, 0, 0, 0 FROM p;
            CREATE TABLE log (
                lsn INTEGER PRIMARY KEY, ns_id INTEGER NOT NULL, record_id BLOB NOT NULL, kind INTEGER NOT NULL, version INTEGER NOT NULL,
                previous INTEGER NOT NULL, recorded_at INTEGER NOT NULL);
            CREATE TABLE contents (
                lsn INTEGER PRIMARY KEY, key TEXT NOT NULL, kind INTEGER NOT NULL, content_type TEXT, tags TEXT, attributes TEXT,
                provenance TEXT, vector_model TEXT, created_at INTEGER, expires_at INTEGER, valid_from INTEGER, valid_to INTEGER,
                vector BLOB, content BLOB);
            CREATE TABLE records (
                ns_id INTEGER NOT NULL, key TEXT NOT NULL, record_id BLOB NOT NULL, lsn INTEGER NOT NULL, version INTEGER NOT NULL,
                deleted INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, content_hash BLOB NOT NULL,
                PRIMARY KEY (ns_id, key)) WITHOUT ROWID;
            CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
            CREATE TABLE idempotency (
                tenant TEXT NOT NULL, key_hash BLOB NOT NULL, request_hash BLOB NOT NULL, results BLOB NOT NULL, expires_at INTEGER NOT NULL,
                PRIMARY KEY (tenant, key_hash)) WITHOUT ROWID;
            CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
            """),
        new(2, "each namespace knows how far its own log is trimmed",
            """
            ALTER TABLE namespaces ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0;
            UPDATE namespaces SET trimmed = (SELECT p.trimmed FROM partitions p WHERE p.partition = namespaces.partition);
            """),
        new(3, "vectors of a second model, while a namespace changes its model",
            """
            CREATE TABLE vectors (
                ns_id INTEGER NOT NULL, lsn INTEGER NOT NULL, model TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (ns_id, lsn, model));
            CREATE TABLE model_changes (
                ns_id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, is_open INTEGER NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL,
                lease_until INTEGER NOT NULL);
            """),
        new(4, "the ledger of model calls, made and avoided",
            """
            CREATE TABLE model_ledger (
                tenant TEXT NOT NULL, day INTEGER NOT NULL, model TEXT NOT NULL, operation TEXT NOT NULL, outcome INTEGER NOT NULL, calls INTEGER NOT NULL,
                input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, nano_dollars INTEGER NOT NULL, nano_credits INTEGER NOT NULL, latency_us INTEGER NOT NULL,
                PRIMARY KEY (tenant, day, model, operation, outcome));
            """),
        new(5, "namespaces that were removed keep their row, so that their numbers go on",
            "ALTER TABLE namespaces ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;"),
    ];
}
