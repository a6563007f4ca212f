namespace Sophia.Memory.Caching;

/// <summary>What the near copy looks records up by.</summary>
internal readonly record struct NearKey(long NamespaceId, string Key)
{
    /// <summary>Ordinal comparison of keys; string hashes are seeded per process, so callers cannot make them collide.</summary>
    internal sealed class Comparer : IEqualityComparer<NearKey>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(NearKey x, NearKey y) => x.NamespaceId == y.NamespaceId && string.Equals(x.Key, y.Key, StringComparison.Ordinal);

        public int GetHashCode(NearKey key) => key.Key.GetHashCode(StringComparison.Ordinal) ^ (int)(key.NamespaceId * 0x9E37_79B9);
    }
}
