using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Stores.Relational;

namespace Sophia.Stores.Sqlite;

/// <summary>The statements of a commit on the one writing connection: what it looks up and what it writes.</summary>
internal sealed class SqliteCommitWriter : IDisposable
{
    private readonly SqliteStatement _partition;
    private readonly SqliteStatement _mark;
    private readonly SqliteStatement _head;
    private readonly SqliteStatement _greatestAppend;
    private readonly SqliteStatement _insertLog;
    private readonly SqliteStatement _insertContent;
    private readonly SqliteStatement _eraseChain;
    private readonly SqliteStatement _eraseVectors;
    private readonly SqliteStatement _insertRecord;
    private readonly SqliteStatement _updateRecord;
    private readonly SqliteStatement _deleteRecord;
    private readonly SqliteStatement _updatePartition;
    private readonly SqliteStatement _insertMark;
    private byte[] _vector = [];

    public SqliteCommitWriter(SqliteConnection connection)
    {
        var db = connection.Handle ?? throw new ArgumentException("The connection is not open.", nameof(connection));
        _partition = new(db, "SELECT last_number, last_recorded_at FROM partitions WHERE partition = ?1");
        _mark = new(db, "SELECT request_hash, results FROM idempotency WHERE tenant = ?1 AND key_hash = ?2 AND expires_at > ?3");
        _head = new(db, "SELECT record_id, lsn, version, deleted, created_at, expires_at, content_hash FROM records WHERE ns_id = ?1 AND key = ?2");
        _greatestAppend = new(db,
            "SELECT substr(key, -10) FROM records WHERE ns_id = ?1 AND key >= ?2 || '0000000000' AND key <= ?2 || '9999999999' " +
            "AND length(key) = length(?2) + 10 AND substr(key, -10) NOT GLOB '*[^0-9]*' ORDER BY key DESC LIMIT 1");
        _insertLog = new(db, "INSERT INTO log (lsn, ns_id, record_id, kind, version, previous, recorded_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        _insertContent = new(db,
            "INSERT INTO contents (lsn, key, kind, content_type, tags, attributes, provenance, vector_model, created_at, expires_at, valid_from, valid_to, vector, content) " +
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
        _eraseChain = new(db,
            "WITH RECURSIVE chain (lsn) AS (SELECT ?1 UNION ALL SELECT p.previous FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0) " +
            "DELETE FROM contents WHERE lsn IN (SELECT lsn FROM chain) RETURNING kind");
        // Vectors of a second model, which are there while a namespace changes its model.
        _eraseVectors = new(db,
            "WITH RECURSIVE chain (lsn) AS (SELECT ?1 UNION ALL SELECT p.previous FROM chain JOIN log p ON p.lsn = chain.lsn WHERE p.previous <> 0) " +
            "DELETE FROM vectors WHERE ns_id = (SELECT ns_id FROM log WHERE lsn = ?1) AND lsn IN (SELECT lsn FROM chain)");
        _insertRecord = new(db,
            "INSERT INTO records (ns_id, key, record_id, lsn, version, deleted, created_at, expires_at, content_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
        _updateRecord = new(db,
            "UPDATE records SET record_id = ?3, lsn = ?4, version = ?5, deleted = ?6, created_at = ?7, expires_at = ?8, content_hash = ?9 WHERE ns_id = ?1 AND key = ?2");
        _deleteRecord = new(db, "DELETE FROM records WHERE ns_id = ?1 AND key = ?2");
        _updatePartition = new(db, "UPDATE partitions SET last_number = ?2, last_recorded_at = ?3 WHERE partition = ?1");
        _insertMark = new(db, "INSERT OR REPLACE INTO idempotency (tenant, key_hash, request_hash, results, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)");
    }

    public CommitState Load(CommitScope scope, long nowMs)
    {
        var state = new CommitState();
        foreach (var partition in scope.Partitions)
        {
            _partition.Bind(1, partition);
            if (!_partition.Step())
            {
                throw new InvalidDataException($"The store has no partition {partition}.");
            }

            state.LastNumbers[partition] = _partition.Int64(0);
            state.LastRecordedAtMs[partition] = _partition.Int64(1);
            _partition.Reset();
        }

        foreach (var mark in scope.Marks)
        {
            _mark.Bind(1, mark.Tenant);
            _mark.Bind(2, mark.KeyHash);
            _mark.Bind(3, nowMs);
            if (_mark.Step())
            {
                state.Marks.Add(MarkKey.Of(mark), new StoredMark(_mark.Blob(0).ToArray(), _mark.Blob(1).ToArray()));
                _mark.Reset();
            }
        }

        state.Heads.EnsureCapacity(scope.Keys.Count);
        foreach (var key in scope.Keys)
        {
            _head.Bind(1, key.NamespaceId);
            _head.Bind(2, key.Key);
            if (_head.Step())
            {
                state.Heads.Add(key, new RecordHead
                {
                    NamespaceId = key.NamespaceId,
                    Key = key.Key,
                    IsStored = true,
                    Exists = true,
                    Id = RecordId.FromBytes(_head.Blob(0)),
                    Sequence = new Sequence(_head.Int64(1)),
                    Version = (int)_head.Int64(2),
                    Deleted = _head.Int64(3) != 0,
                    CreatedAtMs = _head.Int64(4),
                    ExpiresAtMs = _head.IsNull(5) ? null : _head.Int64(5),
                    ContentHash = BinaryPrimitives.ReadUInt128BigEndian(_head.Blob(6)),
                });
                _head.Reset();
            }
        }

        foreach (var prefix in scope.AppendPrefixes)
        {
            _greatestAppend.Bind(1, prefix.NamespaceId);
            _greatestAppend.Bind(2, prefix.Key);
            if (_greatestAppend.Step())
            {
                state.AppendNumbers.Add(prefix, long.Parse(_greatestAppend.Text(0), CultureInfo.InvariantCulture));
                _greatestAppend.Reset();
            }
        }

        return state;
    }

    public void Write(CommitPlan plan, CommitScope scope)
    {
        Span<byte> id = stackalloc byte[RecordId.Size];
        foreach (var entry in plan.Entries)
        {
            BinaryPrimitives.WriteUInt128BigEndian(id, entry.Id.Value);
            _insertLog.Bind(1, entry.Sequence.Value);
            _insertLog.Bind(2, entry.NamespaceId);
            _insertLog.Bind(3, id);
            _insertLog.Bind(4, (long)entry.Kind);
            _insertLog.Bind(5, entry.Version);
            _insertLog.Bind(6, entry.Previous.Value);
            _insertLog.Bind(7, UnixTime.ToMs(entry.RecordedAt));
            _insertLog.Execute();
            if (entry.Key is { } key)
            {
                InsertContent(entry.Sequence, key, entry.Record);
            }
        }

        foreach (var erasure in plan.Erasures)
        {
            _eraseChain.Bind(1, erasure.Head.Value);
            var versions = 0;
            while (_eraseChain.Step())
            {
                versions += _eraseChain.Int64(0) == LogRows.KeyOnly ? 0 : 1;
            }

            _eraseVectors.Bind(1, erasure.Head.Value);
            _eraseVectors.Execute();
            plan.CountErased(erasure.Group, versions);
        }

        foreach (var head in plan.Touched)
        {
            Write(head);
        }

        foreach (var partition in scope.Partitions)
        {
            _updatePartition.Bind(1, partition);
            _updatePartition.Bind(2, plan.LastNumber(partition));
            _updatePartition.Bind(3, plan.LastRecordedAtMs(partition));
            _updatePartition.Execute();
        }

        foreach (var (mark, results) in plan.Marks)
        {
            _insertMark.Bind(1, mark.Tenant);
            _insertMark.Bind(2, mark.KeyHash);
            _insertMark.Bind(3, mark.RequestHash);
            _insertMark.Bind(4, results);
            _insertMark.Bind(5, UnixTime.ToMs(mark.ExpiresAt));
            _insertMark.Execute();
        }
    }

    public void Dispose()
    {
        foreach (var statement in new[]
        {
            _partition, _mark, _head, _greatestAppend, _insertLog, _insertContent, _eraseChain, _eraseVectors,
            _insertRecord, _updateRecord, _deleteRecord, _updatePartition, _insertMark,
        })
        {
            statement.Dispose();
        }
    }

    private void InsertContent(Sequence sequence, string key, MemoryRecord? record)
    {
        var insert = _insertContent;
        insert.Bind(1, sequence.Value);
        insert.Bind(2, key);
        if (record is null)
        {
            insert.Bind(3, LogRows.KeyOnly);
            for (var column = 4; column <= 14; column++)
            {
                insert.BindNull(column);
            }
        }
        else
        {
            insert.Bind(3, (long)record.Kind);
            insert.Bind(4, record.ContentType);
            insert.Bind(5, StoredJson.Tags(record.Tags));
            if (record.Attributes.IsEmpty)
            {
                insert.BindNull(6);
            }
            else
            {
                insert.BindText(6, record.Attributes.Span);
            }

            insert.Bind(7, StoredJson.Provenance(record.Provenance));
            insert.Bind(8, record.VectorModel);
            insert.Bind(9, UnixTime.ToMs(record.CreatedAt));
            insert.Bind(10, UnixTime.ToMs(record.ExpiresAt));
            insert.Bind(11, UnixTime.ToMs(record.ValidFrom));
            insert.Bind(12, UnixTime.ToMs(record.ValidTo));
            if (record.Vector is { } vector)
            {
                if (_vector.Length < VectorCodec.MostBytes(vector.Length))
                {
                    _vector = new byte[VectorCodec.MostBytes(vector.Length)];
                }

                // SQLite keeps a copy until the statement has run.
                insert.Bind(13, _vector.AsSpan(0, VectorCodec.Encode(vector, _vector)));
            }
            else
            {
                insert.BindNull(13);
            }

            insert.Bind(14, record.Content.Span);
        }

        insert.Execute();
    }

    private void Write(RecordHead head)
    {
        if (!head.Exists)
        {
            if (head.IsStored)
            {
                _deleteRecord.Bind(1, head.NamespaceId);
                _deleteRecord.Bind(2, head.Key);
                _deleteRecord.Execute();
            }

            return;
        }

        Span<byte> bytes = stackalloc byte[RecordId.Size];
        var statement = head.IsStored ? _updateRecord : _insertRecord;
        statement.Bind(1, head.NamespaceId);
        statement.Bind(2, head.Key);
        BinaryPrimitives.WriteUInt128BigEndian(bytes, head.Id.Value);
        statement.Bind(3, bytes);
        statement.Bind(4, head.Sequence.Value);
        statement.Bind(5, head.Version);
        statement.Bind(6, head.Deleted ? 1 : 0);
        statement.Bind(7, head.CreatedAtMs);
        statement.Bind(8, head.ExpiresAtMs);
        BinaryPrimitives.WriteUInt128BigEndian(bytes, head.ContentHash);
        statement.Bind(9, bytes);
        statement.Execute();
    }
}
