using DuckDB.NET.Data;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>
/// Snowflake's SQL on DuckDB, in this process: one database, SOPHIA, in a file or in memory. What it understands is what
/// <see cref="StatementReader"/> has a rule for; statements, clauses, types and functions that it has none for are refused by name.
/// Functions that read or write files are off.
/// </summary>
public sealed class LocalSnowflake : IDisposable
{
    public const string Database = "SOPHIA";
    public const string DefaultSchema = "PUBLIC";

    private readonly DuckDBConnection _root = new("DataSource=:memory:");
    private readonly RemoteFunctions _remote;

    /// <param name="path">The file, made where it is missing; null keeps everything in memory.</param>
    /// <param name="services">What Cortex's and external functions call; null: nothing, and they fail as they do in an account without it.</param>
    public LocalSnowflake(string? path = null, LocalServices? services = null)
    {
        _remote = new RemoteFunctions(services ?? new LocalServices());
        _root.Open();
        Run("SET autoinstall_known_extensions=false");
        Run("SET autoload_known_extensions=false");
        // What drivers are told, wherever the process runs.
        Run("SET GLOBAL TimeZone='UTC'");
        // The log beside the file is folded into it less often: each time costs as much as thousands of rows.
        Run("SET checkpoint_threshold='256MB'");
        Run($"ATTACH '{(path is null ? ":memory:" : Path.GetFullPath(path).Replace("'", "''", StringComparison.Ordinal))}' AS {Database}");
        Run($"CREATE SCHEMA IF NOT EXISTS {Database}.{DefaultSchema}");
        Run("SET default_null_order='nulls_last_on_asc_first_on_desc'");
        _remote.Install(_root);
        foreach (var macro in EngineMacros.All) Run("CREATE MACRO memory.main." + macro);
        foreach (var table in AccountObjects.Tables) Run(table);
        foreach (var view in Catalog.Views) Run(view);
        Run("SET enable_external_access=false");
    }

    /// <summary>A session of its own connection; statements of one session run one after another.</summary>
    /// <param name="schema">Where unqualified names are looked up; one that is not there leaves PUBLIC.</param>
    public LocalSession OpenSession(string? schema = null, string? warehouse = null, string? role = null)
    {
        DuckDBConnection connection;
        lock (_root) connection = _root.Duplicate();
        connection.Open();
        return new LocalSession(connection, _remote, schema, warehouse, role);
    }

    private void Run(string sql)
    {
        using var command = _root.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _root.Dispose();
        _remote.Dispose();
    }
}
