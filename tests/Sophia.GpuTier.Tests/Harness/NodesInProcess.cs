using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sophia.Faults.Tests.Harness;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
using Sophia.Stores.Postgres;
using Sophia.Stores.Sqlite;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>What nodes in the test's own process share: a membership in PostgreSQL, and a store in a folder with a namespace without vectors.</summary>
internal sealed class NodesInProcess : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly IRecordStore _store;

    private NodesInProcess(string postgres) => (Postgres, _store) = (postgres, SqliteRecordStore.Create(_folder.Path, TimeProvider.System, NullLogger.Instance, null));

    public string Postgres { get; }

    public NamespaceInfo Notes { get; private set; } = null!;

    public static async Task<NodesInProcess> PrepareAsync(Database database)
    {
        var nodes = new NodesInProcess(database.New());
        await using var source = NpgsqlDataSource.Create(nodes.Postgres);
        await ClusterMembership.PrepareAsync(source, default);
        await nodes._store.OpenAsync(default);
        nodes.Notes = await nodes._store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        return nodes;
    }

    public Task<NodeInProcess> StartAsync() => NodeInProcess.StartAsync(Postgres, _store);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }
}
