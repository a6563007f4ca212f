using System.Data;
using System.Data.Common;
using System.Globalization;
using Sophia.Memory.Log;
using Sophia.Memory.Stores;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Flushing;

/// <summary>The connection of one flush, opened by its first statement.</summary>
/// <param name="prepare">Done once the connection is open.</param>
/// <param name="schema">Where names without one are; null leaves it as the connection has it.</param>
public sealed class FlushSession(
    DbDataSource source, TimeSpan timeout, Func<DbConnection, CancellationToken, Task>? prepare = null, string? schema = Migration.Schema) : IAsyncDisposable
{
    private DbConnection? _connection;

    /// <summary>Whether a vector may be bound as such, and not as a text.</summary>
    public bool BindsVectors => source is IVectorBinding { BindsVectors: true };

    /// <summary>How many statements were sent.</summary>
    public int Statements { get; private set; }

    /// <summary>Runs a statement; values are bound by place, and where they are arrays, once for each element.</summary>
    /// <returns>The rows that it changed.</returns>
    /// <exception cref="DbException"/>
    /// <exception cref="TimeoutException">It took longer than a statement may.</exception>
    public Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] values) =>
        RunAsync(sql, values, static (command, stop) => command.ExecuteNonQueryAsync(stop), cancellationToken);

    /// <summary>Runs a query and reads each of its rows.</summary>
    public Task<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken, params object?[] values) =>
        RunAsync(
            sql, values,
            async (command, stop) =>
            {
                await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
                List<T> rows = [];
                while (await reader.ReadAsync(stop).ConfigureAwait(false))
                {
                    rows.Add(read(reader));
                }

                return rows;
            },
            cancellationToken);

    /// <summary>As <see cref="QueryAsync{T}"/> of rows of the log, and no further than until they have <see cref="RowPage.MostBytes"/>.</summary>
    public Task<RowPage<LogEntry>> PageAsync(string sql, Func<DbDataReader, LogEntry> read, CancellationToken cancellationToken, params object?[] values) =>
        RunAsync(
            sql, values,
            async (command, stop) =>
            {
                await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
                List<LogEntry> rows = [];
                var bytes = 0L;
                while (bytes < RowPage.MostBytes && await reader.ReadAsync(stop).ConfigureAwait(false))
                {
                    rows.Add(read(reader));
                    bytes += RowPage.SizeOf(rows[^1]);
                }

                return new RowPage<LogEntry>(rows, bytes >= RowPage.MostBytes);
            },
            cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<T> RunAsync<T>(string sql, object?[] values, Func<DbCommand, CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var connection = _connection ??= await OpenInTimeAsync(limit.Token).ConfigureAwait(false);
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = (i + 1).ToString(CultureInfo.InvariantCulture);
                parameter.DbType = DbType.String;
                parameter.Value = values[i] ?? DBNull.Value;
                command.Parameters.Add(parameter);
            }

            Statements++;
            // A driver that does not heed its token must not hold the flush for ever.
            return await run(command, limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Snowflake did not answer a statement within {timeout.TotalSeconds:0} s.");
        }
    }

    // What opens too late, because the driver does not heed its token, is closed again.
    private async Task<DbConnection> OpenInTimeAsync(CancellationToken cancellationToken)
    {
        var opening = OpenAsync(cancellationToken);
        try
        {
            return await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = opening.ContinueWith(static late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    private async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (prepare is not null)
            {
                await prepare(connection, cancellationToken).ConfigureAwait(false);
            }

            if (schema is not null)
            {
                await using var use = connection.CreateCommand();
                use.CommandText = $"USE SCHEMA {schema}";
                await use.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
