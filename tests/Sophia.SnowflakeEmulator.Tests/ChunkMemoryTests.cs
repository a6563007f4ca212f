using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Queries;

namespace Sophia.SnowflakeEmulator.Tests;

/// <summary>What is counted is the memory of the whole process: no other test may take any meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneInProcess
{
    public const string Name = "Alone in the process";
}

[Collection(AloneInProcess.Name)]
public sealed class ChunkMemoryTests
{
    [Fact]
    public async Task A_million_rows_take_no_more_memory_than_the_first_of_them()
    {
        using var engine = new LocalSnowflake();
        using var session = engine.OpenSession();
        var options = new EmulatorOptions();
        var space = new ChunkSpace(options);
        await session.ExecuteAsync("select 1");
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var result = new QueryResult(options, space);
        result.End(await session.ExecuteAsync("select seq4() as n, uuid_string() as t from table(generator(rowcount => 1000000))", result));

        var after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal((1_000_000, 1000), (result.Total, result.InAnswer));
        Assert.Equal(999_000, result.Chunks.Sum(static c => c.Rows));
        Assert.True(after - before < 4 << 20, $"{after - before} bytes more are held.");
        result.Release();
        Assert.Equal(0, space.Bytes);
    }
}
