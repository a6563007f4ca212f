using System.Globalization;
using System.Net.Http.Headers;

namespace Sophia.Gpu.Models;

/// <summary>One address of a server that speaks OpenAI's protocol: bearer key, JSON bodies, errors as {"error":{type,code}}, Retry-After.</summary>
internal sealed class OpenAiEndpoint : IDisposable
{
    private const int MostAnswerBytes = 256 << 20;
    private readonly string? _key;
    private readonly string? _keyFile;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;

    /// <param name="path">Behind /v1, such as /embeddings.</param>
    public OpenAiEndpoint(string endpoint, string path, string? key, string? keyFile, TimeProvider clock)
    {
        (_key, _keyFile, _clock) = (key, keyFile, clock);
        Address = new Uri(endpoint.TrimEnd('/') + path);
        _client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MostAnswerBytes,
        };
    }

    public Uri Address { get; }

    /// <summary>Posts JSON; the answer has a status of success.</summary>
    /// <exception cref="ModelCallException">The server refused or did not answer.</exception>
    public async Task<HttpResponseMessage> PostAsync(ReadOnlyMemory<byte> json, HttpCompletionOption until, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = new ReadOnlyMemoryContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (Key() is { } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        try
        {
            var response = await _client.SendAsync(request, until, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                throw await RefusalAsync(response, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error);
        }
    }

    /// <summary>The connection ended before the answer did, or there was none.</summary>
    public ModelCallException Unreachable(Exception error) => new($"{Address.Authority} could not be reached ({error.Message}).") { IsPassing = true };

    public void Dispose() => _client.Dispose();

    private string? Key()
    {
        if (_keyFile is not { } file)
        {
            return _key;
        }

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelCallException($"the file of its key cannot be read ({error.Message})");
        }
    }

    // The body may repeat the key ("Incorrect API key provided: …"), so nothing of it is said but its code.
    private async Task<ModelCallException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var code = EmbeddingAnswer.ErrorCode(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        return new ModelCallException(string.Create(
            CultureInfo.InvariantCulture, $"{Address.Authority} answered {status}{(code is null ? "" : $" ({code})")}"))
        {
            Status = status, IsPassing = status is 408 or 409 or 429 or >= 500, RetryAfter = RetryAfter(response),
        };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("retry-after-ms", out var values) &&
            double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and < 1e9)
        {
            return TimeSpan.FromMilliseconds(ms);
        }

        var wait = response.Headers.RetryAfter is not { } header ? null
            : header.Delta ?? (header.Date is { } date ? date - _clock.GetUtcNow() : null);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
