using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.StaticModels;

/// <summary>
/// The matrix of a static embedding model, a row of float32 for each token, in the models pool of a device. It is pinned while
/// it is used; between uses the pool may evict it for another model, and the next use reads it from its file again. While the device is
/// left out, late, fails, or has no room, the processor makes the means from the file.
/// </summary>
internal sealed class TokenMatrix : IDisposable
{
    // Far above the least normal float32, 1.2e-38: what a kernel rounds away of a sum is below the last bit of so much.
    private const double LeastLength = 1e-30;

    private static readonly Meter Meter = new(TierMeters.SourceName);
    private static readonly Counter<long> ByProcessor = Meter.CreateCounter<long>(
        "sophia.model.by_processor", "{call}",
        "Calls of a static model on a device whose means the processor made from the model's file, since the device was left out, late, failed or had no room.");

    private readonly Lock _lock = new();
    private readonly TokenRows _rows;
    private readonly PooledDevice _device;
    private readonly PagePool _pool;
    private PageRun? _run;

    private TokenMatrix(TokenRows rows, PooledDevice device) => (_rows, _device, _pool) = (rows, device, device[PoolKind.Models]);

    public int Rows => _rows.Count;

    public int Width => _rows.Width;

    /// <summary>True where tokens that the vocabulary does not have are left out, as model2vec does; its tensor is named embeddings.</summary>
    public bool LeavesOutUnknown => _rows.Name == "embeddings";

    /// <summary>Finds the matrix in the file and loads it once, to see that it can be.</summary>
    /// <exception cref="ArgumentException">The file has no such matrix, or the pool has no room.</exception>
    /// <exception cref="SafetensorsException"/>
    public static TokenMatrix Open(string path, PooledDevice device)
    {
        var file = SafetensorsFile.Open(path);
        if (file.Tensors.ContainsKey("mapping") || file.Tensors.ContainsKey("weights"))
        {
            throw new ArgumentException($"'{path}' has a mapping or weights of tokens beside its matrix, which is not supported. Export the model without quantising its vocabulary.");
        }

        var matrices = file.Tensors.Values.Where(t => t.Shape.Count == 2 && t.Type.IsFloating()).ToList();
        var tensor = matrices.Find(t => t.Name is "embeddings" or "embedding.weight") ?? (matrices.Count == 1 ? matrices[0] : null) ?? throw new ArgumentException(
            $"'{path}' has {matrices.Count} matrices of floating numbers ({string.Join(", ", matrices.Select(m => m.Name).Take(5))}) and none named embeddings or embedding.weight. A static embedding model has one.");
        if (tensor.Shape[0] is < 1 or > 10_000_000 || tensor.Shape[1] is < 1 or > 4096)
        {
            throw new ArgumentException($"The matrix of '{path}' is {tensor.Shape[0]:N0} × {tensor.Shape[1]:N0}; 1 to 10,000,000 tokens of 1 to 4,096 components are taken.");
        }

        var matrix = new TokenMatrix(new TokenRows(file, tensor), device);
        var hasRoom = matrix.Pages <= matrix._pool.Pages;
        if (hasRoom && !matrix.TryOnDevice(() =>
        {
            if (matrix.TryPin() is { } run)
            {
                matrix._pool.Unpin(run);
            }
            else
            {
                hasRoom = false;
            }
        }))
        {
            // The file is read in any case, to see whether it is right; the device is tried with the next use.
            matrix._rows.Verify();
        }

        return hasRoom ? matrix : throw new ArgumentException(
            $"The matrix of '{path}' takes {matrix._rows.Bytes:N0} bytes, for which the pool {matrix._pool.Name} ({matrix._pool.Memory.Bytes:N0}) has no room. Raise Sophia:Gpu:ModelsBytes.");
    }

    /// <summary>Of the pool, that it takes.</summary>
    private long Pages => (_rows.Bytes + _pool.PageBytes - 1) / _pool.PageBytes;

    /// <summary>The mean of the rows of each text's tokens; zeros for a text without tokens.</summary>
    /// <param name="ids">Of all texts, one after the other; the matrix's from now on, since a device that hangs may read them yet.</param>
    /// <param name="ends">Where each text's ids end; likewise.</param>
    /// <returns>A row for each text.</returns>
    /// <exception cref="ModelCallException">The file cannot be read again, or is another one.</exception>
    public float[] Mean(int[] ids, int[] ends)
    {
        try
        {
            float[]? made = null;
            // Where another model is being loaded the processor is done before.
            if (TryOnDevice(() => made = TryMean(ids, ends), DeviceThread.Patience) && made is not null)
            {
                return made;
            }

            ByProcessor.Add(1);
            return _rows.Mean(ids, ends);
        }
        catch (Exception error) when (error is IOException or SafetensorsException or UnauthorizedAccessException)
        {
            throw new ModelCallException($"Its matrix cannot be loaded again: {error.Message}", error);
        }
    }

    /// <summary>Null when the pool has no room for it now, since other models are at work there.</summary>
    private float[]? TryMean(int[] ids, int[] ends)
    {
        if (TryPin() is not { } run)
        {
            return null;
        }

        try
        {
            var means = new float[ends.Length * Width];
            _device.Device.MeanRows(_pool.Memory, run.Offset, Width, ids, ends, means);
            if (IsOnGpu)
            {
                MendExtremes(run, ids, ends, means);
            }

            return means;
        }
        finally
        {
            _pool.Unpin(run);
        }
    }

    /// <summary>
    /// A kernel adds float32, whose sums of large values are infinite and of tiny ones rounded away. Such a mean is not of finite length, or
    /// of next to none, and is made anew here of the rows on the device.
    /// </summary>
    private void MendExtremes(PageRun run, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means)
    {
        var begin = 0;
        for (var group = 0; group < ends.Length; group++)
        {
            var mean = means.Slice(group * Width, Width);
            if (ends[group] > begin && UnitVector.Length(mean) is not (>= LeastLength and < double.PositiveInfinity))
            {
                var row = new float[Width];
                var exact = new RowMean(Width);
                foreach (var id in ids[begin..ends[group]])
                {
                    _pool.Memory.Read(run.Offset + ((long)id * Width * sizeof(float)), MemoryMarshal.AsBytes(row.AsSpan()));
                    _device.Models.Progressed();
                    exact.Add(row);
                }

                exact.Take(mean);
            }

            begin = ends[group];
        }
    }

    public void Dispose()
    {
        if (!IsOnGpu)
        {
            Free();
            return;
        }

        // Where its thread was ended it goes with the device.
        _ = _device.Models.TryPost(() =>
        {
            try
            {
                ClosingGate(Free);
            }
            catch (Exception error) when (error is DeviceFailedException or DeviceMemoryException)
            {
                // What the device does not take back goes with the process.
            }
        });
    }

    private bool IsOnGpu => _device.Device.Facts.Kind != DeviceKind.Host;

    private void Free()
    {
        lock (_lock)
        {
            if (_run is { } run)
            {
                _pool.Free(run);
            }
        }
    }

    /// <summary>Calls it where the device may be called. False when it does not answer, or cannot.</summary>
    /// <param name="atMost">As of <see cref="DeviceThread.TryCall"/>.</param>
    private bool TryOnDevice(Action call, TimeSpan? atMost = null)
    {
        try
        {
            if (IsOnGpu)
            {
                return _device.Gate.IsOpen && _device.Models.TryCall(() => ClosingGate(call), atMost);
            }

            // Host memory cannot hang.
            call();
            return true;
        }
        catch (Exception error) when (error is DeviceFailedException or DeviceMemoryException)
        {
            return false;
        }
    }

    // There, since who waits may have left.
    private void ClosingGate(Action call)
    {
        try
        {
            call();
        }
        catch (DeviceFailedException error)
        {
            _device.Gate.Close(error);
            throw;
        }
    }

    /// <summary>Null when the pool has no room for it now.</summary>
    private PageRun? TryPin()
    {
        lock (_lock)
        {
            if (_run is null || !_pool.TryPin(_run))
            {
                _run = TryLoad();
            }

            if (_run is not null)
            {
                _pool.Touch(_run);
            }

            return _run;
        }
    }

    /// <summary>Reads the matrix into pages, pinned; null when the pool has no room for it now.</summary>
    private PageRun? TryLoad()
    {
        if (_pool.AllocateEvicting((int)Pages, "another model", _ => _device.Models.Progressed()) is not { } run || !_pool.TryPin(run))
        {
            // Not there, or another model had it evicted before it was pinned.
            return null;
        }

        try
        {
            using var rows = _rows.ReadAll().GetEnumerator();
            for (var offset = run.Offset; MoveNext(rows);)
            {
                var bytes = MemoryMarshal.AsBytes(rows.Current.Span);
                _pool.Memory.Write(offset, bytes);
                offset += bytes.Length;
            }

            return run;
        }
        catch
        {
            _pool.Unpin(run);
            _pool.Free(run);
            throw;
        }
    }

    // A file that stalls is not the device's fault.
    private bool MoveNext(IEnumerator<ReadOnlyMemory<float>> rows)
    {
        using var reading = _device.Models.Aside();
        return rows.MoveNext();
    }
}
