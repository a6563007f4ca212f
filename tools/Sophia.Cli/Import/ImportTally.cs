using System.Collections.Concurrent;
using Sophia.Client;

namespace Sophia.Cli.Import;

/// <summary>What an import has done so far. Several senders count at once.</summary>
internal sealed class ImportTally
{
    private const int ProblemsKept = 1000;

    private readonly long[] _byStatus = new long[Enum.GetValues<ReceiptStatus>().Length];
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ConcurrentDictionary<string, long> _skipped = new();
    private long _records, _invalidLines, _unreadable, _problemCount, _bytes, _files, _alreadyDone, _removed, _staleUnknown, _refused, _refusedBefore;

    public long Records => Interlocked.Read(ref _records);
    public long Bytes => Interlocked.Read(ref _bytes);
    public long Files => Interlocked.Read(ref _files);
    public long AlreadyDone => Interlocked.Read(ref _alreadyDone);
    public long Removed => Interlocked.Read(ref _removed);
    public long FilesOfUnknownStale => Interlocked.Read(ref _staleUnknown);
    public long InvalidLines => Interlocked.Read(ref _invalidLines);
    public long RefusedBefore => Interlocked.Read(ref _refusedBefore);
    public long ProblemCount => Interlocked.Read(ref _problemCount);
    public IEnumerable<string> Problems => _problems;
    public IReadOnlyDictionary<string, long> Skipped => _skipped;

    /// <summary>Whether all input was taken, but for what the user asked to leave: records that were there already.</summary>
    public bool IsComplete => Interlocked.Read(ref _refused) + InvalidLines + RefusedBefore + Interlocked.Read(ref _unreadable) == 0;

    public long Count(ReceiptStatus status) => Interlocked.Read(ref _byStatus[(int)status]);

    public void Receipt(Receipt receipt, string label)
    {
        Interlocked.Increment(ref _records);
        Interlocked.Increment(ref _byStatus[(int)receipt.Status]);
        if (receipt.Status != ReceiptStatus.Rejected || receipt.Reason == "already-exists") return;
        Interlocked.Increment(ref _refused);
        Problem($"{label}: rejected ({receipt.Reason}){(receipt.Detail is { } detail ? $": {detail}" : "")}");
    }

    public void InvalidLine(long line, string why)
    {
        Interlocked.Increment(ref _invalidLines);
        Problem($"line {line}: {why}");
    }

    /// <summary>Lines that an earlier run could not take, and this one passes over.</summary>
    public void PassOverRefused(long lines) => Interlocked.Add(ref _refusedBefore, lines);

    public void Unreadable(string path, string why)
    {
        Interlocked.Increment(ref _unreadable);
        Problem($"{path}: {why}");
    }

    public void Skip(string reason) => _skipped.AddOrUpdate(reason, 1, static (_, n) => n + 1);

    public void Advance(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public void FileFinished() => Interlocked.Increment(ref _files);

    public void FileAlreadyDone() => Interlocked.Increment(ref _alreadyDone);

    /// <summary>A file whose chunks beyond its end, if there are any, could not be looked for.</summary>
    public void StaleUnknown() => Interlocked.Increment(ref _staleUnknown);

    public void StaleRemoved() => Interlocked.Increment(ref _removed);

    private void Problem(string text)
    {
        if (Interlocked.Increment(ref _problemCount) <= ProblemsKept) _problems.Enqueue(text);
    }
}
