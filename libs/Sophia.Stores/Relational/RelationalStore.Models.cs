using System.Data.Common;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    private const int SettlePage = 4_096;

    // Both places in one statement: a vector that moves from one to the other meanwhile is seen in one of them.
    public async Task<IReadOnlyDictionary<Sequence, float[]?>> ReadVectorsAsync(
        NamespaceInfo ns, string model, IReadOnlyCollection<Sequence> versions, CancellationToken cancellationToken)
    {
        if (versions.Count == 0)
        {
            return new Dictionary<Sequence, float[]?>();
        }

        var rows = await ReadAsync((store: this, ns, model, versions), static (session, q, ct) =>
        {
            var set = q.store.ValuesOf("@lsns");
            return ListAsync(
                session.Command(
                    $"SELECT lsn, vector FROM vectors WHERE ns_id = @ns AND model = @model AND lsn IN ({set}) " +
                    $"UNION ALL SELECT lsn, vector FROM contents WHERE vector_model = @model AND lsn IN ({set})")
                    .With("@ns", q.ns.Id).With("@model", q.model).With("@lsns", q.store.Set([.. q.versions.Select(static v => v.Value)])),
                static (DbDataReader row) => (Lsn: row.GetInt64(0), Vector: row.BytesOrNull(1)), ct);
        }, cancellationToken).ConfigureAwait(false);
        var vectors = new Dictionary<Sequence, float[]?>(rows.Count);
        foreach (var (lsn, vector) in rows)
        {
            vectors[new Sequence(lsn)] = vector is { Length: > 0 } ? VectorCodec.Decode(vector) : null;
        }

        return vectors;
    }

    public Task PutVectorsAsync(NamespaceInfo ns, string model, IReadOnlyList<VersionVector> vectors, CancellationToken cancellationToken) =>
        WriteAsync((ns, model, vectors), static async (session, q, ct) =>
        {
            // Under the partition's lock, as commits are: an erasure is either seen here, or sees what is written here.
            await LockAsync(session, q.ns, ct).ConfigureAwait(false);
            if (q.vectors.Count == 0)
            {
                return 0;
            }

            // One statement, since other namespaces of the partition wait meanwhile.
            var command = session.Command(
                $"WITH made (lsn, vector) AS (VALUES {string.Join(", ", Enumerable.Range(0, q.vectors.Count).Select(static i => $"(@lsn{i}, @vector{i})"))}) " +
                "INSERT INTO vectors (ns_id, lsn, model, vector) SELECT @ns, c.lsn, @model, made.vector FROM made JOIN contents c ON c.lsn = made.lsn WHERE c.kind <> 0 " +
                "ON CONFLICT (ns_id, lsn, model) DO NOTHING")
                .With("@ns", q.ns.Id).With("@model", q.model);
            for (var i = 0; i < q.vectors.Count; i++)
            {
                var (version, vector) = q.vectors[i];
                command.With($"@lsn{i}", version.Value).With($"@vector{i}", vector is null ? Array.Empty<byte>() : VectorCodec.Encode(vector));
            }

            await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            return 0;
        }, cancellationToken);

    public async Task<Sequence> SettleVectorsAsync(NamespaceInfo ns, string model, Sequence after, int limit, CancellationToken cancellationToken)
    {
        var first = after.IsNone ? FirstOf(ns.Partition) : after.Value;
        var page = await ReadAsync((ns, model, first, limit), static (session, q, ct) => FindInPagesAsync(
            session, q.ns, q.first + 1, EndOf(q.ns.Partition), SettlePage, q.limit, current => current.Command(
                "SELECT l.lsn FROM log l JOIN contents c ON c.lsn = l.lsn AND c.lsn >= @from AND c.lsn < @end WHERE l.lsn >= @from AND l.lsn < @end AND l.ns_id = @ns " +
                "AND c.kind <> 0 AND (c.vector_model IS NULL OR c.vector_model <> @model) ORDER BY l.lsn LIMIT @limit").With("@model", q.model), ct), cancellationToken).ConfigureAwait(false);
        var left = await WriteAsync((store: this, ns, model, page, limit), static async (session, q, ct) =>
        {
            await LockAsync(session, q.ns, ct).ConfigureAwait(false);
            if (q.page.Count == 0)
            {
                // What is left stands beside contents that have the model's own vector already.
                return await session.Command(
                    "DELETE FROM vectors WHERE ns_id = @ns AND lsn IN (SELECT lsn FROM vectors WHERE ns_id = @ns LIMIT @limit)")
                    .With("@ns", q.ns.Id).With("@limit", q.limit).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }

            var set = q.store.ValuesOf("@lsns");
            var values = q.store.Set(q.page);
            await session.Command(
                "UPDATE contents SET vector = CASE WHEN length(v.vector) = 0 THEN NULL ELSE v.vector END, vector_model = @model FROM vectors v " +
                $"WHERE v.ns_id = @ns AND v.model = @model AND v.lsn = contents.lsn AND contents.lsn IN ({set})")
                .With("@ns", q.ns.Id).With("@model", q.model).With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            // Without its vector the version keeps the other model's name: whoever loads it sees that its own is still to be made.
            await session.Command($"UPDATE contents SET vector = NULL WHERE vector_model <> @model AND lsn IN ({set})")
                .With("@model", q.model).With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            await session.Command($"DELETE FROM vectors WHERE ns_id = @ns AND lsn IN ({set})")
                .With("@ns", q.ns.Id).With("@lsns", values).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            return 1;
        }, cancellationToken).ConfigureAwait(false);
        return page.Count > 0 ? new Sequence(page[^1]) : left > 0 ? new Sequence(EndOf(ns.Partition) - 1) : Sequence.None;
    }

    public Task<ModelChange?> FindModelChangeAsync(long namespaceId, CancellationToken cancellationToken) =>
        ReadAsync(namespaceId, static (session, ns, ct) => FirstAsync(
            session.Command("SELECT state FROM model_changes WHERE ns_id = @ns").With("@ns", ns), Change, ct), cancellationToken);

    public async Task<IReadOnlyList<ModelChange>> ListModelChangesAsync(CancellationToken cancellationToken) =>
        await ReadAsync(0, static (session, _, ct) => ListAsync(
            session.Command("SELECT state FROM model_changes WHERE is_open = 1 ORDER BY ns_id"), Change, ct), cancellationToken).ConfigureAwait(false);

    public Task<NamespaceInfo?> SaveModelChangeAsync(ModelChange next, CancellationToken cancellationToken) =>
        WriteAsync(next, static async (session, change, ct) =>
        {
            await session.Command("UPDATE namespaces SET settings = settings WHERE id = @id").With("@id", change.NamespaceId).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            var ns = await FirstAsync(session.Command($"{SelectNamespace}WHERE id = @id AND {IsThere}").With("@id", change.NamespaceId), Namespace, ct).ConfigureAwait(false);
            if (ns is null)
            {
                return null;
            }

            var written = await (change.Revision == 1
                ? session.Command(
                    "INSERT INTO model_changes (ns_id, revision, is_open, state, owner, lease_until) VALUES (@ns, @revision, @open, @state, '', 0) " +
                    "ON CONFLICT (ns_id) DO NOTHING")
                : session.Command("UPDATE model_changes SET revision = @revision, is_open = @open, state = @state WHERE ns_id = @ns AND revision = @revision - 1"))
                .With("@ns", change.NamespaceId).With("@revision", change.Revision).With("@open", change.IsOpen ? 1 : 0)
                .With("@state", StoredJson.Change(change)).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            if (written == 0)
            {
                return null;
            }

            // A removed one that is there again by a write: with a change of its model it stays, whatever becomes of its records.
            await session.Command("UPDATE namespaces SET removed = 0 WHERE id = @id AND removed = 1").With("@id", ns.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);

            if (ns.Settings.VectorModel != change.Current)
            {
                ns = ns with { Settings = ns.Settings with { VectorModel = change.Current, Dimensions = change.CurrentDimensions } };
                await session.Command("UPDATE namespaces SET settings = @settings WHERE id = @id")
                    .With("@settings", StoredJson.Settings(ns.Settings)).With("@id", ns.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }

            return ns;
        }, cancellationToken);

    public async Task<bool> LeaseModelChangeAsync(
        long namespaceId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken) =>
        await WriteAsync((namespaceId, owner, now, until), static (session, q, ct) => session.Command(
            "UPDATE model_changes SET owner = @owner, lease_until = @until WHERE ns_id = @ns AND (owner = @owner OR lease_until < @now)")
            .With("@owner", q.owner).With("@until", UnixTime.ToMs(q.until)).With("@ns", q.namespaceId).With("@now", UnixTime.ToMs(q.now))
            .ExecuteNonQueryAsync(ct), cancellationToken).ConfigureAwait(false) == 1;

    private static Task<int> LockAsync(Session session, NamespaceInfo ns, CancellationToken cancellationToken) => session
        .Command("UPDATE partitions SET trimmed = trimmed WHERE partition = @partition").With("@partition", ns.Partition)
        .ExecuteNonQueryAsync(cancellationToken);

    private static ModelChange Change(DbDataReader row) => StoredJson.Change(row.GetString(0));
}
