using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.StaticModels;

/// <summary>
/// The matrix of a static embedding model, a row of float32 for each token, in the models pool of a device. It is pinned while
/// it is used; between uses the pool may evict it for another model, and the next use reads it from its file again.
/// </summary>
internal sealed class TokenMatrix : IDisposable
{
    private const int BlockBytes = 4 << 20;

    // Far above the least normal float32, 1.2e-38: what a kernel rounds away of a sum is below the last bit of so much.
    private const double LeastLength = 1e-30;

    private readonly Lock _lock = new();
    private readonly SafetensorsFile _file;
    private readonly SafetensorsEntry _tensor;
    private readonly PooledDevice _device;
    private readonly PagePool _pool;
    private byte[]? _digest;
    private PageRun? _run;

    private TokenMatrix(SafetensorsFile file, SafetensorsEntry tensor, PooledDevice device) =>
        (_file, _tensor, _device, _pool) = (file, tensor, device, device[PoolKind.Models]);

    public int Rows => (int)_tensor.Shape[0];

    public int Width => (int)_tensor.Shape[1];

    /// <summary>True where tokens that the vocabulary does not have are left out, as model2vec does; its tensor is named embeddings.</summary>
    public bool LeavesOutUnknown => _tensor.Name == "embeddings";

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

        var matrix = new TokenMatrix(file, tensor, device);
        try
        {
            // One that is late, or has no memory, as it was said to whoever asked for it: the next use tries it again.
            _ = matrix.TryOnDevice(() => matrix._pool.Unpin(matrix.TryPin() ?? throw new ArgumentException($"{matrix.NoRoom} Raise Sophia:Gpu:ModelsBytes.")));
        }
        catch (DeviceFailedException error)
        {
            // The file is right. The next use tries it again, or says that the device is left out.
            device.Gate.Close(error);
        }
        catch (DeviceMemoryException)
        {
        }

        return matrix;
    }

    /// <summary>The mean of the rows of each text's tokens; zeros for a text without tokens.</summary>
    /// <param name="ids">Of all texts, one after the other.</param>
    /// <param name="ends">Where each text's ids end.</param>
    /// <param name="means">A row for each text. After an exception nobody may use the arrays: a device that hangs may write there yet.</param>
    /// <exception cref="ModelCallException">
    /// Passing: the device is left out, late, fails, has no memory for it now, or its pool no room. Else the file cannot be read again, or is another one.
    /// </exception>
    public void Mean(int[] ids, int[] ends, float[] means)
    {
        if (!_device.Gate.IsOpen)
        {
            throw Passing($"The device {_device.Name} is left out: {_device.Gate.Failure}");
        }

        try
        {
            if (!TryOnDevice(() => MeanThere(ids, ends, means)))
            {
                throw Passing($"The device {_device.Name} has not answered for {_device.StandsStill.TotalSeconds:N0} s.");
            }
        }
        catch (DeviceFailedException error)
        {
            _device.Gate.Close(error);
            throw Passing($"The device {_device.Name} failed: {error.Message}", error);
        }
        catch (DeviceMemoryException error)
        {
            throw Passing($"The device {_device.Name} has no memory for it now: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or SafetensorsException or UnauthorizedAccessException)
        {
            throw new ModelCallException($"Its matrix cannot be loaded again: {error.Message}", error);
        }
    }

    private void MeanThere(int[] ids, int[] ends, float[] means)
    {
        var run = TryPin() ?? throw Passing($"{NoRoom} Other models are at work there.");
        try
        {
            _device.Device.MeanRows(_pool.Memory, run.Offset, Width, ids, ends, means);
            if (IsOnGpu)
            {
                MendExtremes(run, ids, ends, means);
            }
        }
        finally
        {
            _pool.Unpin(run);
        }
    }

    private bool IsOnGpu => _device.Device.Facts.Kind != DeviceKind.Host;

    /// <summary>Host memory cannot hang. False when the device is late.</summary>
    private bool TryOnDevice(Action call)
    {
        if (IsOnGpu)
        {
            return _device.Models.TryCall(call);
        }

        call();
        return true;
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
                    exact.Add(row);
                }

                exact.Take(mean);
            }

            begin = ends[group];
        }
    }

    public void Dispose()
    {
        if (IsOnGpu)
        {
            // Where its thread was ended it goes with the device.
            _ = _device.Models.TryPost(() =>
            {
                try
                {
                    Free();
                }
                catch (DeviceFailedException error)
                {
                    _device.Gate.Close(error);
                }
            });
        }
        else
        {
            Free();
        }
    }

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

    private string NoRoom => $"The matrix of '{_file.Path}' takes {(long)Rows * Width * sizeof(float):N0} bytes, for which the pool {_pool.Name} ({_pool.Memory.Bytes:N0}) has no room.";

    private static ModelCallException Passing(string message, Exception? error = null) => new(message, error) { IsPassing = true };

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
        var pages = (((long)Rows * Width * sizeof(float)) + _pool.PageBytes - 1) / _pool.PageBytes;
        if (pages > _pool.Pages || _pool.AllocateEvicting((int)pages, "another model", static _ => { }) is not { } run || !_pool.TryPin(run))
        {
            // Not there, or another model had it evicted before it was pinned.
            return null;
        }

        try
        {
            Fill(run);
            return run;
        }
        catch
        {
            _pool.Unpin(run);
            _pool.Free(run);
            throw;
        }
    }

    private void Fill(PageRun run)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.OpenRead(_file.Path);
        var rowsAtOnce = Math.Max(1, BlockBytes / (Width * sizeof(float)));
        var block = new float[rowsAtOnce * Width];
        for (var row = 0; row < Rows; row += rowsAtOnce)
        {
            var values = block.AsSpan(0, Math.Min(rowsAtOnce, Rows - row) * Width);
            SafetensorsFile.ReadRows(file, _tensor, row, values);
            foreach (var value in values)
            {
                if (!float.IsFinite(value))
                {
                    throw new SafetensorsException($"'{_file.Path}' has a component in rows {row:N0} to {Math.Min(row + rowsAtOnce, Rows):N0} that is not a finite number of 32 bits.");
                }
            }

            var bytes = MemoryMarshal.AsBytes(values);
            hash.AppendData(bytes);
            _pool.Memory.Write(run.Offset + ((long)row * Width * sizeof(float)), bytes);
            _device.Models.Progressed();
        }

        // Vectors of another matrix could not be compared with those that were made: the model's identity has the file's first bytes.
        var digest = hash.GetHashAndReset();
        _digest = _digest is null || _digest.AsSpan().SequenceEqual(digest)
            ? digest
            : throw new SafetensorsException($"'{_file.Path}' was changed while it was in use. Restart, and the model counts as another one.");
    }
}
