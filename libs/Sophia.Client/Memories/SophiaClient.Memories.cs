using System.Net;

namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>Writes one record. A rejected write is an error here (409, 412); in a batch it is a receipt.</summary>
    public Task<Answer<Receipt>> PutAsync(
        string @namespace, string key, MemoryDraft draft, WriteConditions? conditions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var call = ApiCall.Write(HttpMethod.Put, MemoryPath(@namespace, key), draft with { Key = null }, WireJson.Default.MemoryDraft) with
        {
            IfMatch = conditions?.IfMatch,
            IfNoneMatch = conditions is { IfAbsent: true } ? "*" : null,
        };
        return _channel.SendAsync(call, WireJson.Default.Receipt, static receipt => receipt.Sequence, cancellationToken);
    }

    /// <summary>Writes 1–1,000 records, each with its key. Invalid ones come back rejected, the others are written.</summary>
    public Task<Answer<BatchReceipts>> PutManyAsync(
        string @namespace, IReadOnlyList<MemoryDraft> drafts, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Post, InNamespace(@namespace).Literal("memories"), new DraftBatch(drafts), WireJson.Default.DraftBatch),
            WireJson.Default.BatchReceipts, static batch => batch.Sequence, cancellationToken);

    /// <exception cref="SophiaApiException"><c>not-found</c>: the key holds nothing.</exception>
    public Task<Answer<MemoryRecord>> GetAsync(
        string @namespace, string key, ReadOptions? options = null, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Read(ReadPath(@namespace, key, options)), WireJson.Default.MemoryRecord, static record => record.Sequence, cancellationToken);

    /// <summary>The record if it is another than the one with that ETag; a null value when it is still that one.</summary>
    public async Task<Answer<MemoryRecord?>> GetIfChangedAsync(
        string @namespace, string key, string etag, ReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        var call = ApiCall.Read(ReadPath(@namespace, key, options)) with { IfNoneMatch = etag };
        using var response = await _channel.ExchangeAsync(call, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotModified) return ApiChannel.Describe<MemoryRecord?>(response, null);
        await _channel.ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var record = await ApiChannel.ReadAsync(response, WireJson.Default.MemoryRecord, cancellationToken).ConfigureAwait(false);
        return ApiChannel.Describe<MemoryRecord?>(response, record, record.Sequence);
    }

    /// <summary>The bare content with its media type.</summary>
    public async Task<Answer<RawContent>> GetContentAsync(
        string @namespace, string key, CancellationToken cancellationToken = default)
    {
        var call = ApiCall.Read(MemoryPath(@namespace, key).Literal("content"));
        using var response = await _channel.ExchangeAsync(call, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        await _channel.ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        return ApiChannel.Describe(response, new RawContent(bytes, response.Content.Headers.ContentType?.ToString()));
    }

    /// <summary>Readers no longer see the record; its history stays. Erasure is <see cref="ForgetAsync"/>.</summary>
    /// <exception cref="SophiaApiException"><c>not-found</c>, or <c>precondition-failed</c> when the ETag is another.</exception>
    public Task<Answer<Receipt>> DeleteAsync(
        string @namespace, string key, string? ifMatch = null, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Delete, MemoryPath(@namespace, key)) with { IfMatch = ifMatch },
            WireJson.Default.Receipt, static receipt => receipt.Sequence, cancellationToken);

    /// <summary>Every change of the record, newest first, fetched as it is enumerated.</summary>
    public IAsyncEnumerable<HistoryEntry> HistoryAsync(
        string @namespace, string key, int? pageSize = null, CancellationToken cancellationToken = default) =>
        PagesAsync(
            cursor => MemoryPath(@namespace, key).Literal("history").Query("limit", pageSize).Query("cursor", cursor),
            WireJson.Default.PageHistoryEntry, cancellationToken);

    /// <summary>The records by key, fetched page by page as they are enumerated.</summary>
    public IAsyncEnumerable<MemoryRecord> ListAsync(
        string @namespace, ListOptions? options = null, CancellationToken cancellationToken = default)
    {
        var o = options ?? new ListOptions();
        return PagesAsync(
            cursor => InNamespace(@namespace).Literal("memories")
                .Query("prefix", o.Prefix).Query("tag", o.Tags).Query("anyTag", o.AnyTags).Query("noTag", o.NoTags)
                .Query("attr", o.Attributes).Query("createdFrom", o.CreatedFrom).Query("createdTo", o.CreatedTo)
                .Query("updatedFrom", o.UpdatedFrom).Query("updatedTo", o.UpdatedTo).Query("validAt", o.ValidAt)
                .Query("minSequence", o.MinSequence).Query("limit", o.PageSize).Query("cursor", cursor),
            WireJson.Default.PageMemoryRecord, cancellationToken);
    }

    /// <summary>Erases records with all their versions from every tier, or says what that would erase.</summary>
    public Task<Answer<ForgetReport>> ForgetAsync(
        string @namespace, ForgetRequest request, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Post, InNamespace(@namespace).Literal("forget"), request, WireJson.Default.ForgetRequest),
            WireJson.Default.ForgetReport, static report => report.Sequence, cancellationToken);

    private static RequestPath ReadPath(string @namespace, string key, ReadOptions? options) =>
        MemoryPath(@namespace, key)
            .Query("asOf", options?.AsOf).Query("minSequence", options?.MinSequence)
            .Query("include", options is { IncludeVector: true } ? "vector" : null);
}
