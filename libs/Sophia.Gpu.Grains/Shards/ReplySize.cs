using System.Buffers;
using System.Text;
using Orleans.Concurrency;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Shards;

/// <summary>
/// What a reply takes between processes. Orleans sends none above 100 MiB: it closes the connection without a word, with the calls of all others
/// on it, and the caller would ask again and again.
/// </summary>
internal static class ReplySize
{
    /// <summary>Bytes, with something to spare for what is estimated.</summary>
    public const long Most = 80L << 20;

    private const int RowBytes = 110, VectorBytes = 64, HitBytes = 512, NamedBytes = 96;

    /// <summary>About so many bytes; of what is long, not less than it takes.</summary>
    public static long Of(ShardReply reply)
    {
        var bytes = 0L;
        if (reply.Part is { } part)
        {
            foreach (var row in part.Rows)
            {
                var key = Encoding.UTF8.GetByteCount(row.Key);
                bytes += RowBytes + key + (row.Terms.Count * sizeof(int)) + (row.Place is { } place ? NamedBytes + key + Encoding.UTF8.GetByteCount(place.Name) : 0);
            }

            foreach (var vector in part.Vectors)
            {
                bytes += VectorBytes + ((long)vector.Vector.Length * sizeof(float));
            }

            bytes = bytes / 3 * 4;
        }

        foreach (var hit in reply.Answer?.Hits ?? [])
        {
            bytes += HitBytes + Json(hit.Key) + NeighboursOf(hit.Before) + NeighboursOf(hit.After);
            foreach (var folded in hit.Folded)
            {
                bytes += NamedBytes + Json(folded.Key);
            }
        }

        return bytes;
    }

    /// <summary>The reply, or that it is too large.</summary>
    public static Immutable<ShardReply> Within(ShardReply reply) => new(Of(reply) <= Most ? reply : Refuse(reply));

    public static ShardReply Refuse(ShardReply reply) => new(ShardOutcome.TooLarge, null, reply.Seen, reply.Records)
    {
        Reason = $"What it found takes about {Of(reply) >> 20:N0} MiB; nodes send each other {Most >> 20:N0} at most.",
    };

    private static long NeighboursOf(IReadOnlyList<NeighbourKey> keys)
    {
        var bytes = 0L;
        foreach (var neighbour in keys)
        {
            bytes += NamedBytes + Json(neighbour.Key);
        }

        return bytes;
    }

    // JSON writes what is not ASCII, and some of what is, as six characters.
    private static long Json(string key) => key.AsSpan().ContainsAnyExcept(Plain) ? key.Length * 6L : key.Length;

    private static readonly SearchValues<char> Plain = SearchValues.Create(" !#$%()*,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~");
}
