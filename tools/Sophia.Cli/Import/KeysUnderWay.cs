namespace Sophia.Cli.Import;

/// <summary>
/// The keys of batches that have no receipts yet. Batches are sent beside each other; two that have a key in common go one
/// after the other, since the later record of a key is the one that stays.
/// </summary>
internal sealed class KeysUnderWay
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private TaskCompletionSource _returned = New();

    /// <summary>Returns when none of the keys is under way; from then on all of them are. One caller at a time.</summary>
    public async Task TakeAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task returned;
            lock (_gate)
            {
                if (!keys.Any(_keys.Contains))
                {
                    _keys.UnionWith(keys);
                    return;
                }
                returned = _returned.Task;
            }
            await returned.WaitAsync(cancellationToken);
        }
    }

    public void Return(IReadOnlyCollection<string> keys)
    {
        TaskCompletionSource returned;
        lock (_gate)
        {
            _keys.ExceptWith(keys);
            (returned, _returned) = (_returned, New());
        }
        returned.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
