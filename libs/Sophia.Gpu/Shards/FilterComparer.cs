using System.Diagnostics.CodeAnalysis;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>Filters are equal when they are written alike: the same parts with the same values in the same order.</summary>
internal sealed class FilterComparer : IEqualityComparer<RecordFilter>
{
    public static readonly FilterComparer Instance = new();

    public bool Equals(RecordFilter? x, RecordFilter? y) =>
        x is null || y is null ? x == y
        : x.KeyPrefix == y.KeyPrefix && x.CreatedFrom == y.CreatedFrom && x.CreatedTo == y.CreatedTo && x.UpdatedFrom == y.UpdatedFrom &&
          x.UpdatedTo == y.UpdatedTo && x.ValidAt == y.ValidAt && x.AllTags.SequenceEqual(y.AllTags) && x.AnyTags.SequenceEqual(y.AnyTags) &&
          x.NoTags.SequenceEqual(y.NoTags) && AreEqual(x.Attributes, y.Attributes);

    public int GetHashCode([DisallowNull] RecordFilter obj)
    {
        var hash = new HashCode();
        hash.Add(obj.KeyPrefix);
        hash.Add(obj.CreatedFrom);
        hash.Add(obj.CreatedTo);
        hash.Add(obj.UpdatedFrom);
        hash.Add(obj.UpdatedTo);
        hash.Add(obj.ValidAt);
        Add(ref hash, obj.AllTags);
        Add(ref hash, obj.AnyTags);
        Add(ref hash, obj.NoTags);
        foreach (var condition in obj.Attributes)
        {
            hash.Add(condition.Name);
            hash.Add(condition.Comparison);
            Add(ref hash, condition.Values);
        }

        return hash.ToHashCode();
    }

    private static bool AreEqual(IReadOnlyList<AttributeCondition> a, IReadOnlyList<AttributeCondition> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (var i = 0; i < a.Count; i++)
        {
            if (a[i].Name != b[i].Name || a[i].Comparison != b[i].Comparison || !a[i].Values.SequenceEqual(b[i].Values))
            {
                return false;
            }
        }

        return true;
    }

    private static void Add<T>(ref HashCode hash, IReadOnlyList<T> values)
    {
        hash.Add(values.Count);
        for (var i = 0; i < values.Count; i++)
        {
            hash.Add(values[i]);
        }
    }
}
