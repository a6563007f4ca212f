using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Sophia.Snowflake.Local;

namespace Sophia.Snowflake.Connecting;

/// <summary>
/// One statement. Values are bound by place, <c>?</c> or <c>:1</c>; where they are arrays, of one length, the statement is done once
/// for each element, all or nothing, as Snowflake.Data does it.
/// </summary>
internal sealed class LocalCommand : DbCommand
{
    private readonly LocalParameters _parameters = [];

    [AllowNull]
    public override string CommandText { get; set => field = value ?? ""; } = "";

    /// <summary>Seconds until the statement is cancelled; 0 for no limit.</summary>
    public override int CommandTimeout { get; set; }

    public override CommandType CommandType
    {
        get => CommandType.Text;
        set => _ = value == CommandType.Text ? value : throw new NotSupportedException($"Snowflake's commands are texts, not {value}.");
    }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource { get; set; }

    protected override DbConnection? DbConnection { get; set; }

    protected override DbParameterCollection DbParameterCollection => _parameters;

    protected override DbTransaction? DbTransaction { get; set; }

    public override void Cancel() => throw new NotSupportedException("Cancel by the token that the statement was started with.");

    public override void Prepare()
    {
        // Snowflake has no statements that are prepared and kept.
    }

    public override int ExecuteNonQuery() => ExecuteNonQueryAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
    {
        var result = await RunAsync(cancellationToken).ConfigureAwait(false);
        return IsChange(result) ? (int)Math.Min(int.MaxValue, result.Rows[0].Sum(static cell => Convert.ToInt64(cell, CultureInfo.InvariantCulture))) : -1;
    }

    public override object? ExecuteScalar() => ExecuteScalarAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override async Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken)
    {
        using var reader = await ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? reader.GetValue(0) : null;
    }

    protected override DbParameter CreateDbParameter() => new LocalParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => ExecuteDbDataReaderAsync(behavior, CancellationToken.None).GetAwaiter().GetResult();

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        ResultTable.Of(await RunAsync(cancellationToken).ConfigureAwait(false)).CreateDataReader();

    private static bool IsChange(LocalResult result) => (result.StatementType & 0xF000) == 0x3000 && result.Rows.Count == 1;

    private async Task<LocalResult> RunAsync(CancellationToken cancellationToken)
    {
        var session = (DbConnection as LocalConnection ?? throw new InvalidOperationException("The command has no connection.")).Session;
        using var limit = CommandTimeout == 0 ? null : new CancellationTokenSource(TimeSpan.FromSeconds(CommandTimeout));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit?.Token ?? CancellationToken.None);
        try
        {
            return await session.ExecuteAsync(CommandText, _parameters.Rows(), cancellationToken: either.Token).ConfigureAwait(false);
        }
        catch (SnowflakeException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
