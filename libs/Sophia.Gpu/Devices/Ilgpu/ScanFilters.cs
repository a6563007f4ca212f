using System.Runtime.InteropServices;
using ILGPU;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>
/// The filters of a scan's queries in one block for the device: first the rows that any query wants (by which rows are passed over
/// before they are read), then each filter that differs from that, once however many queries have it.
/// </summary>
internal sealed class ScanFilters
{
    private readonly int[] _words;

    public ScanFilters(IReadOnlyList<FilteredQuery> queries)
    {
        _words = new int[queries.Count];
        Array.Fill(_words, -1);
        var filters = queries.Select(static q => q.Filter).OfType<ulong[]>().Distinct(ReferenceEqualityComparer.Instance).Cast<ulong[]>().ToArray();
        HasUnion = queries.All(static q => q.Filter is not null);
        Rows = filters.Length == 0 ? long.MaxValue : filters.Min(static f => f.Length) * 64L;
        if (filters.Length == 0)
        {
            Bits = [];
            return;
        }

        // One filter for all is what any query wants.
        var length = filters.Min(static f => f.Length);
        var bits = new ulong[length * (HasUnion && filters.Length == 1 ? 1 : filters.Length + 1)];
        foreach (var filter in filters)
        {
            for (var i = 0; i < length; i++)
            {
                bits[i] |= filter[i];
            }
        }

        IsOneForAll = HasUnion && filters.Length == 1;
        for (var number = 0; number < filters.Length; number++)
        {
            var at = IsOneForAll ? 0 : (number + 1) * length;
            filters[number].AsSpan(0, length).CopyTo(bits.AsSpan(at));
            for (var i = 0; i < queries.Count; i++)
            {
                _words[i] = ReferenceEquals(queries[i].Filter, filters[number]) ? 2 * at : _words[i];
            }
        }

        Bits = MemoryMarshal.Cast<ulong, uint>(bits).ToArray();
        WordsOfOne = 2 * length;
    }

    /// <summary>Every query has a filter, so that rows which none of them lets through need not be read.</summary>
    public bool HasUnion { get; }

    /// <summary>The union is the filter of each.</summary>
    public bool IsOneForAll { get; }

    /// <summary>Rows that the shortest filter knows.</summary>
    public long Rows { get; }

    /// <summary>None where no query has a filter.</summary>
    public uint[] Bits { get; }

    private int WordsOfOne { get; }

    public bool Has(int query) => _words[query] >= 0;

    /// <summary>Where a query's filter begins, in words; −1 where the union says enough.</summary>
    public int WordOf(int query) => IsOneForAll ? -1 : _words[query];

    /// <summary>The filter of a query alone.</summary>
    public ArrayView<uint> Of(ArrayView<uint> bits, int query) => Has(query) ? bits.SubView(_words[query], WordsOfOne) : bits.SubView(0, 1);
}
