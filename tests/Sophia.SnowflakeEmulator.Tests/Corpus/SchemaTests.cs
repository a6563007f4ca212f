using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Tests.Corpus;

/// <summary>Which schema a session is in.</summary>
public sealed class SchemaTests
{
    [Fact]
    public async Task A_schema_that_was_made_in_quotes_is_found_at_log_in_and_by_USE()
    {
        using var engine = new LocalSnowflake();
        using var first = engine.OpenSession();
        await first.ExecuteAsync("create schema \"beside\"");
        await first.ExecuteAsync("use schema beside");
        await first.ExecuteAsync("create table t as select 7 as x");

        using var second = engine.OpenSession("Beside");

        Assert.Equal(("beside", "beside"), (first.Schema, second.Schema));
        Assert.Equal(7, Convert.ToInt32((await second.ExecuteAsync("select x from t")).Rows[0][0], System.Globalization.CultureInfo.InvariantCulture));
    }
}
