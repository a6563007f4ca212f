using System.Data.Common;
using System.IO.Hashing;
using System.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    private const string SelectNamespace = "SELECT id, tenant, name, partition, settings, created_at FROM namespaces ";

    // Who knew a namespace from before its removal may write to it still: what was acknowledged must be found, so it is there again.
    private const string IsThere = "(removed = 0 OR EXISTS (SELECT 1 FROM records WHERE ns_id = namespaces.id))";

    public Task<NamespaceInfo?> FindNamespaceAsync(string tenant, string name, CancellationToken cancellationToken) =>
        ReadAsync((tenant, name), static (session, q, ct) => FindNamespaceAsync(session, q.tenant, q.name, ct), cancellationToken);

    public Task<NamespaceInfo?> FindNamespaceAsync(long id, CancellationToken cancellationToken) =>
        ReadAsync(id, static (session, ns, ct) => FirstAsync(
            session.Command($"{SelectNamespace}WHERE id = @id AND {IsThere}").With("@id", ns), Namespace, ct), cancellationToken);

    public async Task<NamespaceInfo> EnsureNamespaceAsync(
        string tenant, string name, NamespaceSettings settings, CancellationToken cancellationToken) =>
        await FindNamespaceAsync(tenant, name, cancellationToken).ConfigureAwait(false)
        ?? await WriteAsync((tenant, name, settings, now: Clock.GetUtcNow()), static async (session, q, ct) =>
        {
            // A race with another maker: the first row stands, and both read it. One that was removed is made anew.
            await session.Command(
                "INSERT INTO namespaces (tenant, name, partition, settings, created_at) VALUES (@tenant, @name, @partition, @settings, @now) " +
                "ON CONFLICT (tenant, name) DO UPDATE SET settings = excluded.settings, created_at = excluded.created_at, removed = 0 " +
                "WHERE namespaces.removed = 1 AND NOT EXISTS (SELECT 1 FROM records WHERE ns_id = namespaces.id)")
                .With("@tenant", q.tenant).With("@name", q.name).With("@partition", PartitionOf(q.tenant, q.name))
                .With("@settings", StoredJson.Settings(q.settings)).With("@now", UnixTime.ToMs(q.now))
                .ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            return (await FindNamespaceAsync(session, q.tenant, q.name, ct).ConfigureAwait(false))!;
        }, cancellationToken).ConfigureAwait(false);

    public Task<NamespaceInfo> UpdateNamespaceAsync(
        NamespaceInfo current, Func<NamespaceSettings, NamespaceSettings> change, CancellationToken cancellationToken) =>
        WriteAsync((current, change), static async (session, q, ct) =>
        {
            // The row is taken first: a change of the model writes the same column, and so do other processes.
            await session.Command("UPDATE namespaces SET settings = settings WHERE id = @id").With("@id", q.current.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            var stored = await FirstAsync(session.Command(SelectNamespace + "WHERE id = @id").With("@id", q.current.Id), Namespace, ct).ConfigureAwait(false)
                ?? throw new ArgumentException($"There is no namespace with id {q.current.Id}.");
            var wanted = q.change(stored.Settings);
            var updated = stored with
            {
                Settings = stored.Settings with { Language = wanted.Language, Resident = wanted.Resident, LogRetention = wanted.LogRetention },
            };
            await session.Command("UPDATE namespaces SET settings = @settings, removed = 0 WHERE id = @id")
                .With("@settings", StoredJson.Settings(updated.Settings)).With("@id", updated.Id)
                .ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            return updated;
        }, cancellationToken);

    public Task<bool> RemoveNamespaceAsync(NamespaceInfo ns, Func<NamespaceSettings, NamespaceSettings> late, CancellationToken cancellationToken) =>
        WriteAsync((ns, late, now: Clock.GetUtcNow()), static async (session, q, ct) =>
        {
            // Commits are held off by the first, a change of the model by the second: what is looked at then is current.
            await LockAsync(session, q.ns, ct).ConfigureAwait(false);
            await session.Command("UPDATE namespaces SET settings = settings WHERE id = @id").With("@id", q.ns.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            var stored = await FirstAsync(session.Command(SelectNamespace + "WHERE id = @id").With("@id", q.ns.Id), Namespace, ct).ConfigureAwait(false)
                ?? throw new ArgumentException($"There is no namespace with id {q.ns.Id}.");
            var removed = await session.Command(
                "UPDATE namespaces SET removed = 1, settings = @settings, created_at = @now WHERE id = @id AND created_at = @created " +
                "AND NOT EXISTS (SELECT 1 FROM records WHERE ns_id = @id) AND NOT EXISTS (SELECT 1 FROM model_changes WHERE ns_id = @id AND is_open = 1)")
                .With("@settings", StoredJson.Settings(q.late(stored.Settings))).With("@now", UnixTime.ToMs(q.now)).With("@id", q.ns.Id).With("@created", UnixTime.ToMs(q.ns.CreatedAt))
                .ExecuteNonQueryAsync(ct).ConfigureAwait(false) == 1;
            if (removed)
            {
                await session.Command("DELETE FROM model_changes WHERE ns_id = @id").With("@id", q.ns.Id).ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }

            return removed;
        }, cancellationToken);

    public async Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(
        string tenant, string? after, int limit, CancellationToken cancellationToken) =>
        await ReadAsync((tenant, after, limit), static (session, q, ct) => ListAsync(
            session.Command($"{SelectNamespace}WHERE tenant = @tenant AND name > @after AND substr(name, 1, 1) <> '$' AND {IsThere} ORDER BY name LIMIT @limit")
                .With("@tenant", q.tenant).With("@after", q.after ?? "").With("@limit", q.limit), Namespace, ct), cancellationToken).ConfigureAwait(false);

    public Task<long> CountAsync(long namespaceId, DateTimeOffset now, CancellationToken cancellationToken) =>
        ReadAsync((namespaceId, now), static async (session, q, ct) => (long)(await session.Command(
            "SELECT count(*) FROM records WHERE ns_id = @ns AND deleted = 0 AND (expires_at IS NULL OR expires_at > @now)")
            .With("@ns", q.namespaceId).With("@now", UnixTime.ToMs(q.now))
            .ExecuteScalarAsync(ct).ConfigureAwait(false))!, cancellationToken);

    private static Task<NamespaceInfo?> FindNamespaceAsync(Session session, string tenant, string name, CancellationToken cancellationToken) =>
        FirstAsync(
            session.Command($"{SelectNamespace}WHERE tenant = @tenant AND name = @name AND {IsThere}").With("@tenant", tenant).With("@name", name),
            Namespace, cancellationToken);

    private static NamespaceInfo Namespace(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3), StoredJson.Settings(row.GetString(4)), UnixTime.FromMs(row.GetInt64(5)));

    private static int PartitionOf(string tenant, string name) =>
        (int)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{tenant}\0{name}")) % Sequence.Partitions);
}
