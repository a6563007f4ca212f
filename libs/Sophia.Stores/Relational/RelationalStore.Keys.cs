using Sophia.Memory.Namespaces;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    public async Task<IReadOnlyList<string>> ListKeysAsync(
        NamespaceInfo ns, string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        await ReadAsync((ns, prefix, after, limit), static (session, q, ct) =>
        {
            var end = KeyRange.End(q.prefix);
            var command = session.Command(
                "SELECT key FROM records WHERE ns_id = @ns " +
                (q.prefix.Length > 0 ? "AND key >= @prefix " : "") + (end is not null ? "AND key < @end " : "") +
                (q.after is null ? "" : "AND key > @after ") + "ORDER BY key LIMIT @limit")
                .With("@ns", q.ns.Id).With("@limit", q.limit);
            _ = q.prefix.Length > 0 ? command.With("@prefix", q.prefix) : command;
            _ = end is not null ? command.With("@end", end) : command;
            _ = q.after is not null ? command.With("@after", q.after) : command;
            return ListAsync(command, static row => row.GetString(0), ct);
        }, cancellationToken).ConfigureAwait(false);

    public async Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(long afterId, int limit, CancellationToken cancellationToken) =>
        await ReadAsync((afterId, limit), static (session, q, ct) => ListAsync(
            session.Command(SelectNamespace + "WHERE id > @after ORDER BY id LIMIT @limit").With("@after", q.afterId).With("@limit", q.limit),
            Namespace, ct), cancellationToken).ConfigureAwait(false);
}
