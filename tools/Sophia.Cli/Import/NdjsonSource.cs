using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using System.Text.Unicode;
using Sophia.Cli.Memories;
using Sophia.Client;

namespace Sophia.Cli.Import;

/// <summary>A line that is no record, and the user wants that to be the end.</summary>
internal sealed class InvalidLineException(long line, string why) : Exception($"line {line}: {why}");

/// <summary>NDJSON: a record a line, as the API takes it. A run of lines is a part; lines that come slowly are one when they have waited for a second.</summary>
internal sealed class NdjsonSource(
    Stream stream, string keyPrefix, bool isStrict, (long Size, long Modified) identity, ImportJournal? journal, ImportTally tally, TimeProvider time) : IImportSource
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a file takes to give its next lines.</summary>
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(50);

    private const int LinesAPart = 250;
    private const int MaxKeyCharacters = 512;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, LinesMark> _finishedAhead = [];
    private int _nextToMark;
    private long _refusedToMark;

    public long? TotalBytes => identity.Size > 0 ? identity.Size : null;

    /// <summary>Lines that were read and are no part yet.</summary>
    private sealed class OpenLines(long from)
    {
        public List<MemoryDraft> Drafts { get; } = new(LinesAPart);
        public List<long> Numbers { get; } = new(LinesAPart);
        public int Read { get; set; }
        public int Invalid { get; set; }
        public long From { get; } = from;
        public long To { get; set; } = from;
    }

    public async IAsyncEnumerable<ImportPart> PartsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (offset, line) = await ResumeAsync(cancellationToken);
        var lines = new NdjsonLines(stream, offset);
        var open = new OpenLines(offset);
        var number = 0;
        long? waitsSince = null;
        ExceptionDispatchInfo? broken = null;
        while (broken is null)
        {
            var reading = lines.ReadAsync(cancellationToken).AsTask();
            if (waitsSince is { } since && !reading.IsCompleted && !await ComesSoonAsync(reading, since, cancellationToken))
            {
                yield return Part(number++, open, line) with { IsSentAtOnce = true };
                (open, waitsSince) = (new OpenLines(open.To), null);
            }
            try
            {
                if (await reading is not { } next) break;
                Take(next, line + 1, open);
                line++;
                waitsSince ??= time.GetTimestamp();
            }
            catch (Exception e) when (e is InvalidLineException or InvalidDataException or IOException)
            {
                // What stands before it is in order, and is sent first.
                broken = ExceptionDispatchInfo.Capture(e);
            }
            if (open.Read < LinesAPart) continue;
            yield return Part(number++, open, line);
            open = new OpenLines(open.To);
        }
        if (open.Read > 0) yield return Part(number, open, line);
        broken?.Throw();
    }

    private void Take(NdjsonLine next, long line, OpenLines open)
    {
        var invalidBefore = tally.InvalidLines;
        if (Parse(next.Bytes, line) is { } draft)
        {
            open.Drafts.Add(draft);
            open.Numbers.Add(line);
        }
        open.Invalid += (int)(tally.InvalidLines - invalidBefore);
        open.Read++;
        open.To = next.EndOffset;
    }

    /// <summary>False: what was read before has waited for long enough, and the next line is not about to come.</summary>
    private async Task<bool> ComesSoonAsync(Task reading, long since, CancellationToken cancellationToken)
    {
        // A file's next lines are there in a moment; those of a pipe may come one by one for ever.
        var least = identity.Size > 0 ? s_moment : TimeSpan.Zero;
        var left = s_longestWait - time.GetElapsedTime(since);
        try
        {
            await reading.WaitAsync(left > least ? left : least, time, cancellationToken);
            return true;
        }
        catch when (reading.IsCompleted)
        {
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Where to begin: after the last line with a receipt, if the file is still the one that was read.</summary>
    private async Task<(long Offset, long Lines)> ResumeAsync(CancellationToken cancellationToken)
    {
        if (journal?.Lines is not { } mark || mark.Size != identity.Size || mark.Modified != identity.Modified) return (0, 0);
        var left = mark.Offset;
        if (stream.CanSeek) stream.Position = left;
        else
            for (var buffer = new byte[1 << 16]; left > 0;)
            {
                var n = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
                if (n == 0) break;
                left -= n;
            }
        tally.Advance(mark.Offset);
        tally.PassOverRefused(mark.Refused);
        _refusedToMark = mark.Refused;
        return (mark.Offset, mark.Lines);
    }

    private ImportPart Part(int number, OpenLines open, long lines) =>
        new(open.Drafts, open.To - open.From, i => $"line {open.Numbers[i]}", (outcome, _) =>
        {
            Finished(number, new LinesMark(identity.Size, identity.Modified, open.To, lines, open.Invalid + outcome.Rejected));
            return Task.CompletedTask;
        });

    /// <summary>Parts finish in any order; the mark goes only as far as all before are finished, and adds up what they refused.</summary>
    private void Finished(int number, LinesMark mark)
    {
        if (journal is null) return;
        lock (_gate)
        {
            _finishedAhead[number] = mark;
            while (_finishedAhead.Remove(_nextToMark, out var next))
            {
                _refusedToMark += next.Refused;
                journal.Lines = next with { Refused = _refusedToMark };
                _nextToMark++;
            }
        }
    }

    private MemoryDraft? Parse(ReadOnlyMemory<byte>? bytes, long line)
    {
        var why = "longer than a record may be";
        if (bytes is { } text)
        {
            var span = text.Span;
            if (line == 1 && span.StartsWith("\uFEFF"u8)) span = span[3..];
            span = span.Trim(" \t\r"u8);
            if (span.IsEmpty) return null;
            try
            {
                // Within attributes the reader would put other characters for bytes that are none.
                if (!Utf8.IsValid(span)) throw new JsonException("It is not UTF-8.");
                var draft = JsonSerializer.Deserialize(span, LineJson.Default.MemoryDraft);
                var flaw = draft is null ? "null is not a record" : Flaw(draft) ?? (MayHide(span) ? DraftText.Flaw(draft) : null);
                if (flaw is null) return draft! with { Key = keyPrefix + draft.Key };
                why = flaw;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
            {
                // The second comes from half of a surrogate pair, the third from an attribute that is there twice.
                why = $"not a record: {e.Message}";
            }
        }
        if (isStrict) throw new InvalidLineException(line, why);
        tally.InvalidLine(line, why);
        return null;
    }

    // Only such lines are worth writing once more than they are sent.
    private static bool MayHide(ReadOnlySpan<byte> line) => line.IndexOf("\\ud"u8) >= 0 || line.IndexOf("\\uD"u8) >= 0;

    private string? Flaw(MemoryDraft draft)
    {
        if (string.IsNullOrEmpty(draft.Key)) return "\"key\" is missing";
        if (draft.Key.Length + keyPrefix.Length > MaxKeyCharacters) return $"\"key\" is longer than {MaxKeyCharacters} characters";
        if (draft.Content is null && draft.Bytes is null) return "\"content\" or \"contentBase64\" is missing";
        // The reader takes what is too large for infinite, which cannot be sent.
        if (draft.TtlSeconds is { } seconds && !double.IsFinite(seconds)) return "\"ttlSeconds\" is too large";
        if (draft.Vector is { } vector && !Array.TrueForAll(vector, float.IsFinite)) return "\"vector\" has a component that is too large";
        return draft.Content is not null && draft.Bytes is not null ? "\"content\" and \"contentBase64\" exclude each other" : null;
    }
}
