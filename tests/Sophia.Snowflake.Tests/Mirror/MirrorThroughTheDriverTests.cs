#if SNOWFLAKE_DATA
using System.Data.Common;
using Sophia.Snowflake.Connecting;
using Sophia.SnowflakeEmulator.Tests;

namespace Sophia.Snowflake.Tests.Mirror;

/// <summary>All that is asked of the mirror, with Snowflake.Data between it and a Snowflake that is served over the drivers' protocol.</summary>
public sealed class MirrorThroughTheDriverTests : MirrorTests
{
    private readonly RunningEmulator _emulator = new();

    protected override async Task<DbDataSource?> AccountAsync()
    {
        await _emulator.InitializeAsync();
        return SnowflakeDataSources.Open(_emulator.ConnectionString, null);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _emulator.DisposeAsync();
        _emulator.Dispose();
    }
}
#else
namespace Sophia.Snowflake.Tests.Mirror;

public sealed class MirrorThroughTheDriverTests
{
    [Fact(Skip = "Snowflake.Data is not part of this build: -p:UseSnowflakeData=true on a feed that has it. The tests of the mirror ran without a driver.")]
    public void All_tests_of_the_mirror_through_the_driver()
    {
    }
}
#endif
