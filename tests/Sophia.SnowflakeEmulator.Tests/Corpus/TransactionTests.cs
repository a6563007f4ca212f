using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Tests.Corpus;

/// <summary>Where transactions begin and end.</summary>
public sealed class TransactionTests : IDisposable
{
    private readonly LocalSnowflake _engine = new();
    private readonly LocalSession _session;

    public TransactionTests() => _session = _engine.OpenSession();

    public void Dispose()
    {
        _session.Dispose();
        _engine.Dispose();
    }

    private async Task<object?> RunAsync(params string[] statements)
    {
        object? last = null;
        foreach (var statement in statements) last = (await _session.ExecuteAsync(statement)).Rows[0][0];
        return last;
    }

    [Theory]
    [InlineData("create table other (x int)")]
    [InlineData("create table other like t")]
    [InlineData("alter table t add column y int")]
    [InlineData("create role r")]
    public async Task What_makes_or_changes_an_object_commits_what_was_open_before_it(string ddl) =>
        Assert.Equal(1L, await RunAsync("create table t (x int)", "begin", "insert into t values (1)", ddl, "rollback", "select count(*) from t"));

    [Fact]
    public async Task A_statement_that_is_not_understood_ends_no_transaction()
    {
        await RunAsync("create table t (x int)", "begin", "insert into t values (1)");
        await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync("create table other (x geography)"));

        Assert.Equal(0L, await RunAsync("rollback", "select count(*) from t"));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("create table other (x int)")]
    public async Task A_transaction_in_which_a_statement_failed_is_not_lost_in_silence(string ending)
    {
        await RunAsync("create table t (x int)", "begin", "insert into t values (1)");
        await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync("select 1/0"));

        await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync(ending));

        Assert.Equal(1L, await RunAsync("rollback", "insert into t values (2)", "select count(*) from t"));
        Assert.Equal("002003", (await Assert.ThrowsAsync<SnowflakeException>(() => RunAsync("select * from other"))).Code);
    }

    [Fact]
    public async Task A_merge_is_cancelled_while_its_doubled_rows_are_looked_for()
    {
        await RunAsync("create table t (x int)");
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        var merging = _session.ExecuteAsync("merge into t using (select count(*) as n from table(generator(rowcount => 100000000000)) a) as s on t.x = s.n when matched then delete", cancellationToken: stop.Token);

        Assert.Equal("000604", (await Assert.ThrowsAsync<SnowflakeException>(() => merging.WaitAsync(TimeSpan.FromSeconds(30)))).Code);
    }

    [Fact]
    public async Task A_merge_with_bound_values_finds_its_doubled_rows_too()
    {
        await RunAsync("create table t (x int, s varchar)", "insert into t values (1, 'old')");
        const string merge = "merge into t using (select column1 as x from values (?), (?)) as n on t.x = n.x when matched then update set s = ?";

        Assert.Equal("100090", (await Assert.ThrowsAsync<SnowflakeException>(() => _session.ExecuteAsync(merge, [[1L, 1L, "new"]]))).Code);
        await _session.ExecuteAsync(merge, [[1L, 2L, "new"]]);

        Assert.Equal("new", await RunAsync("select s from t"));
    }
}
