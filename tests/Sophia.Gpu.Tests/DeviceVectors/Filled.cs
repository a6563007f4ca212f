using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>Random vectors with an index on a device.</summary>
internal sealed class Filled : IDisposable
{
    private readonly Random _random = new(17);
    private readonly VectorPages _vectors;
    private readonly DeviceIndex _index;
    private readonly string[] _keys;
    private readonly int _rows;
    private readonly int[] _slots;

    public Filled(SmallDevice device, int rows, int dimensions)
        : this([device], rows, dimensions)
    {
    }

    public Filled(IReadOnlyList<SmallDevice> devices, int rows, int dimensions)
    {
        (_rows, _slots) = (rows, new int[rows]);
        _vectors = new VectorPages(dimensions);
        _index = new DeviceIndex([.. devices.Select(static device => device.Scans)], _vectors);
        _keys = [.. Enumerable.Range(0, rows).Select(i => $"{i:d6}")];
        for (var row = 0; row < rows; row++)
        {
            _slots[row] = _vectors.Add(row, NewVector(_random));
            _index.Changed(_slots[row]);
        }
    }

    /// <summary>True when the device answered; then its answer was that of the exact scan.</summary>
    public bool Search(CancellationToken cancellationToken = default) => Search(NewVector(_random), cancellationToken);

    /// <summary>Its vectors are in memory.</summary>
    public bool HasRows
    {
        get
        {
            try
            {
                return _vectors.Row(0).Length > 0;
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Searches that wait for their turn.</summary>
    public int Waiting => _index.Waiting;

    /// <summary>The same from several threads.</summary>
    public bool Search(int seed) => Search(NewVector(new Random(seed)));

    /// <summary>Gives a row another vector.</summary>
    public void Replace(int row)
    {
        _vectors.Remove(_slots[row]);
        _index.Changed(_slots[row]);
        _slots[row] = _vectors.Add(row, NewVector(_random));
        _index.Changed(_slots[row]);
    }

    public void Dispose()
    {
        _index.Dispose();
        _vectors.Dispose();
    }

    private bool Search(float[] vector, CancellationToken cancellationToken = default)
    {
        using var query = _vectors.Prepare(vector);
        using var pages = _vectors.Take();
        var (top, expected) = (new TopRows(5, new ChunkedRows<string?>(_keys)), new TopRows(5, new ChunkedRows<string?>(_keys)));
        for (var row = 0; row < _rows; row++)
        {
            expected.Offer(row, DotProduct.Exact(query.Floats, _vectors.Row(_slots[row])));
        }

        var answered = _index.TryScan(pages, query, null, top, 5, cancellationToken);
        Assert.Equal(answered ? expected.Rows.ToArray().Order() : [], top.Rows.ToArray().Order());
        return answered;
    }

    private float[] NewVector(Random random) => [.. Enumerable.Range(0, _vectors.Dimensions).Select(_ => (float)((random.NextDouble() * 2) - 1))];
}

/// <summary>What meters counted on this thread and on a device's since it was made.</summary>
internal sealed class Counted : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _sums = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private int _deviceThread;

    public Counted(SmallDevice device, params string[] names)
    {
        device.Call(() => _deviceThread = Environment.CurrentManagedThreadId);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (names.Contains(instrument.Name))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            // Other tests run beside this one.
            if (Environment.CurrentManagedThreadId == _thread || Environment.CurrentManagedThreadId == _deviceThread)
            {
                _sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
            }
        });
        _listener.Start();
    }

    public long this[string name] => _sums.GetValueOrDefault(name);

    public void Dispose() => _listener.Dispose();
}
