using Npgsql;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Harness;

internal static class Database
{
    /// <summary>Starts a PostgreSQL with an empty database sophia that a user owns.</summary>
    public static async Task<PostgresServer> StartAsync(string user)
    {
        var server = PostgresServer.StartNew();
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in new[] { $"DO $$ BEGIN CREATE ROLE {user} SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$", $"CREATE DATABASE sophia OWNER {user}" })
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }

        return server;
    }
}
