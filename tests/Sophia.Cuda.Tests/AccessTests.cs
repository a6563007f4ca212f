using System.Text.Json;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Tests.Kernels;

namespace Sophia.Gpu.Tests;

/// <summary>What scans read, counted: a scan is as fast as the bytes that it needs, if it reads no others. By themselves, since counts are of all kernels.</summary>
[Collection(nameof(AccessTests))]
[CollectionDefinition(nameof(AccessTests), DisableParallelization = true)]
public sealed class AccessTests
{
    private const int Rows = 4096;
    private const int Sector = 32;

    /// <summary>768 components: 16 bytes of each row a lane, of a whole number of sectors a warp, and of no row twice.</summary>
    [Theory]
    [InlineData(RowKind.Floats, 1)]
    [InlineData(RowKind.Halves, 1)]
    [InlineData(RowKind.Codes, 1)]
    [InlineData(RowKind.Halves, 2)]
    [InlineData(RowKind.Codes, 2)]
    public void Each_byte_of_a_row_is_read_once_in_whole_sectors(RowKind kind, int queries)
    {
        using var device = TestDevice.Open(1 << 26);
        var stored = new StoredRows(kind, 768, Rows, 3);
        var asked = Enumerable.Range(0, queries).Select(_ => stored.NewQuery()).ToArray();
        _ = stored.Scan(device, asked, null, 1);
        StandIn.ResetCounts();

        _ = stored.Scan(device, asked, null, 1);

        using var counts = StandIn.Counts();
        var scan = Assert.Single(
            counts.RootElement.GetProperty("kernels").EnumerateObject(), kernel => kernel.Name.Contains("Float", StringComparison.Ordinal) || kernel.Name.Contains("Int8", StringComparison.Ordinal)).Value;
        var rowBytes = (long)RowPages.RowBytesOf(kind, 768);
        var loads = scan.GetProperty("globalAccesses").EnumerateArray().Where(one => one.GetProperty("instruction").GetString() == "ld.global.v4.b32").Select(Of).ToList();

        // Eight of them are of rows: those with the most sectors, and all alike.
        var rows = loads.OrderByDescending(static load => load.Sectors).Take(8).ToList();
        Assert.Equal(Rows * rowBytes, rows.Sum(static load => load.Bytes));
        Assert.All(rows, load => Assert.Equal(load.Bytes, load.Sectors * Sector));
        Assert.Equal(0, scan.GetProperty("bankConflicts").GetInt64());
    }

    private static (long Bytes, long Sectors) Of(JsonElement access) => (access.GetProperty("of").GetProperty("bytes").GetInt64(), access.GetProperty("of").GetProperty("sectors").GetInt64());
}
