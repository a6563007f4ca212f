using System.Net;
using System.Text.RegularExpressions;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed partial class SyncBeforeAnswerTests
{
    private const string Calls = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg";

    [SkippableFact]
    public async Task The_write_ahead_log_is_synced_before_the_answer_is_sent()
    {
        using var folder = new TestFolder();
        var trace = Path.Combine(folder.Path, "trace");
        Tracing.RequirePossible(folder.Path);
        await using (var process = await SophiaProcess.StartAsync(new SophiaSettings
        {
            DataDirectory = Path.Combine(folder.Path, "data"),
            Under = ["strace", "-f", "-y", "-s", "16384", "-e", Calls, "-o", trace],
        }))
        {
            // The namespace is made before, so that the witness is the only change of its transaction.
            (await process.Http.PutTextAsync("notes", "first", "makes the namespace")).Require(HttpStatusCode.Created);
            (await process.Http.PutTextAsync("notes", "witness", "saltpetre-witness")).Require(HttpStatusCode.Created);
        }

        // One line per call, in order; a call that another thread interrupted has one line for its begin and one for its end.
        var lines = await File.ReadAllLinesAsync(trace);
        var written = Array.FindIndex(lines, line => WriteToLog().IsMatch(line) && line.Contains("saltpetre-witness", StringComparison.Ordinal));
        Assert.True(written >= 0, "The trace has no write of the record to the write-ahead log.");
        var answered = Array.FindLastIndex(lines, line => Send().IsMatch(line) && line.Contains("HTTP/1.1 201", StringComparison.Ordinal));
        Assert.True(answered >= 0, "The trace has no 201 being sent.");
        var synced = SyncReturnsAfter(lines, written);
        Assert.True(synced >= 0, "The trace has no sync of the write-ahead log that returned 0 after the record was written to it.");
        Assert.True(synced < answered, $"The sync returned in line {synced} of the trace, the answer was sent in line {answered}.");
    }

    private static int SyncReturnsAfter(string[] lines, int written)
    {
        for (var i = written + 1; i < lines.Length; i++)
        {
            if (!Sync().IsMatch(lines[i]))
            {
                continue;
            }

            if (lines[i].EndsWith("= 0", StringComparison.Ordinal))
            {
                return i;
            }

            var thread = lines[i].Split(' ')[0];
            return Array.FindIndex(lines, i + 1, line => line.StartsWith(thread + " ", StringComparison.Ordinal) && SyncResumed().IsMatch(line));
        }

        return -1;
    }

    [GeneratedRegex(@"^\d+ +(pwrite64|write|writev)\(\d+<[^>]*-wal>")]
    private static partial Regex WriteToLog();

    [GeneratedRegex(@"^\d+ +(sendto|sendmsg|write|writev)\(\d+<(socket|TCP|\[)?")]
    private static partial Regex Send();

    [GeneratedRegex(@"^\d+ +(fsync|fdatasync)\(\d+<[^>]*-wal>")]
    private static partial Regex Sync();

    [GeneratedRegex(@"<\.\.\. (fsync|fdatasync) resumed>.*= 0$")]
    private static partial Regex SyncResumed();
}
