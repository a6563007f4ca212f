using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Tests.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>Searches whose view is older than what stands on the device, or came in for another one.</summary>
public sealed class OlderViewsTests : IDisposable
{
    /// <summary>So long that a page has 16 rows, and a unit four pages.</summary>
    private const int Dimensions = 4096;

    private readonly Random _random = new(5);
    private readonly VectorPages _vectors = new(Dimensions);
    private readonly float[] _direction;
    private readonly string[] _keys = [.. Enumerable.Range(0, 200).Select(static i => $"{i:d3}")];

    public OlderViewsTests() => _direction = ShardVector();

    public void Dispose() => _vectors.Dispose();

    /// <summary>The older search is the one that brings the unit in, and leaves zeros where it has no page yet.</summary>
    [Fact]
    public void A_page_that_began_after_the_view_which_brought_its_unit_in_is_found_by_later_searches()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 200, 300);
        using var index = device.Scans.Index(_vectors);
        Add(index, 80, closeness: 1);
        using var older = _vectors.Take();
        Add(index, 16, closeness: 100);

        using (var now = _vectors.Take())
        {
            _ = Search(index, now, Enumerable.Range(0, 10).ToArray());
        }

        Assert.True(Search(index, older, null));
        using var later = _vectors.Take();
        Assert.True(Search(index, later, null));
    }

    /// <summary>Its arrays of pages may have no place for it.</summary>
    [Fact]
    public void A_page_that_began_after_the_view_is_left_to_later_searches()
    {
        using var device = new SmallDevice(TestDevice.Open(1 << 26), 4, 4, pageBytes: 1 << 20);
        using var index = device.Scans.Index(_vectors);
        Add(index, 64, closeness: 1);
        using var older = _vectors.Take();
        Assert.True(Search(index, older, null));
        Add(index, 1, closeness: 100);

        Assert.True(Search(index, older, null));
        using var later = _vectors.Take();
        Assert.True(Search(index, later, null));
    }

    private float[] ShardVector() => [.. Enumerable.Range(0, Dimensions).Select(_ => (float)((_random.NextDouble() * 2) - 1))];

    private void Add(DeviceIndex index, int rows, float closeness)
    {
        for (var i = 0; i < rows; i++)
        {
            index.Changed(_vectors.Add(_vectors.Count, [.. ShardVector().Select((x, at) => x + (_direction[at] * closeness))]));
        }
    }

    /// <summary>True when the device answered; then its answer was that of the exact scan of the view.</summary>
    private bool Search(DeviceIndex index, VectorPages.Lease view, int[]? slots)
    {
        using var query = _vectors.Prepare(_direction);
        var (top, expected) = (new TopRows(1, new ChunkedRows<string?>(_keys)), new TopRows(1, new ChunkedRows<string?>(_keys)));
        for (var slot = 0; slot < view.Used; slot++)
        {
            if (slots?.Contains(slot) != false)
            {
                expected.Offer(slot, DotProduct.Exact(query.Floats, _vectors.Row(slot)));
            }
        }

        var answered = index.TryScan(view, query, slots is null ? default(ReadOnlyMemory<int>?) : slots, top, 1, default);
        Assert.Equal(answered ? expected.Rows.ToArray() : [], top.Rows.ToArray());
        return answered;
    }
}
