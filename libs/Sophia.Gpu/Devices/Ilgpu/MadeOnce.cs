namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Made when it is first wanted; where that fails, the next one who wants it tries again (<see cref="Lazy{T}"/> would throw the same for ever).</summary>
internal sealed class MadeOnce<T>(Func<T> make)
    where T : class
{
    private readonly Lock _lock = new();
    private volatile T? _made;

    public T Value
    {
        get
        {
            if (_made is { } made)
            {
                return made;
            }

            lock (_lock)
            {
                return _made ??= make();
            }
        }
    }

    /// <summary>Null where it was not made.</summary>
    public T? Made => _made;
}
