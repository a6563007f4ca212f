using System.Diagnostics.CodeAnalysis;

namespace Sophia.Memory.Search;

/// <summary>
/// So many shards at most are read from the store at a time; others wait for their turn, in the order in which they were asked for.
/// Of hundreds that are asked for at once, after a restart, the first are whole soon instead of all of them late, and what has been
/// read and not taken in stays bounded.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A semaphore without a wait handle holds nothing; loads that end late give their turns back.")]
internal sealed class LoadTurns(int atOnce)
{
    private readonly SemaphoreSlim _free = new(atOnce);

    public async ValueTask<Turn> TakeAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_free);
    }

    /// <summary>Held from when it was taken until it is disposed. One task uses it.</summary>
    public sealed class Turn : IDisposable
    {
        private readonly SemaphoreSlim _free;
        private bool _isHeld = true;

        internal Turn(SemaphoreSlim free) => _free = free;

        /// <summary>Others may load meanwhile: for work that waits for something else than the store.</summary>
        public async ValueTask<T> WithoutAsync<T>(Func<ValueTask<T>> work, CancellationToken cancellationToken)
        {
            Dispose();
            var made = await work().ConfigureAwait(false);
            await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
            _isHeld = true;
            return made;
        }

        public void Dispose()
        {
            if (_isHeld)
            {
                _isHeld = false;
                _free.Release();
            }
        }
    }
}
