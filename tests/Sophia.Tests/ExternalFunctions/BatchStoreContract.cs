using Sophia.Memory.Stores;
using Sophia.Snowflake.ExternalFunctions;
using Sophia.Stores.Postgres;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.ExternalFunctions;

/// <summary>What every store of batches does.</summary>
public abstract class BatchStoreContract
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private readonly BatchKey _key = new("red", "gateway", "sophia_embed", Guid.NewGuid().ToString());

    protected abstract IBatchStore Store { get; }

    private Task<BatchClaim> ClaimAsync(string owner, string request = "rows", int atSeconds = 0) => Store.ClaimAsync(
        _key, System.Text.Encoding.UTF8.GetBytes(request), owner, Now.AddSeconds(atSeconds), Now.AddSeconds(atSeconds + 30), Now.AddSeconds(atSeconds + 900), default);

    private Task<BatchClaim> ResumeAsync(string owner, int atSeconds = 0) => Store.ResumeAsync(_key, owner, Now.AddSeconds(atSeconds), Now.AddSeconds(atSeconds + 30), default);

    [SkippableFact]
    public async Task Of_two_nodes_that_claim_a_batch_one_gets_it()
    {
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => ClaimAsync($"node {i}"))));

        Assert.Single(claims, c => c.State == BatchState.Claimed);
        Assert.Equal(7, claims.Count(c => c.State == BatchState.Running));
    }

    [SkippableFact]
    public async Task What_was_answered_is_answered_again_to_any_node_and_the_rows_are_gone()
    {
        await ClaimAsync("a");
        await Store.AnswerAsync(_key, "a", "answer"u8.ToArray(), Now.AddSeconds(900), default);

        var (repeat, poll) = (await ClaimAsync("b", atSeconds: 60), await ResumeAsync("c", 60));

        Assert.Equal((BatchState.Answered, BatchState.Answered), (repeat.State, poll.State));
        Assert.Equal("answer"u8.ToArray(), poll.Answer);
        Assert.Null(poll.Request);
    }

    [SkippableFact]
    public async Task A_batch_whose_node_is_gone_is_taken_over_with_its_rows_and_the_old_owner_has_lost_it()
    {
        await ClaimAsync("a");
        Assert.Equal(BatchState.Running, (await ResumeAsync("b", 29)).State);

        var taken = await ResumeAsync("b", 30);

        Assert.Equal(BatchState.Claimed, taken.State);
        Assert.Equal("rows"u8.ToArray(), taken.Request);
        Assert.False(await Store.RenewAsync(_key, "a", Now.AddSeconds(90), default));
        await Store.AnswerAsync(_key, "a", "late"u8.ToArray(), Now.AddSeconds(900), default);
        Assert.Equal(BatchState.Running, (await ResumeAsync("c", 40)).State);
    }

    [SkippableFact]
    public async Task A_renewed_lease_keeps_the_batch()
    {
        await ClaimAsync("a");
        Assert.True(await Store.RenewAsync(_key, "a", Now.AddSeconds(90), default));
        Assert.Equal(BatchState.Running, (await ResumeAsync("b", 60)).State);
    }

    [SkippableFact]
    public async Task The_same_id_with_other_rows_is_another_batch_and_told_apart()
    {
        await ClaimAsync("a");
        Assert.Equal(BatchState.Different, (await ClaimAsync("a", "other rows")).State);
        Assert.Equal(BatchState.Different, (await ClaimAsync("b", "other rows", 60)).State);
    }

    [SkippableFact]
    public async Task A_batch_given_up_is_begun_afresh()
    {
        await ClaimAsync("a");
        await Store.ReleaseAsync(_key, "a", default);
        Assert.Equal(BatchState.Unknown, (await ResumeAsync("b")).State);
        Assert.Equal(BatchState.Claimed, (await ClaimAsync("b")).State);
    }

    [SkippableFact]
    public async Task Answers_go_when_their_time_is_over()
    {
        await ClaimAsync("a");
        await Store.AnswerAsync(_key, "a", "answer"u8.ToArray(), Now.AddSeconds(900), default);

        Assert.Equal(BatchState.Unknown, (await ResumeAsync("b", 900)).State);
        Assert.True(await Store.TrimAsync(Now.AddSeconds(900), default) > 0);
        Assert.Equal(BatchState.Claimed, (await ClaimAsync("b", atSeconds: 901)).State);
    }

    [SkippableFact]
    public async Task A_batch_of_one_tenant_is_unknown_to_another()
    {
        await ClaimAsync("a");
        var other = await Store.ResumeAsync(_key with { Tenant = "blue" }, "a", Now, Now, default);
        Assert.Equal(BatchState.Unknown, other.State);
    }
}

public sealed class BatchesInProcessTests : BatchStoreContract
{
    protected override IBatchStore Store { get; } = new BatchesInProcess();

    [Fact]
    public async Task The_oldest_answers_go_when_together_they_have_more_bytes_than_are_kept()
    {
        var (store, now) = (new BatchesInProcess(mostBytes: 100), DateTimeOffset.UnixEpoch);
        async Task<BatchState> StateAsync(int batch) => (await store.ResumeAsync(KeyOf(batch), "b", now, now, default)).State;
        static BatchKey KeyOf(int batch) => new("red", "gateway", "f", $"{batch}");
        async Task AnswerAsync(int batch, int bytes)
        {
            await store.ClaimAsync(KeyOf(batch), "rows"u8.ToArray(), "a", now, now.AddSeconds(30), now.AddSeconds(900), default);
            await store.AnswerAsync(KeyOf(batch), "a", new byte[bytes], now.AddSeconds(900 + batch), default);
        }

        await AnswerAsync(1, 40);
        await AnswerAsync(2, 40);
        await AnswerAsync(3, 40);
        Assert.Equal((BatchState.Unknown, BatchState.Answered, BatchState.Answered), (await StateAsync(1), await StateAsync(2), await StateAsync(3)));
        await AnswerAsync(4, 200);
        Assert.Equal((BatchState.Unknown, BatchState.Unknown, BatchState.Answered), (await StateAsync(2), await StateAsync(3), await StateAsync(4)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_was_fetched_goes_before_an_older_one_that_was_not(bool polled)
    {
        var (store, now) = (new BatchesInProcess(mostBytes: 100), DateTimeOffset.UnixEpoch);
        async Task<BatchState> StateAsync(string batch) => (await store.ResumeAsync(KeyOf(batch), "b", now, now, default)).State;
        static BatchKey KeyOf(string batch) => new("red", "gateway", "f", batch);
        async Task AnswerAsync(string batch, int seconds)
        {
            await store.ClaimAsync(KeyOf(batch), "rows"u8.ToArray(), "a", now, now.AddSeconds(30), now.AddSeconds(900), default);
            await store.AnswerAsync(KeyOf(batch), "a", new byte[40], now.AddSeconds(900 + seconds), default);
        }

        await AnswerAsync("waits", 1);
        await AnswerAsync("fetched", 2);
        if (polled)
        {
            await StateAsync("fetched");
        }
        else
        {
            store.Fetched(KeyOf("fetched"));
        }

        await AnswerAsync("new", 3);

        Assert.Equal((BatchState.Answered, BatchState.Unknown, BatchState.Answered), (await StateAsync("waits"), await StateAsync("fetched"), await StateAsync("new")));
    }
}

public sealed class PostgresForBatches : IAsyncLifetime
{
    private PostgresServer? _server;

    public Npgsql.NpgsqlDataSource? DataSource { get; private set; }

    public async Task InitializeAsync()
    {
        if (PostgresServer.Missing is null)
        {
            _server = PostgresServer.StartNew();
            DataSource = Npgsql.NpgsqlDataSource.Create(_server.ConnectionString());
            // Several nodes start at once.
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new BatchesInDatabase(DataSource, PostgresErrors.Translate).PrepareAsync(default)));
        }
    }

    public Task DisposeAsync()
    {
        DataSource?.Dispose();
        _server?.Dispose();
        return Task.CompletedTask;
    }
}

public sealed class BatchesInDatabaseTests(PostgresForBatches postgres) : BatchStoreContract, IClassFixture<PostgresForBatches>
{
    protected override IBatchStore Store
    {
        get
        {
            Skip.If(postgres.DataSource is null, PostgresServer.Missing);
            return new BatchesInDatabase(postgres.DataSource!, PostgresErrors.Translate);
        }
    }

    [Fact]
    public async Task Where_the_database_does_not_answer_the_store_says_so_and_not_what_its_driver_says()
    {
        await using var nobody = Npgsql.NpgsqlDataSource.Create($"Host=127.0.0.1;Port={FreePort.Take()};Username=sophia;Timeout=2");
        var store = new BatchesInDatabase(nobody, PostgresErrors.Translate);
        var key = new BatchKey("red", "gateway", "sophia_embed", "batch");

        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ClaimAsync(key, "rows"u8.ToArray(), "node", default, default, default, default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.ResumeAsync(key, "node", default, default, default));
    }
}
