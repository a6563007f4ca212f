using System.Globalization;
using System.Net;
using Sophia.Faults.Tests.Harness;
using Sophia.Memory.Log;
using Sophia.Tests.Infrastructure;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class TwoProcessesTests(Engines engines)
{
    private const int Iterations = 150;
    private const string Hot = "hot";

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_elsewhere_with_the_token_sees_the_write_and_nothing_older(bool withRedis)
    {
        await using var pair = await Pair.StartAsync(engines, withRedis);
        (await pair.A.Http.PutTextAsync("notes", Hot, "0")).Require(HttpStatusCode.Created);
        for (var n = 1; n <= Iterations; n++)
        {
            // The older value is cached on the reader's side; one read without the token would do, the second is admitted.
            await pair.B.Http.GetRecordAsync("notes", Hot);
            await pair.B.Http.GetRecordAsync("notes", Hot);
            var text = n.ToString(CultureInfo.InvariantCulture);
            var put = (await pair.A.Http.PutTextAsync("notes", Hot, text)).Require(HttpStatusCode.Created, HttpStatusCode.OK);
            Assert.Equal(text, (await pair.B.Http.GetRecordAsync("notes", Hot, put.Sequence)).Require(HttpStatusCode.OK).Content);
            var gone = (n % 5) switch
            {
                0 => (await pair.A.Http.DeleteRecordAsync("notes", Hot)).Require(HttpStatusCode.OK).Sequence,
                1 => (await pair.A.Http.ForgetAsync("notes", Hot)).Require(HttpStatusCode.OK).Sequence,
                _ => null,
            };
            if (gone is not null)
            {
                var read = await pair.B.Http.GetRecordAsync("notes", Hot, gone);
                Assert.True(read.Status == HttpStatusCode.NotFound, $"Iteration {n}: {read}{Environment.NewLine}{pair.B.Shown}");
            }
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_search_elsewhere_with_the_token_finds_the_write(bool withRedis)
    {
        await using var pair = await Pair.StartAsync(engines, withRedis);
        for (var n = 0; n < 60; n++)
        {
            var word = "zyx" + string.Concat(n.ToString(CultureInfo.InvariantCulture).Select(digit => (char)('a' + digit - '0'))) + "qu";
            var put = (await pair.A.Http.PutTextAsync("notes", $"word/{n}", $"only here stands {word}")).Require(HttpStatusCode.Created);
            Assert.Equal([$"word/{n}"], await pair.B.Http.SearchAsync("notes", word, put.Sequence));
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Both_write_one_namespace_and_each_feed_has_every_change_once_and_in_order(bool withRedis)
    {
        await using var pair = await Pair.StartAsync(engines, withRedis);
        var first = (await pair.A.Http.PutTextAsync("notes", "counter-first", Counter.Text("counter-first", 1))).Require(HttpStatusCode.Created);
        await using var feedA = new FeedReader(pair.A.Address, "notes");
        await using var feedB = new FeedReader(pair.B.Address, "notes");
        await using var loadA = new WriteLoad(pair.A.Http, "notes", "a");
        await using var loadB = new WriteLoad(pair.B.Http, "notes", "b");
        await loadA.WritesAsync(500, pair.A);
        await loadB.WritesAsync(500, pair.B);
        await loadA.StopAsync();
        await loadB.StopAsync();

        Assert.Empty(loadA.Refusals.Concat(loadB.Refusals));
        await Ledger.HoldsAsync(pair.A.Http, "notes", [loadA, loadB]);
        await Ledger.HoldsAsync(pair.B.Http, "notes", [loadA, loadB]);
        var expected = loadA.Sequences.Concat(loadB.Sequences).Append(first.Sequence).Select(Number).Order().ToArray();
        // The namespace has its partition to itself here, so its changes are numbered without gaps.
        Assert.Equal(Enumerable.Range(1, expected.Length).Select(n => (long)n), expected);
        foreach (var feed in (FeedReader[])[feedA, feedB])
        {
            await Eventually.IsTrueAsync(() => feed.Events.Length >= expected.Length, $"the feed has {expected.Length} changes", () => $"{feed.Events.Length} events");
            Assert.Equal(expected, feed.Events.Select(change => Number(change.Id)));
            Assert.All(feed.Events, change => Assert.Equal("put", change.Kind));
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_namespace_that_was_removed_elsewhere_is_gone_here_too_and_can_be_used_again(bool withRedis)
    {
        await using var pair = await Pair.StartAsync(engines, withRedis);
        var put = (await pair.A.Http.PutTextAsync("notes", Hot, "a cat")).Require(HttpStatusCode.Created);
        for (var i = 0; i < 3; i++)
        {
            (await pair.B.Http.GetRecordAsync("notes", Hot, put.Sequence)).Require(HttpStatusCode.OK);
        }

        Assert.Equal([Hot], await pair.B.Http.SearchAsync("notes", "cat", put.Sequence));

        var proof = (await pair.A.Http.SendAsync(HttpMethod.Delete, "/v1/namespaces/notes", null)).Require(HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NotFound, (await pair.B.Http.GetRecordAsync("notes", Hot, proof.Sequence)).Status);
        await Eventually.IsTrueAsync(
            async () => (await pair.B.Http.SendAsync(HttpMethod.Get, "/v1/namespaces/notes", null)).Status == HttpStatusCode.NotFound, "the namespace is gone", () => pair.B.Shown);
        Assert.Empty((await pair.B.Http.SendAsync(HttpMethod.Get, "/v1/namespaces", null)).Require(HttpStatusCode.OK).Json["items"]!.AsArray());

        var again = (await pair.B.Http.PutTextAsync("notes", "other", "another cat")).Require(HttpStatusCode.Created);
        Assert.True(Number(again.Sequence) > Number(proof.Sequence));
        Assert.Equal(["other"], await pair.A.Http.SearchAsync("notes", "cat", again.Sequence));
    }

    private static long Number(string token) => Sequence.TryParse(token, out var sequence) ? sequence.Number : throw new FormatException(token);

    /// <summary>Two processes of the service on one database.</summary>
    private sealed class Pair(RedisServer? redis, TestFolder folder, SophiaProcess a, SophiaProcess b) : IAsyncDisposable
    {
        public SophiaProcess A => a;

        public SophiaProcess B => b;

        public static async Task<Pair> StartAsync(Engines engines, bool withRedis)
        {
            var database = engines.NewDatabase();
            var redis = withRedis ? Engines.NewRedis() : null;
            var folder = new TestFolder();
            var settings = new SophiaSettings { DataDirectory = folder.Path, Postgres = database, Redis = redis?.ConnectionString };
            var a = await SophiaProcess.StartAsync(settings);
            return new Pair(redis, folder, a, await SophiaProcess.StartAsync(settings));
        }

        public async ValueTask DisposeAsync()
        {
            await a.DisposeAsync();
            await b.DisposeAsync();
            redis?.Dispose();
            folder.Dispose();
        }
    }
}
