using System.IO.Compression;
using System.Text.Json.Nodes;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Import;

internal sealed record ImportOptions(
    string Source, string Namespace, string KeyPrefix, bool IsStrict, bool GzipByContent, bool FollowLinks, bool IsFresh, bool AsJson);

/// <summary>One run of an import: finds the source and the journal, sends, and says what became of it.</summary>
/// <param name="caller">Who asks: a journal of another tenant or key says nothing of what this one's namespace has.</param>
internal sealed class ImportRun(SophiaClient client, Uri server, string caller, ImportOptions options, Surroundings surroundings)
{
    /// <summary>An import is patient: a service that is busy for minutes should not end it.</summary>
    public const int MaxRetries = 20;

    private static readonly TimeSpan s_saveEvery = TimeSpan.FromSeconds(5);

    private readonly ImportTally _tally = new();
    private bool _saysJournalFailed;

    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var journal = OpenJournal();
        if (journal is not null) await TrustOrClearAsync(journal, cancellationToken);
        var began = surroundings.Time.GetTimestamp();
        var isSummarized = false;
        try
        {
            using var opened = Open(journal, cancellationToken);
            using var saving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var saver = SaveFromTimeToTimeAsync(journal, saving.Token);
            try
            {
                var import = new Importer(client, options.Namespace, _tally).RunAsync(opened.Source, cancellationToken);
                await ImportProgress.ShowAsync(import, _tally, opened.Source.TotalBytes, surroundings);
            }
            finally
            {
                await saving.CancelAsync();
                await saver;
            }
            await NoteNamespaceAsync(journal, cancellationToken);
            Save(journal);
            await SummarizeAsync(output, began);
            isSummarized = true;
            return _tally.IsComplete ? ExitCodes.Ok : ExitCodes.Refused;
        }
        finally
        {
            if (!isSummarized && _tally.Records + _tally.ProblemCount > 0)
            {
                await NoteNamespaceAsync(journal, CancellationToken.None);
                Save(journal);
                await SummarizeAsync(output, began);
                await surroundings.Error.WriteLineAsync(
                    journal is not null ? "Not finished. The same command again goes on from here." : "Not finished. Of what was read, the records that are counted above are stored.");
            }
        }
    }

    private sealed record OpenedSource(IImportSource Source, Stream? Stream) : IDisposable
    {
        public void Dispose() => Stream?.Dispose();
    }

    private OpenedSource Open(ImportJournal? journal, CancellationToken cancellationToken)
    {
        if (options.Source == "-") return new OpenedSource(new NdjsonSource(surroundings.Input, options.KeyPrefix, options.IsStrict, default, null, _tally, surroundings.Time), null);
        var path = Path.GetFullPath(options.Source);
        if (Directory.Exists(path))
        {
            var files = new List<SourceFile>();
            foreach (var found in new FolderWalk(_tally, options.FollowLinks).Files(path))
            {
                cancellationToken.ThrowIfCancellationRequested();
                files.Add(found);
            }
            return new OpenedSource(Folder(files, journal), null);
        }
        if (!File.Exists(path)) throw new UsageException($"There is no file or folder \"{options.Source}\".", "Give an .ndjson file, a text file or a folder.");
        var identity = IdentityOf(path);
        if (!IsNdjson(path))
            return new OpenedSource(Folder([new SourceFile(path, Path.GetFileName(path), identity.Size, identity.Modified) { IsNamed = true }], journal), null);
        var isGzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        Stream stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        if (isGzip) stream = new GZipStream(stream, CompressionMode.Decompress);
        return new OpenedSource(
            new NdjsonSource(stream, options.KeyPrefix, options.IsStrict, identity, journal, _tally, surroundings.Time), stream);
    }

    /// <summary>Of the file that a link leads to: the link's own stay when the file changes. No size: a pipe, a device, or nothing to read.</summary>
    private static (long Size, long Modified) IdentityOf(string path)
    {
        var file = new FileInfo(path);
        if (file.ResolveLinkTarget(returnFinalTarget: true) is { } target) file = new FileInfo(target.FullName);
        return file.Exists ? (file.Length, file.LastWriteTimeUtc.Ticks) : default;
    }

    private FolderSource Folder(IReadOnlyList<SourceFile> files, ImportJournal? journal) =>
        new(client, options.Namespace, files, options.KeyPrefix, options.GzipByContent, journal, _tally);

    private static bool IsNdjson(string path)
    {
        var inner = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(inner).ToLowerInvariant() is ".ndjson" or ".jsonl";
    }

    private ImportJournal? OpenJournal()
    {
        if (options.Source == "-" || ImportJournal.Folder(surroundings.Variable) is not { } folder) return null;
        var path = Path.GetFullPath(options.Source);
        // A pipe cannot be known again by the next run.
        if (File.Exists(path) && IdentityOf(path).Size == 0) return null;
        return ImportJournal.Open(folder, server.AbsoluteUri, caller, options.Namespace, $"{options.KeyPrefix}\n{path}");
    }

    /// <summary>A journal says nothing of a namespace that was emptied or made anew since: then all is imported again.</summary>
    private async Task TrustOrClearAsync(ImportJournal journal, CancellationToken cancellationToken)
    {
        if (options.IsFresh) journal.Clear();
        if (journal.IsEmpty) return;
        try
        {
            var found = (await client.GetNamespaceAsync(options.Namespace, cancellationToken)).Value;
            if (found.Count == 0 || found.CreatedAt != journal.NamespaceCreatedAt) journal.Clear();
        }
        catch (SophiaApiException e) when (e.Status is 403 or 404)
        {
            // A key that may only write cannot ask: what is sent again comes back unchanged.
            journal.Clear();
        }
    }

    private async Task NoteNamespaceAsync(ImportJournal? journal, CancellationToken cancellationToken)
    {
        if (journal is null || journal.IsEmpty || journal.NamespaceCreatedAt is not null) return;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(2));
            journal.NamespaceCreatedAt = (await client.GetNamespaceAsync(options.Namespace, limit.Token)).Value.CreatedAt;
        }
        catch (Exception e) when (e is SophiaApiException or HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Without it the next run looks at everything again and finds it unchanged.
        }
    }

    private async Task SaveFromTimeToTimeAsync(ImportJournal? journal, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_saveEvery, surroundings.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await NoteNamespaceAsync(journal, cancellationToken);
                Save(journal);
            }
        }
        catch (OperationCanceledException)
        {
            // The import is over; its end saves once more.
        }
    }

    private void Save(ImportJournal? journal)
    {
        if (journal is null || journal.IsEmpty) return;
        try
        {
            journal.Save();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_saysJournalFailed) return;
            _saysJournalFailed = true;
            surroundings.Error.WriteLine($"sophia: cannot write {journal.Location}: {e.Message} The import goes on; a later run will look at everything again.");
        }
    }

    private async Task SummarizeAsync(TextWriter output, long began)
    {
        var took = surroundings.Time.GetElapsedTime(began);
        if (!options.AsJson)
        {
            ImportProgress.Summarize(_tally, took, surroundings.Error);
            return;
        }
        var problems = new JsonArray();
        foreach (var problem in _tally.Problems) problems.Add(problem);
        var skipped = new JsonObject();
        foreach (var (reason, count) in _tally.Skipped) skipped[reason] = count;
        await output.WriteLineAsync(CliJson.Text(new JsonObject
        {
            ["records"] = _tally.Records,
            ["stored"] = _tally.Count(ReceiptStatus.Stored),
            ["replaced"] = _tally.Count(ReceiptStatus.Replaced),
            ["merged"] = _tally.Count(ReceiptStatus.Merged),
            ["unchanged"] = _tally.Count(ReceiptStatus.Unchanged),
            ["rejected"] = _tally.Count(ReceiptStatus.Rejected),
            ["invalidLines"] = _tally.InvalidLines,
            ["refusedBefore"] = _tally.RefusedBefore,
            ["files"] = _tally.Files,
            ["alreadyDone"] = _tally.AlreadyDone,
            ["deletedStale"] = _tally.Removed,
            ["staleUnknown"] = _tally.FilesOfUnknownStale,
            ["skipped"] = skipped,
            ["problems"] = problems,
            ["seconds"] = Math.Round(took.TotalSeconds, 3),
        }));
    }
}
