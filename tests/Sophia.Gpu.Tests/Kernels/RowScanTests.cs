using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>The scan kernels on ILGPU's CPU accelerator, against double precision.</summary>
public sealed class RowScanTests : IDisposable
{
    private readonly IlgpuDevice _device = TestDevice.Open(1 << 26);

    public static TheoryData<RowKind> Kinds => [RowKind.Floats, RowKind.Halves, RowKind.Codes];

    /// <summary>A GPU has tensor cores, which several queries go to, and a wider bound with them.</summary>
    private bool HasTiles => ((IlgpuScanner)_device.Scanner).Tiles.Failure is null;

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void No_row_that_is_left_out_can_be_better_than_the_bound_says(RowKind kind) =>
        Gen.Select(Gen.Int[1, 150], Gen.Int[1, 400], Gen.Int[1, 3], Gen.Int[1, 40], Gen.Int[0, 1 << 20]).Sample((dimensions, rows, queries, best, seed) =>
        {
            var stored = new StoredRows(kind, dimensions, rows, seed);
            var asked = Enumerable.Range(0, queries).Select(_ => stored.NewQuery()).ToArray();
            var filters = stored.NewFilters(queries, seed);

            var answers = stored.ScanEach(_device, asked, filters, best);

            for (var i = 0; i < queries; i++)
            {
                Check(stored, asked[i], filters[i], best, answers[i], onTiles: queries > 1 && kind != RowKind.Floats && HasTiles);
            }
        }, iter: 12, threads: 1);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Long_rows_are_scanned_like_short_ones(RowKind kind)
    {
        foreach (var dimensions in new[] { 768, 1024, 4096 })
        {
            var stored = new StoredRows(kind, dimensions, 50, dimensions);
            var query = stored.NewQuery();
            Check(stored, query, null, 5, stored.Scan(_device, [query], null, 5)[0]);
        }
    }

    [Fact]
    public void Equal_rows_are_returned_as_many_as_asked_for_and_each_once()
    {
        var stored = new StoredRows(RowKind.Codes, 64, 300, 1, row => [.. Enumerable.Repeat(1f, 64)]);
        var query = stored.Vectors[0];
        foreach (var best in new[] { 1, 7, 299, 300, 1000 })
        {
            var answer = stored.Scan(_device, [query], null, best)[0];
            Assert.Equal(Math.Min(best, stored.Living), answer.Rows.Length);
            Assert.Equal(answer.Rows.Length, answer.Rows.Distinct().Count());
        }
    }

    [Fact]
    public void Rows_of_the_smallest_numbers_and_of_zeros_have_a_bound_too()
    {
        foreach (var kind in new[] { RowKind.Floats, RowKind.Halves, RowKind.Codes })
        {
            var stored = new StoredRows(kind, 33, 200, 5, row => [.. Enumerable.Range(0, 33).Select(i => row % 3 == 0 ? 0f : i == 0 ? 1f : row % 3 == 1 ? float.Epsilon * i : 1e-38f * row)]);
            foreach (var query in new[] { stored.Vectors[1], stored.Vectors[2], stored.Vectors[0] })
            {
                Check(stored, query, null, 10, stored.Scan(_device, [query], null, 10)[0]);
            }
        }
    }

    /// <summary>A scale that was damaged says nothing of its row; it must not take the row, or the place of another, from the answer.</summary>
    [Theory]
    [InlineData(0x7fc00000)]
    [InlineData(unchecked((int)0xffc00001))]
    public void A_row_whose_bound_is_no_number_may_be_the_best(int bits)
    {
        const int Rows = 200;
        const int Damaged = 77;
        var random = new Random(1);
        var shape = new RowPages(RowKind.Codes, RowPages.RowBytesOf(RowKind.Codes, 64), 64, 4, new long[] { 0 }, 0, Rows);
        var page = new byte[shape.UnitBytes];
        for (var row = 0; row < Rows; row++)
        {
            var at = page.AsSpan((int)(row / 64 * shape.PageBytes), (int)shape.PageBytes);
            var vector = Enumerable.Range(0, 64).Select(_ => (float)((random.NextDouble() * 2) - 1)).ToArray();
            RowPage.Set(shape, at, row % 64, StoredRows.Unit(vector), row);
            if (row == Damaged)
            {
                System.Runtime.InteropServices.MemoryMarshal.Write(at[((shape.RowBytes * 64) + (row % 64 * sizeof(float)))..], bits);
            }
        }

        using var memory = _device.Reserve(page.Length);
        memory.Write(0, page);
        var query = ScanQuery.Of(RowKind.Codes, StoredRows.Unit([.. Enumerable.Repeat(1f, 64)]), shape.RowBytes);
        using var scan = ((IRowScanner)_device.Scanner).Begin([query], null, 3);
        scan.Scan(memory, shape);
        var best = Assert.Single(scan.Finish());

        Assert.Equal(3, best.Rows.Length);
        Assert.Equal(float.PositiveInfinity, best.Uppers[Array.IndexOf(best.Rows, Damaged)]);
        Assert.Equal(2, best.Uppers.Count(float.IsFinite));
    }

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        var stored = new StoredRows(RowKind.Codes, 64, 100, 1);
        var query = stored.NewQuery();
        using (var scan = _device.Scanner.Begin([ScanQuery.Of(RowKind.Halves, query, 128)], null, 1))
        {
            using var memory = _device.Reserve(1 << 20);
            Assert.Throws<ArgumentException>(() => scan.Scan(memory, stored.Shape([0])));
        }

        using (var scan = _device.Scanner.Begin([ScanQuery.Of(RowKind.Codes, query, 64)], new ulong[1], 1))
        {
            using var memory = _device.Reserve(1 << 20);
            Assert.Throws<ArgumentException>(() => scan.Scan(memory, stored.Shape([0]) with { Units = new long[] { 8 } }));
            Assert.Throws<ArgumentException>(() => scan.Scan(memory, stored.Shape([0]) with { Units = new long[] { 1 << 20 } }));
            Assert.Throws<ArgumentException>(() => scan.Scan(memory, stored.Shape([0, 4096, 8192, 16384]) with { Rows = 100 }));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => _device.Scanner.Begin([ScanQuery.Of(RowKind.Codes, query, 64)], null, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _device.Scanner.Begin([], null, 1));
    }

    internal static void Check(StoredRows stored, float[] query, ulong[]? filter, int best, BestRows answer, bool onTiles = false)
    {
        var exact = stored.Vectors.Select(v => StoredRows.Exact(v, query)).ToArray();
        var wanted = Enumerable.Range(0, stored.Rows).Where(row => stored.IsWanted(row, filter)).ToHashSet();
        Assert.Equal(Math.Min(best, wanted.Count), answer.Rows.Length);
        Assert.Equal(answer.Rows.Length, answer.Rows.Distinct().Count());
        for (var i = 0; i < answer.Rows.Length; i++)
        {
            Assert.Contains(answer.Rows[i], wanted);
            Assert.InRange(answer.Uppers[i], exact[answer.Rows[i]], exact[answer.Rows[i]] + stored.WidthOf(answer.Rows[i], query, onTiles));
        }

        var left = wanted.Except(answer.Rows).ToArray();
        Assert.True(left.Length == 0 || left.Max(row => exact[row]) <= answer.Uppers.Min(), "A row that was left out is better than the bound says.");
    }
}
