using System.Data.Common;
using System.Globalization;
using Sophia.Snowflake.Connecting;

namespace Sophia.Snowflake.Migrations;

/// <summary>A migration as the database knows it.</summary>
public sealed record AppliedMigration(int Number, string Name, string Checksum, DateTime AppliedAt);

/// <summary>Where a database stands.</summary>
/// <param name="Drift">What differs from what this program would have made, in sentences; empty when nothing does.</param>
public sealed record SchemaStatus(IReadOnlyList<AppliedMigration> Applied, IReadOnlyList<Migration> Pending, IReadOnlyList<string> Drift);

/// <summary>The database is not what its migrations made; the message says where, and what to do.</summary>
public sealed class SchemaDriftException(string message) : Exception(message);

/// <summary>
/// Applies migrations in order and writes down which, with a checksum. Statements are made to be repeated, so a run that was cut off,
/// or two runs at once, do no harm. What was changed behind its back is an error, and nothing is applied.
/// </summary>
public sealed class Migrator(DbDataSource source, IReadOnlyList<Migration>? migrations = null)
{
    private const string Record = $"{Migration.Schema}.SCHEMA_MIGRATIONS";
    private readonly IReadOnlyList<Migration> _all = migrations ?? Migration.All;

    /// <exception cref="DbException">The database cannot be asked.</exception>
    public async Task<SchemaStatus> StatusAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        return await StatusAsync(connection, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Applies what is missing.</summary>
    /// <param name="applied">Told of each migration once it is done and written down.</param>
    /// <exception cref="SchemaDriftException"/>
    /// <exception cref="DbException">A statement failed; what was applied before it stays, and the next run goes on with it.</exception>
    public async Task<IReadOnlyList<Migration>> ApplyAsync(Action<Migration>? applied, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        var status = await StatusAsync(connection, cancellationToken).ConfigureAwait(false);
        if (status.Drift is [var first, ..])
        {
            throw new SchemaDriftException($"Nothing was applied: {first} {(status.Drift.Count > 1 ? $"({status.Drift.Count - 1} more: sophia snowflake status.) " : "")}Put it back as it was, or drop the schema and apply everything anew.");
        }

        if (status.Applied.Count == 0)
        {
            await RunAsync(connection, $"CREATE SCHEMA IF NOT EXISTS {Migration.Schema}", cancellationToken).ConfigureAwait(false);
            await RunAsync(
                connection,
                $"CREATE TABLE IF NOT EXISTS {Record} (number INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, checksum VARCHAR(64) NOT NULL, applied_at TIMESTAMP_NTZ NOT NULL)",
                cancellationToken).ConfigureAwait(false);
        }

        foreach (var migration in status.Pending)
        {
            foreach (var statement in migration.Statements)
            {
                await RunAsync(connection, statement, cancellationToken).ConfigureAwait(false);
            }

            await RunAsync(
                connection,
                $"""
                MERGE INTO {Record} AS t USING (SELECT {migration.Number.ToString(CultureInfo.InvariantCulture)} AS number, '{migration.Name}' AS name, '{migration.Checksum}' AS checksum) AS s
                ON t.number = s.number
                WHEN NOT MATCHED THEN INSERT (number, name, checksum, applied_at) VALUES (s.number, s.name, s.checksum, SYSDATE())
                """,
                cancellationToken).ConfigureAwait(false);
            applied?.Invoke(migration);
        }

        return status.Pending;
    }

    internal async Task<SchemaStatus> StatusAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var applied = await AppliedAsync(connection, cancellationToken).ConfigureAwait(false);
        var drift = new List<string>();
        foreach (var there in applied)
        {
            var known = there.Number >= 1 && there.Number <= _all.Count ? _all[there.Number - 1] : null;
            if (known is null)
            {
                drift.Add($"Migration {there.Number} ({there.Name}) is of a newer Sophia than this one.");
            }
            else if (known.Checksum != there.Checksum)
            {
                drift.Add($"Migration {there.Number} ({there.Name}) was applied with other statements than this Sophia has.");
            }
        }

        for (var i = 0; i < applied.Count; i++)
        {
            if (applied[i].Number != i + 1)
            {
                drift.Add($"Migration {i + 1} is not written down, though later ones are.");
                break;
            }
        }

        if (drift.Count == 0 && applied.Count > 0)
        {
            drift.AddRange(await MissingAsync(connection, [.. _all.Take(applied.Count)], cancellationToken).ConfigureAwait(false));
        }

        return new SchemaStatus(applied, [.. _all.Skip(applied.Count)], drift);
    }

    private static async Task<IReadOnlyList<AppliedMigration>> AppliedAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        if ((await ColumnsAsync(connection, "SCHEMA_MIGRATIONS", cancellationToken).ConfigureAwait(false)).Count == 0)
        {
            return [];
        }

        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT number, name, checksum, applied_at FROM {Record} ORDER BY number";
        using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        List<AppliedMigration> applied = [];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            applied.Add(new(Convert.ToInt32(reader.GetValue(0), CultureInfo.InvariantCulture), reader.GetString(1), reader.GetString(2), reader.GetDateTime(3)));
        }

        return applied;
    }

    // What the migrations make is known by making it: in an engine of its own, in memory.
    private static async Task<IEnumerable<string>> MissingAsync(DbConnection connection, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        await using var wanted = new LocalSnowflakeDataSource();
        await using var model = await wanted.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await new Migrator(wanted, migrations).ApplyAsync(null, cancellationToken).ConfigureAwait(false);
        var expected = await ColumnsAsync(model, null, cancellationToken).ConfigureAwait(false);
        var there = await ColumnsAsync(connection, null, cancellationToken).ConfigureAwait(false);
        return expected.GroupBy(static column => column.Table).OrderBy(static table => table.Key, StringComparer.Ordinal)
            .Select(table => there.Any(column => column.Table == table.Key)
                ? table.Except(there).Select(static column => column.Column).Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } columns
                    ? $"{Migration.Schema}.{table.Key} lacks {string.Join(", ", columns)}." : null
                : $"{Migration.Schema}.{table.Key} is not there.")
            .OfType<string>();
    }

    private static async Task<HashSet<(string Table, string Column)>> ColumnsAsync(DbConnection connection, string? table, CancellationToken cancellationToken)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = '{Migration.Schema}'" + (table is null ? "" : $" AND TABLE_NAME = '{table}'");
        using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        HashSet<(string Table, string Column)> columns = [];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            columns.Add((reader.GetString(0).ToUpperInvariant(), reader.GetString(1).ToUpperInvariant()));
        }

        return columns;
    }

    private static async Task RunAsync(DbConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
