using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.StaticModels;

/// <summary>The rows of a token matrix in its file, which are the same ones whenever they are read, or the file is refused.</summary>
internal sealed class TokenRows(SafetensorsFile file, SafetensorsEntry tensor)
{
    private const int BlockBytes = 4 << 20;

    private readonly Lock _lock = new();
    private byte[]? _digest;
    private (long Length, DateTime WrittenAt) _stamp;

    public string Path => file.Path;

    public string Name => tensor.Name;

    public int Count => (int)tensor.Shape[0];

    public int Width => (int)tensor.Shape[1];

    public long Bytes => (long)Count * Width * sizeof(float);

    /// <summary>Reads all rows, a few MiB at a time, and sees at the end whether they are those that were read before.</summary>
    /// <returns>Whole rows, each time in the same memory.</returns>
    /// <exception cref="SafetensorsException">A component is not finite, or the rows are not those that were read before.</exception>
    /// <exception cref="IOException"/>
    /// <exception cref="UnauthorizedAccessException"/>
    public IEnumerable<ReadOnlyMemory<float>> ReadAll()
    {
        using var open = File.OpenRead(Path);
        foreach (var rows in ReadAll(open))
        {
            yield return rows;
        }
    }

    /// <summary>Reads all rows, to see whether they can be and are those that were read before.</summary>
    /// <inheritdoc cref="ReadAll()"/>
    public void Verify()
    {
        using var open = File.OpenRead(Path);
        Verify(open);
    }

    private void Verify(FileStream open)
    {
        foreach (var _ in ReadAll(open))
        {
        }
    }

    private IEnumerable<ReadOnlyMemory<float>> ReadAll(FileStream open)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var stamp = StampOf(open);
        var rowsAtOnce = Math.Max(1, BlockBytes / (Width * sizeof(float)));
        var block = new float[rowsAtOnce * Width];
        for (var row = 0; row < Count; row += rowsAtOnce)
        {
            var values = block.AsMemory(0, Math.Min(rowsAtOnce, Count - row) * Width);
            SafetensorsFile.ReadRows(open, tensor, row, values.Span);
            foreach (var value in values.Span)
            {
                if (!float.IsFinite(value))
                {
                    throw new SafetensorsException($"'{Path}' has a component in rows {row:N0} to {Math.Min(row + rowsAtOnce, Count):N0} that is not a finite number of 32 bits.");
                }
            }

            hash.AppendData(MemoryMarshal.AsBytes(values.Span));
            yield return values;
        }

        // Vectors of another matrix could not be compared with those that were made: the model's identity has the file's first bytes.
        var digest = hash.GetHashAndReset();
        lock (_lock)
        {
            if (_digest is not null && !_digest.AsSpan().SequenceEqual(digest))
            {
                throw Changed();
            }

            (_digest, _stamp) = (digest, stamp);
        }
    }

    /// <summary>The mean of the rows of each group, by the processor; zeros for an empty one.</summary>
    /// <param name="ids">Of all groups, one after the other.</param>
    /// <param name="ends">Where each group ends.</param>
    /// <returns>Groups × width.</returns>
    /// <inheritdoc cref="ReadAll()"/>
    public float[] Mean(ReadOnlySpan<int> ids, ReadOnlySpan<int> ends)
    {
        using var open = File.OpenRead(Path);
        var stamp = StampOf(open);
        if (!IsAsRead(stamp))
        {
            Verify(open);
        }

        var (means, row, mean) = (new float[ends.Length * Width], new float[Width], new RowMean(Width));
        for (var (group, at) = (0, 0); group < ends.Length; group++)
        {
            for (; at < ends[group]; at++)
            {
                SafetensorsFile.ReadRows(open, tensor, ids[at], row);
                mean.Add(row);
            }

            mean.Take(means.AsSpan(group * Width, Width));
        }

        return StampOf(open) == stamp ? means : throw Changed();
    }

    private SafetensorsException Changed() => new($"'{Path}' was changed while it was in use. Restart, and the model counts as another one.");

    private bool IsAsRead((long, DateTime) stamp)
    {
        lock (_lock)
        {
            return _digest is not null && stamp == _stamp;
        }
    }

    private static (long Length, DateTime WrittenAt) StampOf(FileStream open) => (open.Length, File.GetLastWriteTimeUtc(open.SafeFileHandle));
}
