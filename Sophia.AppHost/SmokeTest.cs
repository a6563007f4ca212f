using System.Net.Http.Json;
using System.Text.Json;

namespace Sophia.AppHost;

/// <summary>A record's whole life against a running API, in a namespace of its own.</summary>
internal static class SmokeTest
{
    private const string Space = "/v1/namespaces/smoke-test";

    /// <exception cref="HttpRequestException">A step was refused.</exception>
    /// <exception cref="InvalidOperationException">A step answered something else than it should.</exception>
    public static async Task RunAsync(HttpClient api, CancellationToken cancellationToken)
    {
        var key = Guid.NewGuid().ToString("n");
        var text = $"The smoke test {key} was here.";
        using var written = await api.PutAsync(new Uri($"{Space}/memories/{key}", UriKind.Relative), new StringContent(text), cancellationToken);
        written.EnsureSuccessStatusCode();

        var read = await api.GetStringAsync(new Uri($"{Space}/memories/{key}", UriKind.Relative), cancellationToken);
        Expect(read.Contains(text, StringComparison.Ordinal), "The record that was written does not read back.");

        using var search = await api.PostAsJsonAsync($"{Space}/search", new { query = key, k = 1 }, cancellationToken);
        search.EnsureSuccessStatusCode();
        using var found = await search.Content.ReadFromJsonAsync<JsonDocument>(cancellationToken);
        Expect(found!.RootElement.GetRawText().Contains(key, StringComparison.Ordinal), "The record that was written is not found.");

        using var forgotten = await api.PostAsJsonAsync($"{Space}/forget", new { keys = new[] { key } }, cancellationToken);
        forgotten.EnsureSuccessStatusCode();
        using var gone = await api.GetAsync(new Uri($"{Space}/memories/{key}", UriKind.Relative), cancellationToken);
        Expect((int)gone.StatusCode is 404 or 410, "The record that was forgotten is still there.");
    }

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
