using DuckDB.NET.Data;

namespace Sophia.Snowflake.Local;

/// <summary>What changes rows and tables.</summary>
public sealed partial class LocalSession
{
    // A table is made by the words in which the engine remembers the other one.
    private LocalResult Copy(TableCopy copy)
    {
        object?[] place = [copy.Source[^1], copy.Source.Count > 1 ? copy.Source[^2] : Schema];
        using var known = Command("SELECT sql FROM duckdb_tables() WHERE table_name = $1 AND ((database_name = 'SOPHIA' AND schema_name = $2) OR temporary) ORDER BY temporary DESC LIMIT 1", place);
        if (known.ExecuteScalar() is not string made) throw new SnowflakeException("002003", "42S02", $"SQL compilation error:\nObject '{string.Join('.', copy.Source)}' does not exist or not authorized.");
        if (copy.IfMissing && IsThere(copy.Target)) return LocalResult.Status(StatementKind.Ddl);
        var own = !_inTransaction;
        if (own) Run("BEGIN TRANSACTION");
        try
        {
            Run(copy.Head + made[made.IndexOf('(', StringComparison.Ordinal)..]);
            if (copy.WithRows) Run($"INSERT INTO {copy.Target} SELECT * FROM {SqlNames.Quoted(copy.Source)}");
            if (own) Run("COMMIT");
        }
        catch when (own)
        {
            Run("ROLLBACK");
            throw;
        }
        return LocalResult.Status(StatementKind.Ddl);
    }

    private bool IsThere(string table)
    {
        try
        {
            Run($"DESCRIBE {table}");
            return true;
        }
        catch (DuckDBException error) when (error.Message.StartsWith("Catalog", StringComparison.Ordinal)) { return false; }
    }

    private static LocalResult Counted(int kind, string name, long count) => new([new(name, "fixed", 19)], [[count]], kind);

    private long Change(string sql, string? doubled, IReadOnlyList<object?[]> binds, int wanted, CancellationToken cancellationToken)
    {
        var own = binds.Count > 1 && !_inTransaction;
        if (own) Run("BEGIN TRANSACTION");
        try
        {
            long changed = 0;
            if (BulkInsert.StageOf(sql, binds, ColumnsOfStage) is { } stage)
            {
                StageAppender.Append(_connection, stage.Table, stage.Columns, binds, cancellationToken);
                changed = binds.Count;
            }
            else if (BulkInsert.Of(sql, binds) is { } bulk)
            {
                for (var from = 0; from < binds.Count; from += BulkInsert.Rows)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    using var insert = Command(bulk, BulkInsert.Lists(binds, from, Math.Min(BulkInsert.Rows, binds.Count - from), wanted));
                    changed += Math.Max(0, insert.ExecuteNonQuery());
                }
            }
            else foreach (var values in binds)
            {
                if (doubled is not null) RequireSingle(doubled, values.AsSpan(0, wanted), cancellationToken);
                using var command = Command(sql, values.AsSpan(0, wanted));
                using var stop = cancellationToken.Register(static c => ((DuckDBCommand)c!).Cancel(), command);
                cancellationToken.ThrowIfCancellationRequested();
                changed += Math.Max(0, command.ExecuteNonQuery());
            }
            if (own) Run("COMMIT");
            return changed;
        }
        catch when (own)
        {
            Run("ROLLBACK");
            throw;
        }
    }

    private void RequireSingle(string doubled, ReadOnlySpan<object?> values, CancellationToken cancellationToken)
    {
        using var command = Command(doubled, values);
        using var stop = cancellationToken.Register(static c => ((DuckDBCommand)c!).Cancel(), command);
        cancellationToken.ThrowIfCancellationRequested();
        if (command.ExecuteScalar() is not null) throw new SnowflakeException("100090", "42P18", "Duplicate row detected during DML action");
    }

    // None unless all of its columns are texts or vectors of FLOAT.
    private IReadOnlyList<StageAppender.Column> ColumnsOfStage(string table)
    {
        using var command = Command("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'temp' AND table_name = $1 ORDER BY column_index", [table]);
        using var reader = command.ExecuteReader();
        List<StageAppender.Column> columns = [];
        while (reader.Read())
        {
            var type = reader.GetString(1);
            var elements = type.StartsWith("FLOAT[", StringComparison.Ordinal) && int.TryParse(type.AsSpan(6, type.Length - 7), System.Globalization.CultureInfo.InvariantCulture, out var length) ? length : 0;
            if (type != "VARCHAR" && elements == 0) return [];
            columns.Add(new(reader.GetString(0), elements));
        }
        return columns;
    }
}
