using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Sophia.Client;

namespace Sophia.Cli.Import;

/// <summary>
/// Sends the records of a source: one reader fills batches, several senders have one under way each, records of one key
/// go in the source's order, and a part is finished when the receipts of all its records are here. The first failure stops the reader and all senders; what
/// has receipts by then stays counted and marked.
/// </summary>
internal sealed class Importer(SophiaClient client, string @namespace, ImportTally tally)
{
    private const int RecordsABatch = 250;
    private const int MaxCharactersABatch = 2 << 20;
    private const int Senders = 4;

    private readonly KeysUnderWay _underWay = new();
    private ExceptionDispatchInfo? _stopped;

    private sealed class OpenPart(ImportPart part)
    {
        private int _left = part.Drafts.Count;
        private int _rejected, _known;

        public ImportPart Part => part;

        /// <returns>True with the part's last receipt.</returns>
        public bool Settle(Receipt receipt)
        {
            if (receipt.Status == ReceiptStatus.Rejected && receipt.Reason != "already-exists") Interlocked.Increment(ref _rejected);
            if (receipt.Status != ReceiptStatus.Stored) Interlocked.Exchange(ref _known, 1);
            return Interlocked.Decrement(ref _left) == 0;
        }

        public PartOutcome Outcome => new(Volatile.Read(ref _rejected), Volatile.Read(ref _known) == 1);
    }

    private readonly record struct Entry(OpenPart Part, int Index)
    {
        public MemoryDraft Draft => Part.Part.Drafts[Index];
    }

    /// <exception cref="SophiaApiException">The service refused a whole batch, or stayed away through all retries.</exception>
    public async Task RunAsync(IImportSource source, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<List<Entry>>(Senders);
        var senders = new Task[Senders];
        for (var i = 0; i < Senders; i++) senders[i] = SendAsync(batches.Reader, stop);
        var reading = ReadAsync(source, batches.Writer, stop.Token);
        try
        {
            await Task.WhenAll([.. senders, reading]);
        }
        catch
        {
            // What failed first cancelled the others: their cancellations are not the news. A time-out is a cancellation itself.
            cancellationToken.ThrowIfCancellationRequested();
            _stopped?.Throw();
            throw;
        }
    }

    private async Task ReadAsync(IImportSource source, ChannelWriter<List<Entry>> writer, CancellationToken cancellationToken)
    {
        var batch = new List<Entry>(RecordsABatch);
        var characters = 0L;
        try
        {
            await foreach (var part in source.PartsAsync(cancellationToken))
            {
                var open = new OpenPart(part);
                if (part.Drafts.Count == 0) await FinishAsync(open, cancellationToken);
                for (var i = 0; i < part.Drafts.Count; i++)
                {
                    var size = Size(part.Drafts[i]);
                    if (batch.Count == RecordsABatch || (batch.Count > 0 && characters + size > MaxCharactersABatch))
                    {
                        await HandOnAsync(batch, writer, cancellationToken);
                        (batch, characters) = (new List<Entry>(RecordsABatch), 0);
                    }
                    batch.Add(new Entry(open, i));
                    characters += size;
                }
                if (!part.IsSentAtOnce || batch.Count == 0) continue;
                await HandOnAsync(batch, writer, cancellationToken);
                (batch, characters) = (new List<Entry>(RecordsABatch), 0);
            }
        }
        finally
        {
            // What was read before a bad line of a strict import is still sent: it is in order.
            if (batch.Count > 0 && !cancellationToken.IsCancellationRequested) await HandOnAsync(batch, writer, cancellationToken);
            writer.Complete();
        }
    }

    private async Task HandOnAsync(List<Entry> batch, ChannelWriter<List<Entry>> writer, CancellationToken cancellationToken)
    {
        await _underWay.TakeAsync(KeysOf(batch), cancellationToken);
        await writer.WriteAsync(batch, cancellationToken);
    }

    private async Task SendAsync(ChannelReader<List<Entry>> batches, CancellationTokenSource stop)
    {
        try
        {
            await foreach (var batch in batches.ReadAllAsync(stop.Token))
            {
                await SendAsync(batch, stop.Token);
                _underWay.Return(KeysOf(batch));
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _stopped, ExceptionDispatchInfo.Capture(e), null);
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task SendAsync(List<Entry> batch, CancellationToken cancellationToken)
    {
        IReadOnlyList<Receipt> receipts;
        try
        {
            receipts = (await client.PutManyAsync(@namespace, batch.ConvertAll(static e => e.Draft), cancellationToken)).Value.Receipts;
        }
        catch (SophiaApiException e) when (e.Status == 413 && batch.Count > 1)
        {
            // Together too large for one request, which says nothing of each.
            await SendAsync(batch[..(batch.Count / 2)], cancellationToken);
            await SendAsync(batch[(batch.Count / 2)..], cancellationToken);
            return;
        }
        catch (SophiaApiException e) when (e.Status == 413)
        {
            receipts = [new Receipt(batch[0].Draft.Key!, ReceiptStatus.Rejected, "too-large", e.Detail, null, null, null)];
        }
        if (receipts.Count != batch.Count)
            throw new HttpRequestException(
                HttpRequestError.InvalidResponse, $"{batch.Count} records were sent and {receipts.Count} receipts came back.");
        for (var i = 0; i < batch.Count; i++)
        {
            var (open, index) = batch[i];
            tally.Receipt(receipts[i], open.Part.LabelOf(index));
            if (open.Settle(receipts[i])) await FinishAsync(open, cancellationToken);
        }
    }

    private async Task FinishAsync(OpenPart open, CancellationToken cancellationToken)
    {
        await open.Part.FinishedAsync(open.Outcome, cancellationToken);
        tally.Advance(open.Part.Bytes);
    }

    private static List<string> KeysOf(List<Entry> batch) => batch.ConvertAll(static e => e.Draft.Key!);

    private static int Size(MemoryDraft draft) =>
        (draft.Content?.Text?.Length ?? (draft.Content is { } json ? json.ToString().Length : 0)) + (draft.Bytes?.Length ?? 0) * 4 / 3 + (draft.Vector?.Length ?? 0) * 12 + 200;
}
