using Npgsql;
using Sophia.Tests.Infrastructure;

namespace Sophia.Faults.Tests.Harness;

/// <summary>One PostgreSQL for all tests, started by the first that needs it; each test has a database of its own.</summary>
public sealed class Engines : IDisposable
{
    private PostgresServer? _postgres;
    private int _databases;

    public PostgresServer Postgres => _postgres ??= PostgresServer.StartNew();

    /// <summary>Makes an empty database. Skips the test where PostgreSQL is missing.</summary>
    public string NewDatabase()
    {
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        var name = $"faults{++_databases}";
        using var connection = new NpgsqlConnection(Postgres.ConnectionString() + ";Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name}";
        command.ExecuteNonQuery();
        return Postgres.ConnectionString(name);
    }

    /// <summary>Starts a Redis of the test's own. Skips the test where it is missing.</summary>
    public static RedisServer NewRedis()
    {
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        return RedisServer.StartNew();
    }

    public void Dispose() => _postgres?.Dispose();
}

/// <summary>All fault tests, one after another: each has processes of its own and the machine's cores to itself.</summary>
[CollectionDefinition(Name)]
public sealed class FaultTests : ICollectionFixture<Engines>
{
    public const string Name = "Faults";
}
