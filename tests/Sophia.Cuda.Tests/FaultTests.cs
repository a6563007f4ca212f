using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Tests.Kernels;

namespace Sophia.Gpu.Tests;

/// <summary>What the driver answers at the wrong moment. By themselves: it would be answered to other tests.</summary>
[Collection(nameof(FaultTests))]
[CollectionDefinition(nameof(FaultTests), DisableParallelization = true)]
public sealed class FaultTests : IDisposable
{
    private const int OutOfMemory = 2;

    private readonly StoredRows _stored = new(RowKind.Codes, 64, 300, 1);

    public void Dispose() => StandIn.Heal();

    /// <summary>Of memory, streams and page-locked memory, whichever call comes: kernels need some of each.</summary>
    [Theory]
    [InlineData("cuStreamCreate", 1)]
    [InlineData("cuStreamCreate", 2)]
    [InlineData("cuStreamCreate", 3)]
    [InlineData("cuMemAlloc_v2", 1)]
    [InlineData("cuMemAlloc_v2", 3)]
    [InlineData("cuMemHostRegister_v2", 1)]
    [InlineData("cuModuleLoadDataEx", 4)]
    public void A_call_that_is_refused_once_spoils_nothing_for_later(string function, int number)
    {
        using var device = TestDevice.Open(1 << 26);
        StandIn.Fault(function, OutOfMemory, number);

        _ = device.Check();
        StandIn.Heal();

        Assert.Null(device.Check().Failure);
        Assert.Null(((IlgpuScanner)device.Scanner).Tiles.Failure);
        Finds(device);
    }

    private void Finds(IlgpuDevice device)
    {
        float[][] asked = [_stored.NewQuery(), _stored.NewQuery()];
        var answers = _stored.Scan(device, asked, null, 5);
        for (var i = 0; i < asked.Length; i++)
        {
            RowScanTests.Check(_stored, asked[i], null, 5, answers[i], onTiles: true);
        }
    }
}
