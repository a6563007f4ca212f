namespace Sophia.Memory.Stores;

/// <summary>The store does not answer now; nothing was acknowledged. Try again after a while.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The store has no room for writes; reads go on.</summary>
public sealed class StoreFullException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Another process has the store open, and this kind of store is for one process.</summary>
public sealed class StoreInUseException(string message, Exception? inner = null) : Exception(message, inner);
