using System.Data.Common;

namespace Sophia.Stores.Relational;

/// <summary>A connection lent for a few statements. Commands belong to it and are not disposed by their users.</summary>
internal abstract class Session : IAsyncDisposable
{
    /// <summary>The command for a statement, without parameters yet.</summary>
    public abstract DbCommand Command(string sql);

    public abstract ValueTask DisposeAsync();
}

internal static class CommandExtensions
{
    public static DbCommand With(this DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
        return command;
    }

    public static byte[]? BytesOrNull(this DbDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<byte[]>(ordinal);

    public static string? TextOrNull(this DbDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    public static long? Int64OrNull(this DbDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetInt64(ordinal);
}
