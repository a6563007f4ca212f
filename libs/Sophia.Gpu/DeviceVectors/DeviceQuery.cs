using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>A search as it is put to the devices.</summary>
/// <param name="Query">As the host's scans take it.</param>
/// <param name="Slots">Those that pass the filter; null for all.</param>
/// <param name="Top">Takes rows and exact scores.</param>
/// <param name="Capacity">Rows wanted.</param>
internal sealed record DeviceQuery(PreparedQuery Query, ReadOnlyMemory<int>? Slots, TopRows Top, int Capacity)
{
    /// <summary>A bit for each slot that passes; null for all.</summary>
    public static ulong[]? BitsOf(ReadOnlyMemory<int>? slots, int used)
    {
        if (slots is not { } chosen)
        {
            return null;
        }

        var bits = new ulong[(used + 63) / 64];
        foreach (var slot in chosen.Span)
        {
            bits[slot >> 6] |= 1UL << slot;
        }

        return bits;
    }
}
