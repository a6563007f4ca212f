using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace Sophia.Snowflake.Local;

/// <summary>The engine's types by the names that the drivers know.</summary>
internal static partial class ColumnTypes
{
    /// <exception cref="SnowflakeException">A type that Snowflake has not, such as an interval.</exception>
    public static LocalColumn[] Of(DuckDBDataReader reader)
    {
        var columns = new LocalColumn[reader.FieldCount];
        for (var i = 0; i < columns.Length; i++)
        {
            using var type = NativeMethods.Query.DuckDBColumnLogicalType(ref Result(reader), i);
            columns[i] = Of(reader.GetName(i), type);
        }
        return columns;
    }

    private static LocalColumn Of(string name, DuckDBLogicalType type) => NativeMethods.LogicalType.DuckDBGetTypeId(type) switch
    {
        DuckDBType.Decimal => new(name, "fixed", NativeMethods.LogicalType.DuckDBDecimalWidth(type), NativeMethods.LogicalType.DuckDBDecimalScale(type)),
        DuckDBType.Array => new(name, "vector", Dimension: (int)NativeMethods.LogicalType.DuckDBArrayVectorGetSize(type)),
        DuckDBType.List => new(name, "array"),
        DuckDBType.TinyInt or DuckDBType.SmallInt or DuckDBType.Integer or DuckDBType.BigInt or DuckDBType.HugeInt or DuckDBType.UnsignedTinyInt
            or DuckDBType.UnsignedSmallInt or DuckDBType.UnsignedInteger or DuckDBType.UnsignedBigInt or DuckDBType.UnsignedHugeInt => new(name, "fixed", 38, 0),
        DuckDBType.Float or DuckDBType.Double => new(name, "real"),
        DuckDBType.Varchar => new(name, Alias(type) == "JSON" ? "variant" : "text"),
        DuckDBType.Uuid or DuckDBType.Enum or DuckDBType.SqlNull => new(name, "text"),
        DuckDBType.Boolean => new(name, "boolean"),
        DuckDBType.Date => new(name, "date"),
        DuckDBType.Time => new(name, "time", 0, 9),
        DuckDBType.Timestamp or DuckDBType.TimestampS or DuckDBType.TimestampMs or DuckDBType.TimestampNs => new(name, "timestamp_ntz", 0, 9),
        DuckDBType.TimestampTz => new(name, "timestamp_tz", 0, 9),
        DuckDBType.Blob => new(name, "binary"),
        var other => throw SnowflakeException.Unsupported($"a result column of type {other}"),
    };

    private static string? Alias(DuckDBLogicalType type)
    {
        var text = GetAlias(type);
        try { return Marshal.PtrToStringUTF8(text); }
        finally { NativeMethods.Helpers.DuckDBFree(text); }
    }

    // The driver tells neither that a text is JSON nor how long an array is; the engine does, of the result that the driver holds.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "currentResult")]
    private static extern ref DuckDBResult Result(DuckDBDataReader reader);

    [LibraryImport("duckdb", EntryPoint = "duckdb_logical_type_get_alias")]
    private static partial nint GetAlias(DuckDBLogicalType type);
}
