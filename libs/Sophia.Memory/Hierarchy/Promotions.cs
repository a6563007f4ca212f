using System.Threading.Channels;
using Sophia.Memory.Caching;
using Sophia.Memory.Records;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

/// <summary>Carries records that were read often enough up into the shared cache, beside the reads that found them.</summary>
internal sealed class Promotions : IAsyncDisposable
{
    private const int BatchSize = 64;
    private readonly SharedTier _shared;
    private readonly TierMeter _meter;
    private readonly Channel<(MemoryRecord Record, string? Epoch)> _queue = Channel.CreateBounded<(MemoryRecord, string?)>(
        new BoundedChannelOptions(1024) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Task _carrying;

    public Promotions(SharedTier shared, TierMeter meter)
    {
        (_shared, _meter) = (shared, meter);
        _carrying = Task.Run(CarryAsync);
    }

    /// <summary>Promotes the record unless too many wait already; it will be read, and offered, again.</summary>
    /// <param name="epoch">
    /// The shared cache's before the record was read. Once a change has missed the cache, of this process or of another, what was
    /// read before must not come into the new epoch: nothing there would say that it is old.
    /// </param>
    public void Offer(MemoryRecord record, string? epoch)
    {
        _meter.Promote();
        if (_shared.IsUsable)
        {
            _queue.Writer.TryWrite((record, epoch));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _carrying.ConfigureAwait(false);
    }

    private async Task CarryAsync()
    {
        var batch = new List<MemoryRecord>(BatchSize);
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            var epoch = _shared.Epoch;
            while (batch.Count < BatchSize && _queue.Reader.TryRead(out var offered))
            {
                if (offered.Epoch == epoch)
                {
                    batch.Add(offered.Record);
                }
            }

            await _shared.SetIfNewerAsync(batch, epoch).ConfigureAwait(false);
        }
    }
}
