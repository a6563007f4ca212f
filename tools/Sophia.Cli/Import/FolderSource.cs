using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Sophia.Client;

namespace Sophia.Cli.Import;

/// <summary>A folder of documents, or one document: each file is a part, its chunks are the records.</summary>
internal sealed class FolderSource(
    SophiaClient client, string @namespace, IReadOnlyList<SourceFile> files, string keyPrefix, bool gzipByContent,
    ImportJournal? journal, ImportTally tally) : IImportSource
{
    /// <summary>What the service takes for each part of a provenance.</summary>
    private const int MaxProvenanceCharacters = 1024;

    private readonly TextSplitter _splitter = new();

    public long? TotalBytes { get; } = files.Sum(static f => f.Size);

    public async IAsyncEnumerable<ImportPart> PartsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            var done = journal?.MarkOf(file.RelativePath);
            if (done is not null && done.Size == file.Size && done.Modified == file.Modified)
            {
                tally.FileAlreadyDone();
                tally.Advance(file.Size);
            }
            else if (await ReadAsync(file, cancellationToken) is { } text) yield return Part(file, text, done);
            else tally.Advance(file.Size);
        }
    }

    /// <summary>Null when it is not text, or cannot be read: then the tally says so.</summary>
    private async Task<string?> ReadAsync(SourceFile file, CancellationToken cancellationToken)
    {
        // Never opened when empty: what looks so may be a pipe, on which opening waits for a writer.
        if (file.Size == 0 && !file.IsNamed) return "";
        try
        {
            var read = await TextFile.ReadAsync(file.FullPath, gzipByContent, cancellationToken);
            if (read.Refusal is { } refusal) tally.Skip(refusal);
            return read.Text;
        }
        catch (InvalidDataException e)
        {
            tally.Unreadable(file.RelativePath, $"damaged: {e.Message}");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            tally.Unreadable(file.RelativePath, e.Message);
            return null;
        }
    }

    private ImportPart Part(SourceFile file, string text, FileMark? before)
    {
        var isMarkdown = FolderWalk.IsMarkdown(file.RelativePath);
        var chunks = _splitter.Split(text, isMarkdown);
        var stem = ChunkKey.Stem(keyPrefix, file.RelativePath);
        var source = Limited(file.RelativePath);
        var drafts = new MemoryDraft[chunks.Count];
        for (var i = 0; i < drafts.Length; i++)
        {
            var attributes = new JsonObject { ["path"] = source, ["position"] = i };
            if (chunks[i].Heading is { } heading) attributes["heading"] = heading;
            drafts[i] = new MemoryDraft
            {
                Key = ChunkKey.For(stem, i),
                Content = chunks[i].Text,
                ContentType = isMarkdown ? "text/markdown" : "text/plain",
                Attributes = attributes,
                Provenance = new Provenance(Source: source),
            };
        }
        return new ImportPart(drafts, file.Size, i => drafts[i].Key!, async (outcome, cancellationToken) =>
        {
            // An empty file has no receipt that could tell whether it had been imported with content.
            var mayHaveStale = outcome.WasKnown || before is not null || drafts.Length == 0;
            var isTidy = !mayHaveStale || await RemoveStaleAsync(stem, drafts.Length, cancellationToken);
            // A file with a rejected chunk, or perhaps with stale ones, is looked at again by the next run.
            if (outcome.Rejected == 0 && isTidy) journal?.Mark(file.RelativePath, new FileMark(file.Size, file.Modified, drafts.Length));
            tally.FileFinished();
        });
    }

    /// <summary>Deletes what the file's former, longer text left behind its new end. False: the key may not look for that.</summary>
    private async Task<bool> RemoveStaleAsync(string stem, int count, CancellationToken cancellationToken)
    {
        var stale = new List<string>();
        try
        {
            await foreach (var record in client.ListAsync(@namespace, new ListOptions { Prefix = stem + "#", PageSize = 500 }, cancellationToken))
                if (ChunkKey.PositionIn(record.Key, stem) >= count) stale.Add(record.Key);
        }
        catch (SophiaApiException e) when (e.Code == "namespace-not-found")
        {
            return true;
        }
        catch (SophiaApiException e) when (e.Status == 403)
        {
            tally.StaleUnknown();
            return false;
        }
        foreach (var key in stale)
            try
            {
                await client.DeleteAsync(@namespace, key, cancellationToken: cancellationToken);
                tally.StaleRemoved();
            }
            catch (SophiaApiException e) when (e.Status == 404)
            {
                // Someone else has deleted it since: as it should be.
            }
        return true;
    }

    private static string Limited(string path)
    {
        if (path.Length <= MaxProvenanceCharacters) return path;
        return path[..(char.IsHighSurrogate(path[MaxProvenanceCharacters - 1]) ? MaxProvenanceCharacters - 1 : MaxProvenanceCharacters)];
    }
}
