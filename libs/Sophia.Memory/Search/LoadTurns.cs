using System.Diagnostics.CodeAnalysis;

namespace Sophia.Memory.Search;

/// <summary>
/// So many shards at most are read from the store at a time; others wait for their turn, in the order in which they were asked for.
/// Of hundreds that are asked for at once, after a restart, the first are whole soon instead of all of them late, and what has been
/// read and not taken in stays bounded. One that must wait for a model gives its turn up for good.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A semaphore without a wait handle holds nothing; loads that end late give their turns back.")]
internal sealed class LoadTurns(int atOnce)
{
    private readonly SemaphoreSlim _free = new(atOnce);

    /// <returns>The turn, held until it is disposed of, once or more often.</returns>
    public async ValueTask<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_free);
    }

    private sealed class Turn(SemaphoreSlim free) : IDisposable
    {
        private SemaphoreSlim? _held = free;

        public void Dispose() => Interlocked.Exchange(ref _held, null)?.Release();
    }
}
