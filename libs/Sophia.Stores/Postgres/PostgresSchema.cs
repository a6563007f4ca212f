using Sophia.Stores.Relational;

namespace Sophia.Stores.Postgres;

/// <summary>The tables in PostgreSQL. Keys sort by their bytes (collation C), as they do in SQLite.</summary>
internal static class PostgresSchema
{
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new(1, "log, contents and records",
            """
            CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);
            CREATE TABLE namespaces (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
                partition integer NOT NULL, settings text NOT NULL, created_at bigint NOT NULL, UNIQUE (tenant, name));
            -- Updated at every commit: room in the page keeps the updates in place.
            CREATE TABLE partitions (
                partition integer PRIMARY KEY, last_number bigint NOT NULL, last_recorded_at bigint NOT NULL, trimmed bigint NOT NULL)
                WITH (fillfactor = 10);
            INSERT INTO partitions SELECT n, 0, 0, 0 FROM generate_series(0, 63) AS n;
            CREATE TABLE log (
                lsn bigint PRIMARY KEY, ns_id bigint NOT NULL, record_id bytea NOT NULL, kind smallint NOT NULL, version integer NOT NULL,
                previous bigint NOT NULL, recorded_at bigint NOT NULL);
            CREATE TABLE contents (
                lsn bigint PRIMARY KEY, key text COLLATE "C" NOT NULL, kind smallint NOT NULL, content_type text, tags text, attributes text,
                provenance text, vector_model text, created_at bigint, expires_at bigint, valid_from bigint, valid_to bigint,
                vector bytea, content bytea);
            CREATE TABLE records (
                ns_id bigint NOT NULL, key text COLLATE "C" NOT NULL, record_id bytea NOT NULL, lsn bigint NOT NULL, version integer NOT NULL,
                deleted smallint NOT NULL, created_at bigint NOT NULL, expires_at bigint, content_hash bytea NOT NULL,
                PRIMARY KEY (ns_id, key));
            CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
            CREATE TABLE idempotency (
                tenant text COLLATE "C" NOT NULL, key_hash bytea NOT NULL, request_hash bytea NOT NULL, results bytea NOT NULL,
                expires_at bigint NOT NULL, PRIMARY KEY (tenant, key_hash));
            CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
            """),
        new(2, "each namespace knows how far its own log is trimmed",
            """
            ALTER TABLE namespaces ADD COLUMN trimmed bigint NOT NULL DEFAULT 0;
            UPDATE namespaces SET trimmed = (SELECT p.trimmed FROM partitions p WHERE p.partition = namespaces.partition);
            """),
        new(3, "vectors of a second model, while a namespace changes its model",
            """
            CREATE TABLE vectors (
                ns_id bigint NOT NULL, lsn bigint NOT NULL, model text COLLATE "C" NOT NULL, vector bytea NOT NULL, PRIMARY KEY (ns_id, lsn, model));
            CREATE TABLE model_changes (
                ns_id bigint PRIMARY KEY, revision integer NOT NULL, is_open smallint NOT NULL, state text NOT NULL, owner text NOT NULL,
                lease_until bigint NOT NULL);
            """),
        new(4, "the ledger of model calls, made and avoided",
            """
            CREATE TABLE model_ledger (
                tenant text COLLATE "C" NOT NULL, day integer NOT NULL, model text COLLATE "C" NOT NULL, operation text COLLATE "C" NOT NULL, outcome integer NOT NULL, calls bigint NOT NULL,
                input_tokens bigint NOT NULL, output_tokens bigint NOT NULL, nano_dollars bigint NOT NULL, nano_credits bigint NOT NULL, latency_us bigint NOT NULL,
                PRIMARY KEY (tenant, day, model, operation, outcome));
            """),
        new(5, "namespaces that were removed keep their row, so that their numbers go on",
            "ALTER TABLE namespaces ADD COLUMN removed smallint NOT NULL DEFAULT 0;"),
    ];
}
