using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Queries;

namespace Sophia.SnowflakeEmulator.Tests;

/// <summary>Large results: a part in the answer, the rest at addresses that end.</summary>
public sealed class ChunkTests
{
    private const string Many = "select seq4() as n, 'ö \"\\\\ \\n' || seq4() as t, null as z from table(generator(rowcount => 20000))";

    private static async Task<RunningEmulator> StartAsync(params string[] settings)
    {
        var server = new RunningEmulator { Settings = ["--Emulator:ChunkBytes=65536", .. settings] };
        await server.InitializeAsync();
        return server;
    }

    private static async Task<JsonElement[]> RowsAsync(RunningEmulator server, JsonElement data)
    {
        var rows = data.GetProperty("rowset").EnumerateArray().ToList();
        foreach (var chunk in data.GetProperty("chunks").EnumerateArray())
        {
            using var response = await server.Client.GetAsync(chunk.GetProperty("url").GetString());
            Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
            var packed = await response.Content.ReadAsByteArrayAsync();
            using var text = new MemoryStream();
            using (var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress)) await gzip.CopyToAsync(text);
            var read = JsonDocument.Parse($"[{System.Text.Encoding.UTF8.GetString(text.ToArray())}]").RootElement.EnumerateArray().ToArray();
            Assert.Equal((chunk.GetProperty("rowCount").GetInt32(), chunk.GetProperty("compressedSize").GetInt32(), chunk.GetProperty("uncompressedSize").GetInt32()), (read.Length, packed.Length, (int)text.Length));
            rows.AddRange(read);
        }
        return [.. rows];
    }

    [Fact]
    public async Task A_large_result_travels_in_chunks_and_a_repeated_request_reads_it_again()
    {
        await using var server = await StartAsync();
        var (token, request) = (await server.TokenAsync(), Guid.NewGuid().ToString());

        var data = (await server.RunAsync(token, Many, request)).GetProperty("data");
        var rows = await RowsAsync(server, data);
        var again = await RowsAsync(server, (await server.RunAsync(token, Many, request)).GetProperty("data"));

        Assert.Equal((20_000, 1000), (data.GetProperty("total").GetInt32(), data.GetProperty("rowset").GetArrayLength()));
        Assert.True(data.GetProperty("chunks").GetArrayLength() > 3);
        Assert.All(rows.Select(static (row, i) => (row, i)), static p => Assert.Equal($"[\"{p.i}\",\"ö \\\"\\\\ \\n{p.i}\",null]", p.row.GetRawText()));
        Assert.Equal(rows.Select(static r => r.GetRawText()), again.Select(static r => r.GetRawText()));
    }

    [Fact]
    public async Task An_address_ends_with_time_and_cannot_be_made_up_and_the_disk_is_free_again()
    {
        await using var server = await StartAsync();
        var token = await server.TokenAsync();
        var data = (await server.RunAsync(token, Many)).GetProperty("data");
        var url = data.GetProperty("chunks")[0].GetProperty("url").GetString()!;

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url));
        foreach (var other in new[] { url[..^1] + "99", url[..^1] + "-1", url.Replace("/chunks/", "/chunks/A", StringComparison.Ordinal), "/chunks//0", "/chunks/x/0", "/chunks/%2e%2e/0" })
            Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(other));
        // The session's end does not take a result from one who reads it still.
        await server.PostAsync("/session?delete=true", new { }, token);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url));
        Assert.True(server.Service<ChunkSpace>().Bytes > 0);

        server.Clock.Advance(TimeSpan.FromHours(6.1));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(url));
        server.Clock.Advance(TimeSpan.FromHours(2));
        // The server lets go of the chunk a little after its reader has it.
        for (var i = 0; i < 200 && server.Service<ChunkSpace>().Bytes > 0; i++) await Task.Delay(20);
        Assert.Equal(0, server.Service<ChunkSpace>().Bytes);

        async Task<HttpStatusCode> StatusAsync(string address)
        {
            using var response = await server.Client.GetAsync(address);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_reader_who_is_slow_gets_every_byte_although_the_address_ends_meanwhile()
    {
        await using var server = await StartAsync("--Emulator:ChunkBytes=60000000", "--Emulator:KeptResults=1");
        var token = await server.TokenAsync();
        // Random texts do not compress, so the chunk is more than the sockets hold.
        var data = (await server.RunAsync(token, "select seq4() as n, uuid_string() || uuid_string() || uuid_string() || uuid_string() as t from table(generator(rowcount => 400000))")).GetProperty("data");
        var chunk = data.GetProperty("chunks")[0];
        using var response = await server.Client.GetAsync(chunk.GetProperty("url").GetString(), HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var (buffer, read) = (new byte[64 << 10], 0);
        read += await stream.ReadAsync(buffer);

        for (var i = 0; i < 3; i++) await server.RunAsync(token, "select 1");
        server.Clock.Advance(TimeSpan.FromHours(9));
        Assert.True(server.Service<ChunkSpace>().Bytes > 0);
        for (int more; (more = await stream.ReadAsync(buffer)) > 0; read += more) await Task.Delay(1);

        Assert.Equal(chunk.GetProperty("compressedSize").GetInt32(), read);
        for (var i = 0; i < 200 && server.Service<ChunkSpace>().Bytes > 0; i++) await Task.Delay(20);
        Assert.Equal(0, server.Service<ChunkSpace>().Bytes);
    }

    [Fact]
    public async Task A_result_that_would_take_more_disk_than_may_be_fails_and_gives_back_what_it_took()
    {
        await using var server = await StartAsync("--Emulator:MaxChunkBytes=1000000");
        var token = await server.TokenAsync();

        var answer = await server.RunAsync(token, "select seq4(), uuid_string() from table(generator(rowcount => 100000000))");

        Assert.Equal("000603", answer.GetProperty("code").GetString());
        Assert.Contains("MaxChunkBytes", answer.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, server.Service<ChunkSpace>().Bytes);
        Assert.True((await server.RunAsync(token, Many)).GetProperty("data").GetProperty("chunks").GetArrayLength() > 0);
    }
}
