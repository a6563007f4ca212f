using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sophia.Stores.Relational;

/// <summary>One step of the schema; once released its text never changes.</summary>
internal sealed record Migration(int Version, string Name, string Sql)
{
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));
}

/// <summary>Brings a store to the newest schema. Runs inside one transaction under a lock that admits one process.</summary>
internal static class SchemaMigrations
{
    private const string Table =
        "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

    /// <exception cref="InvalidOperationException">The store was made by a newer version, or a released step was changed.</exception>
    public static async Task ApplyAsync(
        Session session, IReadOnlyList<Migration> migrations, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await session.Command(Table).ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        var applied = new Dictionary<int, string>();
        await using (var rows = await session.Command("SELECT version, checksum FROM schema_migrations")
            .ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            while (await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                applied.Add(rows.GetInt32(0), rows.GetString(1));
            }
        }

        var newest = migrations[^1].Version;
        foreach (var version in applied.Keys)
        {
            if (version > newest)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                    $"The store has schema version {version}, this program knows versions up to {newest}. Start the newer program that wrote it, or use another store."));
            }
        }

        foreach (var migration in migrations)
        {
            if (!applied.TryGetValue(migration.Version, out var checksum))
            {
                await session.Command(migration.Sql).ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                await session.Command("INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (@version, @name, @checksum, @at)")
                    .With("@version", migration.Version).With("@name", migration.Name)
                    .With("@checksum", migration.Checksum).With("@at", UnixTime.ToMs(now))
                    .ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (checksum != migration.Checksum)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                    $"Schema step {migration.Version} ({migration.Name}) of the store is not the one of this program. Start the program that wrote the store."));
            }
        }
    }
}
