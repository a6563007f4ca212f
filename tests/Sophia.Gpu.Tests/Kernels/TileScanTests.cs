using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>
/// Many queries at once. The tile products are taken apart into exchanges between 32 simulated lanes, by the layout that the
/// PTX ISA gives, so the kernels' places for rows, queries and sums are what is tested here, though no tensor core is there.
/// </summary>
public sealed class TileScanTests(TileScanTests.Shared shared) : IClassFixture<TileScanTests.Shared>
{
    private readonly IlgpuDevice _device = shared.Device;

    public static TheoryData<RowKind> Kinds => [RowKind.Halves, RowKind.Codes];

    [Fact]
    public void They_are_used_where_they_agree_with_plain_arithmetic_and_not_where_warps_are_smaller()
    {
        Assert.Null(((IlgpuScanner)_device.Scanner).Tiles.Failure);
        using var small = IlgpuDevice.Simulated(1 << 20);
        Assert.Equal("its warps are not of 32 lanes", ((IlgpuScanner)small.Scanner).Tiles.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void More_queries_than_a_warp_takes_are_shared_between_warps(RowKind kind)
    {
        var stored = new StoredRows(kind, 20, 33, 3);
        var asked = Enumerable.Range(0, 34).Select(_ => stored.NewQuery()).ToArray();
        var answers = stored.Scan(_device, asked, null, 3);
        for (var i = 0; i < asked.Length; i++)
        {
            RowScanTests.Check(stored, asked[i], null, 3, answers[i], onTiles: true);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_query_gets_its_own_best_rows(RowKind kind) =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[1, 80], Gen.Int[2, 20], Gen.Int[1, 20], Gen.Int[0, 1 << 20]).Sample((dimensions, rows, queries, best, seed) =>
        {
            var stored = new StoredRows(kind, dimensions, rows, seed);
            var asked = Enumerable.Range(0, queries).Select(_ => stored.NewQuery()).ToArray();
            var filters = stored.NewFilters(queries, seed);

            var answers = stored.ScanEach(_device, asked, filters, best);

            for (var i = 0; i < queries; i++)
            {
                RowScanTests.Check(stored, asked[i], filters[i], best, answers[i], onTiles: true);
            }
        }, iter: TestDevice.TileSamples, threads: 1);

    /// <summary>Its kernels take seconds to be made, so one device serves all tests.</summary>
    public sealed class Shared : IDisposable
    {
        internal IlgpuDevice Device { get; } = TestDevice.Open(1 << 26, hasTensorCores: true);

        public void Dispose() => Device.Dispose();
    }
}
