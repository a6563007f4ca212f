using System.Data.Common;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Connecting;

/// <summary>The local Snowflake as a data source. The engine starts with the first connection, not before, and ends with the data source.</summary>
/// <param name="file">The database, made where it is missing; null keeps it in memory.</param>
/// <param name="services">What Cortex's and external functions call; null: nothing.</param>
public sealed class LocalSnowflakeDataSource(string? file = null, LocalServices? services = null) : DbDataSource, IVectorBinding
{
    private readonly Lazy<LocalSnowflake> _engine = new(() => new LocalSnowflake(file, services));

    /// <summary>What stands for a connection string: the local engine has none.</summary>
    public override string ConnectionString => file is null ? "local" : $"local={file}";

    /// <summary>The engine; started by the first who asks.</summary>
    /// <exception cref="DbException">The file is not a database, or another process has it.</exception>
    public LocalSnowflake Engine => _engine.Value;

    public bool BindsVectors => true;

    protected override DbConnection CreateDbConnection() => new LocalConnection(this);

    protected override void Dispose(bool disposing)
    {
        if (disposing && _engine.IsValueCreated)
        {
            _engine.Value.Dispose();
        }

        base.Dispose(disposing);
    }

    protected override ValueTask DisposeAsyncCore()
    {
        Dispose(disposing: true);
        return base.DisposeAsyncCore();
    }
}
