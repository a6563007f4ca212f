using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

/// <summary>Bytes over real sockets that no well-behaved client sends. One process takes them all.</summary>
[Collection(FaultTests.Name)]
public sealed class MalformedInputTests(MalformedInputTests.Service service) : IClassFixture<MalformedInputTests.Service>
{
    private const string Items = "POST /v1/namespaces/notes/memories";
    private const string Search = "POST /v1/namespaces/notes/search";
    private const string One = "PUT /v1/namespaces/notes/memories/k";

    /// <summary>What it is, request line without version, media type, body, status, code.</summary>
    public static TheoryData<string, string, string, string, int, string> Refused => new()
    {
        { "malformed JSON", Items, Json, "{\"items\":[{\"key\":\"a\",", 400, "malformed-json" },
        { "no JSON at all", Items, Json, "\0\u0001\u0002", 400, "malformed-json" },
        { "an empty body", Items, Json, "", 400, "malformed-json" },
        { "JSON 10,000 levels deep", One, Json, $"{{\"content\":{new string('[', 10_000)}{new string(']', 10_000)}}}", 400, "malformed-json" },
        { "two JSON values", Search, Json, "{\"query\":\"a\"}{}", 400, "malformed-json" },
        { "an array for an object", Items, Json, "[]", 400, "invalid-request" },
        { "a number for the items", Items, Json, "{\"items\":7}", 400, "invalid-request" },
        { "a field that is not there", One, Json, "{\"content\":\"a\",\"colour\":\"red\"}", 400, "invalid-request" },
        { "a number for the tags", One, Json, "{\"content\":\"a\",\"tags\":7}", 400, "invalid-request" },
        { "a time that is none", One, Json, "{\"content\":\"a\",\"expiresAt\":\"yesterday\"}", 400, "invalid-request" },
        { "NaN in a vector", One, Json, "{\"content\":\"a\",\"vector\":[NaN]}", 400, "malformed-json" },
        { "a word in a vector", "PUT /v1/namespaces/vectors/memories/k", Json, "{\"content\":\"a\",\"vector\":[\"NaN\",1,2]}", 4, "" },
        { "infinity in a vector", "PUT /v1/namespaces/vectors/memories/k", Json, "{\"content\":\"a\",\"vector\":[1e999,1,2]}", 422, "invalid-vector" },
        { "a vector of zeros", "POST /v1/namespaces/vectors/search", Json, "{\"vector\":[0,0,0],\"mode\":\"vector\"}", 422, "invalid-vector" },
        { "a vector of another length", "PUT /v1/namespaces/vectors/memories/k", Json, "{\"content\":\"a\",\"vector\":[1,2]}", 422, "vector-dimension-mismatch" },
        { "a searched vector of another length", "POST /v1/namespaces/vectors/search", Json, "{\"vector\":[1,2],\"mode\":\"vector\"}", 422, "vector-dimension-mismatch" },
        { "a key of 513 characters", $"PUT /v1/namespaces/notes/memories/{new string('k', 513)}", Text, "a", 400, "invalid-key" },
        { "a key of 7,000 characters", $"PUT /v1/namespaces/notes/memories/{new string('k', 7_000)}", Text, "a", 400, "invalid-key" },
        { "a key that is not UTF-8", "PUT /v1/namespaces/notes/memories/%FF%FE", Text, "a", 400, "invalid-key" },
        { "a control character in a key", "PUT /v1/namespaces/notes/memories/a%01b", Text, "a", 400, "invalid-key" },
        { "a key with a percent sign behind two dots", "PUT /v1/namespaces/notes/x/../memories/50%25", Text, "a", 400, "invalid-key" },
        { "a key with a percent sign behind a dot that is encoded", "PUT /v1/%2e/namespaces/notes/memories/50%25", Text, "a", 400, "invalid-key" },
        { "a key with a percent sign behind two slashes and two dots", "PUT /v1/namespaces//../notes/memories/50%25", Text, "a", 4, "" },
        { "a namespace with capitals", "PUT /v1/namespaces/Notes/memories/a", Text, "a", 400, "invalid-namespace" },
        { "100,000 tags", One, Json, new JsonObject { ["content"] = "a", ["tags"] = new JsonArray([.. Enumerable.Range(0, 100_000).Select(i => (JsonNode)$"t{i}")]) }.ToJsonString(), 422, "invalid-record" },
        { "a content over the limit", One, Text, new string('x', (1 << 20) + 1), 413, "too-large" },
        { "1,001 records at once", Items, Json, new JsonObject { ["items"] = new JsonArray([.. Enumerable.Range(0, 1001).Select(i => (JsonNode)new JsonObject { ["key"] = $"k{i}", ["content"] = "a" })]) }.ToJsonString(), 4, "" },
        { "a search without anything", Search, Json, "{}", 400, "invalid-request" },
        { "k of minus one", Search, Json, "{\"query\":\"a\",\"k\":-1}", 400, "invalid-request" },
        { "k past all numbers", Search, Json, "{\"query\":\"a\",\"k\":99999999999999999999}", 400, "invalid-request" },
        { "a mode that is none", Search, Json, "{\"query\":\"a\",\"mode\":\"psychic\"}", 400, "invalid-request" },
        { "a token that is none", Search, Json, "{\"query\":\"a\",\"minSequence\":\"x\"}", 400, "invalid-token" },
        { "XML for a search", Search, "application/xml", "<query/>", 415, "unsupported-media-type" },
        { "a forget of nothing", "POST /v1/namespaces/notes/forget", Json, "{}", 400, "invalid-request" },
        { "a turn without a role", "POST /v1/sessions/s/turns", Json, "{\"turns\":[{\"content\":\"a\"}]}", 4, "" },
        { "a cursor that is none", "GET /v1/namespaces/notes/memories?cursor=zzz", Text, "", 400, "invalid-cursor" },
        { "a limit that is no number", "GET /v1/namespaces/notes/memories?limit=many", Text, "", 400, "invalid-request" },
        { "a filter that is none", "GET /v1/namespaces/notes/memories?attr=a:wat:1", Text, "", 400, "invalid-request" },
        { "an instant that is none", "GET /v1/namespaces/notes/memories/there?asOf=never", Text, "", 400, "invalid-request" },
        { "a feed from nowhere", "GET /v1/namespaces/notes/changes?from=nowhere", Text, "", 400, "invalid-token" },
        { "a namespace of minus one dimension", "PUT /v1/namespaces/other", Json, "{\"vectorSource\":\"caller\",\"dimensions\":-1}", 4, "" },
        { "an address that is none", "GET /v1/nothing/here", Text, "", 404, "not-found" },
        { "a method that is none", "BREW /v1/namespaces/notes/search", Json, "{}", 405, "method-not-allowed" },
    };

    /// <summary>Requests broken below HTTP: answered by the server itself with 4xx, or by the end of the connection.</summary>
    public static TheoryData<string, string> Broken => new()
    {
        { "a request line of garbage", "\u0016\u0003\u0001\u0002hello\r\n\r\n" },
        { "no version", "GET /alive\r\n\r\n" },
        { "HTTP of the future", "GET /alive HTTP/9.9\r\nHost: a\r\n\r\n" },
        { "a null character in the address", "GET /v1/namespaces/notes/memories/a%00b HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "no host", "GET /alive HTTP/1.1\r\n\r\n" },
        { "a header without a colon", "GET /alive HTTP/1.1\r\nHost: a\r\nwhat is this\r\n\r\n" },
        { "a length that is none", "PUT /v1/namespaces/notes/memories/k HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: -5\r\n\r\nabc" },
        { "two lengths", "PUT /v1/namespaces/notes/memories/k HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc" },
        { "a body cut short", "PUT /v1/namespaces/notes/memories/cut HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\nabc" },
        { "JSON cut short", "POST /v1/namespaces/notes/memories HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"items\":[" },
        { "a chunk that is none", "PUT /v1/namespaces/notes/memories/cut HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n" },
        { "chunks cut short", "PUT /v1/namespaces/notes/memories/cut HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc" },
        { "a header of 100,000 characters", $"GET /alive HTTP/1.1\r\nHost: a\r\nX-Long: {new string('x', 100_000)}\r\n\r\n" },
        { "an address of 100,000 characters", $"GET /{new string('x', 100_000)} HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "a body of 10 TB announced", "POST /v1/namespaces/notes/memories HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10995116277760\r\n\r\n{" },
    };

    private const string Json = "application/json";
    private const string Text = "text/plain";

    /// <param name="status">A whole status, or 4 for any of 4xx.</param>
    /// <param name="code">Empty: any code.</param>
    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Bad_input_is_refused_with_a_code(string what, string line, string media, string body, int status, string code)
    {
        var answer = await service.SendRawAsync(
            $"{line} HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}", half: false);
        var got = StatusOf(answer);
        Assert.True(status == got || (status == 4 && got / 100 == 4), $"{what}: {answer}");
        var problem = JsonNode.Parse(answer[answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)..].Trim())!.AsObject();
        Assert.True(code.Length == 0 ? ((string?)problem["code"])?.Length > 0 : code == (string?)problem["code"], $"{what}: {answer}");
        Assert.False(string.IsNullOrEmpty((string?)problem["suggestion"]), $"{what}: {answer}");
        await service.IsWellAsync(what);
    }

    [Fact]
    public async Task Two_keys_that_the_server_writes_alike_are_two_under_one_idempotency_key()
    {
        const string Rest = "HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nIdempotency-Key: twice\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx";
        var first = await service.SendRawAsync($"PUT /v1/namespaces/notes/memories/a%2Fb {Rest}", half: false);
        var second = await service.SendRawAsync($"PUT /v1/namespaces/notes/memories/a%252Fb {Rest}", half: false);
        var again = await service.SendRawAsync($"PUT /v1/namespaces/notes/memories/a%2Fb {Rest}", half: false);

        Assert.Equal((201, 422), (StatusOf(first), StatusOf(second)));
        Assert.Contains("Idempotency-Replayed: true", again, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_broken_request_is_refused_or_dropped_and_leaves_no_trace(string what, string request)
    {
        var answer = await service.SendRawAsync(request, half: true);
        Assert.True(answer.Length == 0 || StatusOf(answer) / 100 == 4 || StatusOf(answer) == 505, $"{what}: {answer}");
        await service.IsWellAsync(what);
        Assert.Equal(404, (int)(await service.Process.Http.GetRecordAsync("notes", "cut")).Status);
    }

    private static int StatusOf(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>The process that all cases are sent to.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit ends it by IAsyncLifetime.DisposeAsync.")]
    public sealed class Service : IAsyncLifetime
    {
        private readonly TestFolder _folder = new();

        internal SophiaProcess Process { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Process = await SophiaProcess.StartAsync(new SophiaSettings { DataDirectory = _folder.Path });
            (await Process.Http.PutTextAsync("notes", "there", "is there")).Require(System.Net.HttpStatusCode.Created);
            (await Process.Http.SendAsync(HttpMethod.Put, "/v1/namespaces/vectors/memories/there", Requests.JsonBody(JsonNode.Parse("{\"content\":\"a\",\"vector\":[1,2,3]}")!)))
                .Require(System.Net.HttpStatusCode.Created);
        }

        public async Task DisposeAsync()
        {
            await Process.DisposeAsync();
            _folder.Dispose();
        }

        /// <param name="half">Ends our half of the connection after the request, as a client that is cut off does.</param>
        /// <returns>All that came back; empty when the connection was ended without an answer.</returns>
        internal async Task<string> SendRawAsync(string request, bool half)
        {
            // The service answers only to its own names when it has no keys, so the host that the cases name is put right.
            request = request.Replace("\r\nHost: a\r\n", $"\r\nHost: {Process.Address.Authority}\r\n", StringComparison.Ordinal);
            using var client = new TcpClient();
            await client.ConnectAsync(Process.Address.Host, Process.Address.Port);
            var stream = client.GetStream();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var received = new MemoryStream();
            var sending = SendAsync();
            try
            {
                await stream.CopyToAsync(received, patience.Token);
            }
            catch (IOException)
            {
                // Reset by the server: what came before counts.
            }

            await sending;
            return Encoding.UTF8.GetString(received.ToArray());

            async Task SendAsync()
            {
                try
                {
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(request), patience.Token);
                    if (half)
                    {
                        client.Client.Shutdown(SocketShutdown.Send);
                    }
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    // The server may refuse before it has read all.
                }
            }
        }

        /// <summary>It serves on, and has logged no failure.</summary>
        internal async Task IsWellAsync(string what)
        {
            Assert.Equal("is there", (await Process.Http.GetRecordAsync("notes", "there")).Require(System.Net.HttpStatusCode.OK).Content);
            Assert.False(Process.Output.Contains("fail:", StringComparison.Ordinal) || Process.Output.Contains("crit:", StringComparison.Ordinal), $"{what}: {Process.Shown}");
        }
    }
}
