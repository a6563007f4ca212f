namespace Sophia.Memory.Search;

/// <summary>What a shard holds is not what was written into it. It must be made anew from the store.</summary>
public sealed class ShardDamagedException(string message) : Exception(message);
