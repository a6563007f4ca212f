using System.ComponentModel;

namespace Sophia.Bench.HotHit;

/// <summary>What the other caches hold; declared immutable, so that HybridCache need not copy it.</summary>
[ImmutableObject(true)]
public sealed record CachedText(string Key, byte[] Content);
