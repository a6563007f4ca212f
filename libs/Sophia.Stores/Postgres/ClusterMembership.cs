using Npgsql;

namespace Sophia.Stores.Postgres;

/// <summary>
/// The tables in which the nodes of an Orleans cluster write that they are there. Names of tables, columns, queries and
/// parameters are those that the package Microsoft.Orleans.Clustering.AdoNet reads and sends (dotnet/orleans, MIT licence,
/// src/AdoNet/Orleans.Clustering.AdoNet); the statements are our own: one each, instead of its functions, so that they can be
/// replaced at any start.
/// </summary>
public static class ClusterMembership
{
    /// <summary>So that of nodes that start together one makes the tables. Any number that nothing else here locks.</summary>
    private const long Lock = 0x536F_7068_6961;

    private const string Tables =
        """
        CREATE TABLE IF NOT EXISTS OrleansQuery (QueryKey varchar(64) PRIMARY KEY, QueryText varchar(8000) NOT NULL);
        CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (
            DeploymentId varchar(150) PRIMARY KEY, Timestamp timestamptz(3) NOT NULL DEFAULT now(), Version integer NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
            DeploymentId varchar(150) NOT NULL REFERENCES OrleansMembershipVersionTable, Address varchar(45) NOT NULL, Port integer NOT NULL,
            Generation integer NOT NULL, SiloName varchar(150) NOT NULL, HostName varchar(150) NOT NULL, Status integer NOT NULL,
            ProxyPort integer, SuspectTimes varchar(8000), StartTime timestamptz(3) NOT NULL, IAmAliveTime timestamptz(3) NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation));
        """;

    private const string Silo = "DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation";

    private const string Members =
        "SELECT v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, " +
        "m.StartTime, m.IAmAliveTime, v.Version FROM OrleansMembershipVersionTable v " +
        "LEFT JOIN OrleansMembershipTable m ON m.DeploymentId = v.DeploymentId";

    // Every change of a member takes the next version of the table, and is not made where another change took it first.
    private const string Bump =
        "bumped AS (UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1 " +
        "WHERE DeploymentId = @DeploymentId AND Version = @Version";

    private static readonly (string Key, string Text)[] Queries =
    [
        ("InsertMembershipVersionKey",
            "WITH made AS (INSERT INTO OrleansMembershipVersionTable (DeploymentId) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1) " +
            "SELECT count(*)::integer FROM made"),
        ("InsertMembershipKey",
            $"WITH {Bump} AND NOT EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Silo}) RETURNING 1), " +
            "made AS (INSERT INTO OrleansMembershipTable (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime) " +
            "SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM bumped RETURNING 1) " +
            "SELECT count(*)::integer FROM made"),
        ("UpdateMembershipKey",
            $"WITH {Bump} AND EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Silo}) RETURNING 1), " +
            "made AS (UPDATE OrleansMembershipTable SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime FROM bumped " +
            $"WHERE {Silo} RETURNING 1) SELECT count(*)::integer FROM made"),
        ("UpdateIAmAlivetimeKey", $"UPDATE OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime WHERE {Silo}"),
        ("MembershipReadRowKey",
            $"{Members} AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation WHERE v.DeploymentId = @DeploymentId"),
        ("MembershipReadAllKey", $"{Members} WHERE v.DeploymentId = @DeploymentId"),
        ("DeleteMembershipTableEntriesKey",
            "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId; DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId"),
        ("GatewaysQueryKey",
            "SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0"),
        // 3 is an active node.
        ("CleanupDefunctSiloEntriesKey",
            "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> 3"),
    ];

    /// <summary>Makes the tables if they are not there, and sets the queries to those of this program.</summary>
    /// <exception cref="Memory.Stores.StoreUnavailableException">PostgreSQL does not answer.</exception>
    public static async Task PrepareAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var batch = new NpgsqlBatch(connection, transaction);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_advisory_xact_lock($1)") { Parameters = { new() { Value = Lock } } });
            foreach (var table in Tables.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(table));
            }

            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            foreach (var (key, text) in Queries)
            {
                await using var command = new NpgsqlCommand(
                    "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($1, $2) ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText " +
                    "WHERE OrleansQuery.QueryText <> excluded.QueryText",
                    connection, transaction) { Parameters = { new() { Value = key }, new() { Value = text } } };
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (PostgresErrors.Translate(error) is { } translated)
        {
            throw translated;
        }
    }
}
