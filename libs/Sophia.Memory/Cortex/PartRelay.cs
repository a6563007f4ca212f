using System.Threading.Channels;

namespace Sophia.Memory.Cortex;

/// <summary>
/// Carries the parts of an answer from the call, which goes on whoever listens, to the caller who began it and may leave. The
/// call waits for a slow listener, never for one that has gone.
/// </summary>
internal sealed class PartRelay : IDisposable
{
    private const int PartsAhead = 256;
    private readonly Channel<string> _parts = Channel.CreateBounded<string>(new BoundedChannelOptions(PartsAhead) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _gone = new();

    public async ValueTask WriteAsync(string part)
    {
        if (_parts.Writer.TryWrite(part) || _gone.IsCancellationRequested)
        {
            return;
        }

        try
        {
            await _parts.Writer.WriteAsync(part, _gone.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Nobody listens any more.
        }
    }

    public void End() => _parts.Writer.TryComplete();

    public IAsyncEnumerable<string> ReadAsync(CancellationToken cancellationToken) => _parts.Reader.ReadAllAsync(cancellationToken);

    /// <summary>The listener leaves.</summary>
    public void Dispose() => _gone.Cancel();
}
