using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Tests.DeviceVectors;
using Sophia.Gpu.Tests.Kernels;

namespace Sophia.Gpu.Tests;

/// <summary>What the driver answers at the wrong moment. By themselves: it would be answered to other tests.</summary>
[Collection(nameof(FaultTests))]
[CollectionDefinition(nameof(FaultTests), DisableParallelization = true)]
public sealed class FaultTests : IDisposable
{
    private const int OutOfMemory = 2;
    private const int IllegalAddress = 700;
    private const int LaunchFailed = 719;

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

    [Theory]
    [InlineData("cuStreamCreate", 1)]
    [InlineData("cuModuleLoadDataEx", 1)]
    public void Kernels_that_are_refused_at_the_start_are_no_end_of_it(string function, int number)
    {
        using var opened = TestDevice.Open(1 << 26);
        StandIn.Fault(function, OutOfMemory, number);

        using var device = new SmallDevice(opened, 16, 64);

        Assert.True(device.Scans.Gate.IsOpen);
    }

    /// <summary>Page-locked memory that the failed device did not give back must not be another's: the tests that come after this one would be refused.</summary>
    [Theory]
    [InlineData(LaunchFailed, 1)]
    [InlineData(IllegalAddress, 5)]
    public void After_an_error_of_a_kernel_the_device_has_failed_for_good_and_others_work(int code, int launch)
    {
        using (var device = TestDevice.Open(1 << 26))
        {
            Assert.Null(device.Check().Failure);
            StandIn.Fault("cuLaunchKernel", code, launch);

            var failure = Assert.Throws<DeviceFailedException>(() => Finds(device));
            StandIn.Heal();

            Assert.True(failure.IsLasting);
            var check = device.Check();
            Assert.NotNull(check.Failure);
            Assert.True(check.IsLasting);
        }

        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            using var other = TestDevice.Open(1 << 26);
            Finds(other);
        }
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
