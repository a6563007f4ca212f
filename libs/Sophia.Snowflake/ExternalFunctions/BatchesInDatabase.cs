using System.Data;
using System.Data.Common;
using System.Security.Cryptography;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>The batches of all nodes, in one table of PostgreSQL. Times are milliseconds since 1970.</summary>
/// <param name="meaning">What an exception of the database means to a caller, such as that it does not answer now; null for a bug.</param>
public sealed class BatchesInDatabase(DbDataSource database, Func<Exception, Exception?> meaning) : IBatchStore
{
    private const string Where = "tenant = @tenant AND integration = @integration AND function = @function AND batch_id = @batch";

    /// <summary>Makes the table where it is missing. Several nodes may start at once.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        // CREATE … IF NOT EXISTS of two nodes at the same instant can collide in the catalogue; the lock (any number of our own) keeps them apart.
        await RunAsync(
            """
            BEGIN;
            SELECT pg_advisory_xact_lock(723114029);
            CREATE TABLE IF NOT EXISTS external_batches (
              tenant text NOT NULL, integration text NOT NULL, function text NOT NULL, batch_id text NOT NULL,
              request_hash bytea NOT NULL, request bytea, owner text NOT NULL, lease_until bigint NOT NULL,
              answer bytea, keep_until bigint NOT NULL,
              PRIMARY KEY (tenant, integration, function, batch_id));
            CREATE INDEX IF NOT EXISTS external_batches_keep ON external_batches (keep_until);
            COMMIT;
            """, static _ => { }, cancellationToken).ConfigureAwait(false);
    }

    public async Task<BatchClaim> ClaimAsync(
        BatchKey key, ReadOnlyMemory<byte> request, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, DateTimeOffset keepUntil, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(request.Span);
        // One statement decides: a new batch, one whose time is over, or one whose owner is gone.
        var claimed = await RunAsync(
            """
            INSERT INTO external_batches AS b (tenant, integration, function, batch_id, request_hash, request, owner, lease_until, keep_until)
            VALUES (@tenant, @integration, @function, @batch, @hash, @request, @owner, @lease, @keep)
            ON CONFLICT (tenant, integration, function, batch_id) DO UPDATE
              SET request_hash = excluded.request_hash, request = excluded.request, owner = excluded.owner,
                  lease_until = excluded.lease_until, answer = NULL, keep_until = excluded.keep_until
              WHERE b.keep_until <= @now OR (b.answer IS NULL AND b.lease_until <= @now AND b.request_hash = excluded.request_hash)
            """,
            command =>
            {
                Bind(command, key);
                Add(command, "@hash", hash);
                Add(command, "@request", request.ToArray());
                Add(command, "@owner", owner);
                Add(command, "@lease", Ms(leaseUntil));
                Add(command, "@keep", Ms(keepUntil));
                Add(command, "@now", Ms(now));
            }, cancellationToken).ConfigureAwait(false);
        if (claimed > 0)
        {
            return new BatchClaim(BatchState.Claimed, request.ToArray());
        }

        var (found, storedHash) = await FindAsync(key, now, cancellationToken).ConfigureAwait(false);
        return storedHash is not null && !storedHash.AsSpan().SequenceEqual(hash) ? new BatchClaim(BatchState.Different) : found;
    }

    public async Task<BatchClaim> ResumeAsync(BatchKey key, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellationToken)
    {
        var taken = await AskAsync(
            $"UPDATE external_batches SET owner = @owner, lease_until = @lease WHERE {Where} AND answer IS NULL AND lease_until <= @now AND keep_until > @now RETURNING request",
            command =>
            {
                Bind(command, key);
                Add(command, "@owner", owner);
                Add(command, "@lease", Ms(leaseUntil));
                Add(command, "@now", Ms(now));
            },
            static (command, ct) => command.ExecuteScalarAsync(ct), cancellationToken).ConfigureAwait(false);
        return taken is byte[] request
            ? new BatchClaim(BatchState.Claimed, request)
            : (await FindAsync(key, now, cancellationToken).ConfigureAwait(false)).Claim;
    }

    public async Task<bool> RenewAsync(BatchKey key, string owner, DateTimeOffset leaseUntil, CancellationToken cancellationToken) =>
        await RunAsync($"UPDATE external_batches SET lease_until = @lease WHERE {Where} AND owner = @owner AND answer IS NULL", command =>
        {
            Bind(command, key);
            Add(command, "@owner", owner);
            Add(command, "@lease", Ms(leaseUntil));
        }, cancellationToken).ConfigureAwait(false) > 0;

    public Task AnswerAsync(BatchKey key, string owner, ReadOnlyMemory<byte> answer, DateTimeOffset keepUntil, CancellationToken cancellationToken) =>
        RunAsync($"UPDATE external_batches SET answer = @answer, request = NULL, keep_until = @keep WHERE {Where} AND owner = @owner", command =>
        {
            Bind(command, key);
            Add(command, "@owner", owner);
            Add(command, "@answer", answer.ToArray());
            Add(command, "@keep", Ms(keepUntil));
        }, cancellationToken);

    public Task ReleaseAsync(BatchKey key, string owner, CancellationToken cancellationToken) =>
        RunAsync($"DELETE FROM external_batches WHERE {Where} AND owner = @owner AND answer IS NULL", command =>
        {
            Bind(command, key);
            Add(command, "@owner", owner);
        }, cancellationToken);

    public Task<int> TrimAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        RunAsync("DELETE FROM external_batches WHERE keep_until <= @now", command => Add(command, "@now", Ms(now)), cancellationToken);

    private Task<(BatchClaim Claim, byte[]? Hash)> FindAsync(BatchKey key, DateTimeOffset now, CancellationToken cancellationToken) =>
        AskAsync<(BatchClaim, byte[]?)>(
            $"SELECT request_hash, answer FROM external_batches WHERE {Where} AND keep_until > @now",
            command =>
            {
                Bind(command, key);
                Add(command, "@now", Ms(now));
            },
            static async (command, ct) =>
            {
                await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleRow, ct).ConfigureAwait(false);
                if (!await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    return (new BatchClaim(BatchState.Unknown), null);
                }

                var hash = reader.GetFieldValue<byte[]>(0);
                return reader.IsDBNull(1) ? (new BatchClaim(BatchState.Running), hash) : (new BatchClaim(BatchState.Answered, Answer: reader.GetFieldValue<byte[]>(1)), hash);
            },
            cancellationToken);

    private Task<int> RunAsync(string sql, Action<DbCommand> bind, CancellationToken cancellationToken) =>
        AskAsync(sql, bind, static (command, ct) => command.ExecuteNonQueryAsync(ct), cancellationToken);

    private async Task<T> AskAsync<T>(string sql, Action<DbCommand> bind, Func<DbCommand, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            bind(command);
            return await ask(command, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (meaning(error) is { } meant)
        {
            throw meant;
        }
    }

    private static void Bind(DbCommand command, BatchKey key)
    {
        Add(command, "@tenant", key.Tenant);
        Add(command, "@integration", key.Integration);
        Add(command, "@function", key.Function);
        Add(command, "@batch", key.BatchId);
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    private static long Ms(DateTimeOffset at) => at.ToUnixTimeMilliseconds();
}
