using System.Data.Common;
using System.Text;
using System.Text.Json.Nodes;
using Sophia.Cli;
using Sophia.Cli.Terminal;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Tests.Migrations;

public sealed class MigratorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-migrations-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<List<object?[]>> QueryAsync(DbDataSource source, string sql)
    {
        await using var connection = await source.OpenConnectionAsync();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = await command.ExecuteReaderAsync();
        List<object?[]> rows = [];
        while (await reader.ReadAsync())
        {
            var row = new object?[reader.FieldCount];
            reader.GetValues(row!);
            rows.Add(row);
        }

        return rows;
    }

    private static async Task<(int Code, string Output, string Error)> CliAsync(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var surroundings = new Surroundings { Input = Stream.Null, Output = output, Error = error, Network = new HttpClientHandler() };
        var code = await SophiaCommand.RunAsync(["snowflake", .. args], surroundings, CancellationToken.None);
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    [Fact]
    public async Task An_empty_database_gets_the_three_tables_with_exactly_their_columns()
    {
        await using var source = new LocalSnowflakeDataSource();

        var applied = await new Migrator(source).ApplyAsync(null, CancellationToken.None);

        Assert.Equal(Migration.All.Count, applied.Count);
        async Task<string> Columns(string table) => string.Join(", ", (await QueryAsync(source, $"select column_name, data_type from information_schema.columns where table_schema = 'SOPHIA_AI_MEMORY' and table_name = '{table}' order by ordinal_position")).Select(row => $"{row[0]} {row[1]}".ToLowerInvariant()));
        Assert.Equal("pool_name varchar, allocated_memory_gb float, used_memory_gb float, pool_type varchar, last_updated timestamp_ntz, node_id varchar", await Columns("GPU_MEMORY_POOLS"));
        Assert.Equal("cache_key varchar, cache_value variant, gpu_processed boolean, processing_time_ms number, gpu_memory_used_mb number, created_at timestamp_ntz, ttl number", await Columns("CORTEX_CACHE_ENHANCED"));
        Assert.Equal("metric_id varchar, gpu_id number, memory_utilization float, compute_utilization float, temperature_celsius float, power_usage_watts float, recorded_at timestamp_ntz, node_id varchar", await Columns("GPU_PERFORMANCE_METRICS"));
        Assert.Equal(
            [("SOPHIA_AI_ANALYTICS_WH", "X-LARGE"), ("SOPHIA_AI_CORTEX_WH", "MEDIUM"), ("SOPHIA_AI_H200_WH", "X-LARGE"), ("SOPHIA_AI_MIRROR_WH", "X-SMALL")],
            (await QueryAsync(source, "show warehouses")).Select(row => ((string)row[0]!, (string)row[3]!)));
    }

    [Fact]
    public async Task The_service_cannot_change_the_schema_and_the_analyst_cannot_write()
    {
        await using var source = new LocalSnowflakeDataSource();
        await new Migrator(source).ApplyAsync(null, CancellationToken.None);

        async Task<(string Privilege, string On, string Name)[]> Grants(string role) => [.. (await QueryAsync(source, $"show grants to role {role}")).Select(row => ((string)row[1]!, (string)row[2]!, (string)row[3]!))];
        var service = await Grants("SOPHIA_SERVICE");
        var analyst = await Grants("SOPHIA_ANALYST");
        Assert.DoesNotContain(service, g => g.Privilege.StartsWith("CREATE", StringComparison.Ordinal) || g.Privilege is "OWNERSHIP" or "ALL");
        Assert.Equal(["SELECT"], service.Where(g => g.Name.EndsWith("SCHEMA_MIGRATIONS", StringComparison.Ordinal)).Select(g => g.Privilege));
        Assert.All(analyst, g => Assert.Contains(g.Privilege, new[] { "USAGE", "SELECT" }));
        Assert.Contains(analyst, g => g is { Privilege: "SELECT", On: "VIEW" });
        Assert.Contains(service, g => g is { Privilege: "INSERT", On: "TABLE", Name: "SOPHIA.SOPHIA_AI_MEMORY.MEMORY_LOG" });
    }

    [Fact]
    public async Task A_second_run_changes_nothing_and_two_at_once_end_as_one()
    {
        await using var source = new LocalSnowflakeDataSource();
        await new Migrator(source).ApplyAsync(null, CancellationToken.None);
        await QueryAsync(source, "insert into sophia_ai_memory.gpu_memory_pools (pool_name) values ('a/b/c')");

        Assert.Empty(await new Migrator(source).ApplyAsync(null, CancellationToken.None));

        Assert.Single(await QueryAsync(source, "select * from sophia_ai_memory.gpu_memory_pools"));
        var status = await new Migrator(source).StatusAsync(CancellationToken.None);
        Assert.Equal((Migration.All.Count, 0, 0), (status.Applied.Count, status.Pending.Count, status.Drift.Count));
    }

    [Fact]
    public async Task A_run_that_broke_off_in_the_middle_of_a_migration_goes_on_with_it()
    {
        await using var source = new LocalSnowflakeDataSource();
        var broken = Migration.Of("0002_second.sql", "create table if not exists sophia_ai_memory.half (id int); select 1/0;");
        await Assert.ThrowsAsync<SnowflakeException>(() => new Migrator(source, [Migration.Of("0001_first.sql", "create table if not exists sophia_ai_memory.one (id int)"), broken]).ApplyAsync(null, CancellationToken.None));
        var mended = Migration.Of("0002_second.sql", "create table if not exists sophia_ai_memory.half (id int); select 1;");

        var applied = await new Migrator(source, [Migration.Of("0001_first.sql", "create table if not exists sophia_ai_memory.one (id int)"), mended]).ApplyAsync(null, CancellationToken.None);

        Assert.Equal(["second"], applied.Select(m => m.Name));
    }

    [Theory]
    [InlineData("update sophia_ai_memory.schema_migrations set checksum = 'other' where number = 2", "Migration 2 (mirror) was applied with other statements")]
    [InlineData("alter table sophia_ai_memory.memory_log drop column content", "SOPHIA_AI_MEMORY.MEMORY_LOG lacks CONTENT.")]
    [InlineData("drop table sophia_ai_memory.cortex_cache_enhanced", "SOPHIA_AI_MEMORY.CORTEX_CACHE_ENHANCED is not there.")]
    [InlineData("delete from sophia_ai_memory.schema_migrations where number = 1", "Migration 1 is not written down")]
    [InlineData("insert into sophia_ai_memory.schema_migrations values (99, 'later', 'x', '2026-01-01'::timestamp_ntz)", "Migration 99 (later) is of a newer Sophia")]
    public async Task What_was_changed_behind_its_back_is_said_and_stops_it(string change, string said)
    {
        await using var source = new LocalSnowflakeDataSource();
        await new Migrator(source).ApplyAsync(null, CancellationToken.None);
        await QueryAsync(source, change);

        Assert.Contains((await new Migrator(source).StatusAsync(CancellationToken.None)).Drift, text => text.StartsWith(said, StringComparison.Ordinal));
        await Assert.ThrowsAsync<SchemaDriftException>(() => new Migrator(source).ApplyAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task A_column_more_is_the_owners_business()
    {
        await using var source = new LocalSnowflakeDataSource();
        await new Migrator(source).ApplyAsync(null, CancellationToken.None);
        await QueryAsync(source, "alter table sophia_ai_memory.memory_log add column note varchar");

        Assert.Empty((await new Migrator(source).StatusAsync(CancellationToken.None)).Drift);
    }

    [Theory]
    [InlineData("Asia/Tokyo")]
    [InlineData("America/Los_Angeles")]
    public async Task What_is_current_does_not_depend_on_the_zone_of_who_asks(string zone)
    {
        await using var source = new LocalSnowflakeDataSource();
        await new Migrator(source).ApplyAsync(null, CancellationToken.None);
        await QueryAsync(
            source,
            """
            insert into sophia_ai_memory.memory_log (sequence, namespace_id, tenant, namespace, record_id, record_key, change, version, recorded_at, expires_at)
            select column1, 1, 'acme', 'notes', column2, column2, 'put', 1, sysdate(), dateadd(hour, column3, sysdate()) from values (1, 'gone', -1), (2, 'there', 1)
            """);
        await using var connection = await source.OpenConnectionAsync();
        using var command = connection.CreateCommand();
        command.CommandText = $"alter session set timezone = '{zone}'";
        await command.ExecuteNonQueryAsync();

        command.CommandText = "select listagg(record_key) from sophia_ai_memory.memory_current";
        Assert.Equal("there", await command.ExecuteScalarAsync());
        command.CommandText = "select abs(datediff(hour, sysdate(), current_timestamp()::timestamp_ntz)) > 6";
        Assert.Equal(true, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task The_administrators_script_stands_before_and_after_the_migrations()
    {
        var script = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "account-administrator.sql"));
        var parts = script.Split("-- 2. After the migrations");
        await using var source = new LocalSnowflakeDataSource();
        async Task Run(string part)
        {
            foreach (var statement in LocalSession.Split(part).Where(s => !s.Contains("DATABASE ROLE", StringComparison.Ordinal)))
            {
                await QueryAsync(source, statement);
            }
        }

        await Run(parts[0]);
        await new Migrator(source).ApplyAsync(null, CancellationToken.None);
        await Run("--" + parts[1]);

        Assert.All(await QueryAsync(source, "show warehouses"), row => Assert.Equal("SOPHIA_WAREHOUSES", row[8]));
    }

    [Fact]
    public void Line_ends_do_not_change_a_checksum() =>
        Assert.Equal(Migration.Of("0001_x.sql", "select 1;\nselect 2;\n").Checksum, Migration.Of("0001_x.sql", "select 1;\r\nselect 2;\r\n").Checksum);

    [Fact]
    public async Task The_command_plans_applies_and_says_where_a_file_stands()
    {
        var file = Path.Combine(_folder, "lake.duckdb");

        var (planned, plan, _) = await CliAsync("plan", "--file", file);
        Assert.Equal(ExitCodes.Ok, planned);
        Assert.Contains("CREATE TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.GPU_MEMORY_POOLS", plan, StringComparison.Ordinal);
        Assert.EndsWith($"{Migration.All.Count} applied.\n", (await CliAsync("apply", "--file", file)).Output, StringComparison.Ordinal);
        Assert.Equal("Nothing was missing.\n", (await CliAsync("apply", "--file", file)).Output);
        Assert.Equal("Nothing is missing.\n", (await CliAsync("plan", "--file", file)).Output);
        var status = JsonNode.Parse((await CliAsync("status", "--file", file, "--json")).Output)!;
        Assert.Equal(Migration.All.Count, status["applied"]!.AsArray().Count);
        Assert.Empty(status["drift"]!.AsArray());

        await using (var source = new LocalSnowflakeDataSource(file))
        {
            await QueryAsync(source, "drop view sophia_ai_memory.memory_current");
        }

        var (drifted, text, _) = await CliAsync("status", "--file", file);
        Assert.Equal(ExitCodes.Refused, drifted);
        Assert.Contains("drift    SOPHIA_AI_MEMORY.MEMORY_CURRENT is not there.", text, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_command_plans_applies_and_says_where_an_account_stands_through_the_driver()
    {
        Skip.IfNot(SnowflakeDataSources.HasDriver, "Snowflake.Data is not part of this build: -p:UseSnowflakeData=true on a feed that has it.");
        await using var emulator = new Sophia.SnowflakeEmulator.Tests.RunningEmulator();
        await emulator.InitializeAsync();
        var account = emulator.ConnectionString;

        Assert.Contains("GPU_MEMORY_POOLS", (await CliAsync("plan", "--connection", account)).Output, StringComparison.Ordinal);
        Assert.EndsWith($"{Migration.All.Count} applied.\n", (await CliAsync("apply", "--connection", account)).Output, StringComparison.Ordinal);
        Assert.Equal("Nothing was missing.\n", (await CliAsync("apply", "--connection", account)).Output);
        var status = JsonNode.Parse((await CliAsync("status", "--connection", account, "--json")).Output)!;
        Assert.Equal((Migration.All.Count, 0), (status["applied"]!.AsArray().Count, status["drift"]!.AsArray().Count));
        var (code, _, error) = await CliAsync("status", "--connection", account.Replace("password=", "password=not", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("Snowflake refused", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_refuses_to_guess_which_snowflake_is_meant()
    {
        Assert.Equal(ExitCodes.Usage, (await CliAsync("status")).Code);
        Assert.Equal(ExitCodes.Usage, (await CliAsync("status", "--file", "x", "--connection", "account=a")).Code);
        Assert.Contains("GPU_MEMORY_POOLS", (await CliAsync("plan", "--sql")).Output, StringComparison.Ordinal);
        if (!SnowflakeDataSources.HasDriver)
        {
            var (code, _, error) = await CliAsync("apply", "--connection", "account=a;user=u;password=geheim");
            Assert.Equal(ExitCodes.Usage, code);
            Assert.Contains("Snowflake.Data", error, StringComparison.Ordinal);
            Assert.DoesNotContain("geheim", error, StringComparison.Ordinal);
        }
    }
}
