namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// A reading that may take its time, such as of a driver that hangs: who asks meanwhile waits for the one under way. Each would else take a
/// thread that waits for the same lock.
/// </summary>
internal sealed class SharedReading<T>(Func<T> read)
{
    private readonly Lock _gate = new();
    private Task<T>? _last;

    public Task<T> ReadAsync()
    {
        lock (_gate)
        {
            return _last is { IsCompleted: false } ? _last : _last = Task.Run(read);
        }
    }
}
