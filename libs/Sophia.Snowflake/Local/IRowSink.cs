namespace Sophia.Snowflake.Local;

/// <summary>Takes the rows of one query as the engine makes them, so that a large result is nowhere in memory as a whole.</summary>
public interface IRowSink
{
    /// <summary>Called once, before any row.</summary>
    void Begin(IReadOnlyList<LocalColumn> columns);

    /// <param name="row">Values as in <see cref="LocalResult.Rows"/>; the array is used again for the next row.</param>
    void Add(object?[] row);
}

/// <summary>The rows in memory.</summary>
internal sealed class RowList : IRowSink
{
    public IReadOnlyList<LocalColumn> Columns { get; private set; } = [];
    public List<object?[]> Rows { get; } = [];

    public void Begin(IReadOnlyList<LocalColumn> columns) => Columns = columns;

    public void Add(object?[] row) => Rows.Add([.. row]);
}
