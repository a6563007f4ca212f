using System.Diagnostics;
using System.Text;
using CsCheck;
using Sophia.Gpu.Shards;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public class RowFilterTests
{
    private static readonly Gen<string> Name = ShardRecords.AnyOf("a", "b", "c");

    private static readonly Gen<string> Scalar = ShardRecords.AnyOf(
        "1", "2", "2.5", "-1", "\"x\"", "\"y\"", "\"\"", "true", "false", "null", "{\"z\":1}", "[]", "[1,\"x\",true]", "[[1],null,\"y\"]");

    private static readonly Gen<string> Attributes = Gen.Select(Name, Scalar, (name, value) => $"\"{name}\":{value}").Array[0, 4]
        .Select(members => members.Length == 0 ? "" : $"{{{string.Join(',', members)}}}");

    private static readonly Gen<AttributeValue> Value = ShardRecords.AnyOf(
        new AttributeValue("x", null, null), new AttributeValue("y", null, null), new AttributeValue("unheard", null, null),
        new AttributeValue(null, 1, null), new AttributeValue(null, 2.25, null), new AttributeValue(null, null, true), default);

    private static readonly Gen<AttributeCondition> Condition =
        Gen.Select(Name, Gen.Enum<Comparison>(), Value, Value, (name, comparison, value, other) => new AttributeCondition(
            name, comparison, comparison is Comparison.Exists or Comparison.Missing ? [] : comparison == Comparison.In ? [value, other] : [value]));

    private static readonly Gen<string[]> Tags = ShardRecords.AnyOf("s", "t", "u").Array[0, 3].Select(tags => tags.Distinct().ToArray());

    private static readonly Gen<DateTimeOffset?> Time =
        Gen.Int[0, 8].Select(hour => hour < 3 ? (DateTimeOffset?)null : ShardRecords.Now.AddHours(hour));

    private static readonly Gen<MemoryRecord> Record = Gen.Select(
        Gen.Int[0, 99], Attributes, Tags, Gen.Int[0, 8], Gen.Select(Time, Time, Time),
        (key, attributes, tags, hour, times) => ShardRecords.Record($"k{key}", 1, "", null, attributes, tags) with
        {
            CreatedAt = ShardRecords.Now.AddHours(hour),
            UpdatedAt = ShardRecords.Now.AddHours(hour + 1),
            ValidFrom = times.Item1,
            ValidTo = times.Item2,
            ExpiresAt = times.Item3,
        });

    private static readonly Gen<RecordFilter> Filter = Gen.Select(
        Tags, Tags, Tags, Condition.Array[0, 2], Gen.Select(Time, Time, Time, Time, Time), ShardRecords.AnyOf<string?>(null, null, "k", "k1"),
        (all, any, none, conditions, times, prefix) => new RecordFilter
        {
            AllTags = all.Length > 1 ? [] : all,
            AnyTags = any,
            NoTags = none.Length > 1 ? [] : none,
            Attributes = conditions,
            CreatedFrom = times.Item1,
            CreatedTo = times.Item2,
            UpdatedFrom = times.Item3,
            UpdatedTo = times.Item4,
            ValidAt = times.Item5,
            KeyPrefix = prefix,
        });

    [Fact]
    public void A_shard_filters_as_the_matcher_says_of_each_record() =>
        Gen.Select(Record.Array[0, 40], Filter, Condition).Sample(
            (records, filter, condition) =>
            {
                using var shard = ShardRecords.Shard(1);
                var truth = new Dictionary<string, MemoryRecord>();
                for (var i = 0; i < records.Length; i++)
                {
                    shard.Put(truth[records[i].Key] = records[i] with { Sequence = Sophia.Memory.Log.Sequence.Of(0, i + 1), Vector = [1] });
                }

                var now = ShardRecords.Now.AddHours(5);
                foreach (var asked in new[] { filter, new RecordFilter { Attributes = [condition] } })
                {
                    var answer = shard.Search(
                        new ShardQuery { Vector = [1], Mode = SearchMode.Vector, K = 100, Filter = asked, Now = now }, default);
                    var expected = truth.Values.Where(record => !record.IsExpired(now) && RecordFilterMatcher.Matches(asked, record))
                        .Select(record => record.Key).Order(StringComparer.Ordinal).ToArray();
                    Assert.Equal(expected, answer.Keys());
                    Assert.Equal(expected.Length, answer.RowsMatching);
                    Assert.Equal(expected.Length, answer.RowsScanned);
                }
            },
            iter: 3_000);

    [Fact]
    public void Many_rows_are_filtered_as_the_matcher_says_while_they_come_and_go() =>
        Gen.Select(Gen.Int, Filter).Sample(
            (seed, filter) =>
            {
                var random = new Random(seed);
                using var shard = ShardRecords.Shard(1);
                var truth = new Dictionary<string, MemoryRecord>();
                for (var number = 1; number <= 9_000; number++)
                {
                    var key = $"k{random.Next(6_000)}";
                    if (random.Next(6) == 0)
                    {
                        shard.Remove(ShardRecords.IdOf(key), Sophia.Memory.Log.Sequence.Of(0, number));
                        truth.Remove(key);
                        continue;
                    }

                    // "a" is common, so that it becomes a column; "b" and "c" are rare.
                    var attributes = random.Next(20) switch
                    {
                        0 => """{"a":[1,"x",true],"b":2}""",
                        1 => """{"c":"x"}""",
                        2 => """{"a":null}""",
                        < 8 => $$"""{"a":{{random.Next(4)}}}""",
                        < 14 => random.Next(2) == 0 ? """{"a":"x"}""" : """{"a":"y","b":1}""",
                        _ => """{"a":true}""",
                    };
                    string[] tags = random.Next(3) == 0 ? ["s"] : random.Next(40) == 0 ? ["t", "u"] : [];
                    shard.Put(truth[key] = ShardRecords.Record(key, number, "", [1], attributes, tags));
                }

                var answer = shard.Search(
                    new ShardQuery { Vector = [1], Mode = SearchMode.Vector, K = 10_000, Filter = filter, Now = ShardRecords.Now }, default);

                Assert.Equal(
                    truth.Values.Where(record => RecordFilterMatcher.Matches(filter, record)).Select(record => record.Key).Order(StringComparer.Ordinal), answer.Keys());
            },
            iter: 25);

    [Fact]
    public void A_filter_that_is_asked_again_and_again_sees_every_change_and_every_expiry() =>
        Gen.Select(Record.Array[1, 60], Filter, Gen.Int).Sample(
            (records, filter, seed) =>
            {
                var random = new Random(seed);
                using var shard = ShardRecords.Shard(1);
                var truth = new Dictionary<string, MemoryRecord>();
                for (var i = 0; i < records.Length; i++)
                {
                    var key = records[i].Key;
                    if (random.Next(4) == 0)
                    {
                        shard.Remove(ShardRecords.IdOf(key), Sophia.Memory.Log.Sequence.Of(0, i + 1));
                        truth.Remove(key);
                    }
                    else
                    {
                        var record = records[i] with { Sequence = Sophia.Memory.Log.Sequence.Of(0, i + 1), Vector = random.Next(5) == 0 ? null : [1] };
                        shard.Put(truth[key] = record);
                    }

                    // Time goes on, and sometimes a search comes late with an earlier one.
                    var now = ShardRecords.Now.AddHours(random.Next(4) == 0 ? random.Next(9) : i * 9.0 / records.Length);
                    var answer = shard.Search(new ShardQuery { Vector = [1], Mode = SearchMode.Vector, K = 100, Filter = Copy(filter), Now = now }, default);
                    var passing = truth.Values.Where(r => !r.IsExpired(now) && RecordFilterMatcher.Matches(filter, r)).ToArray();
                    Assert.Equal(passing.Length, answer.RowsMatching);
                    Assert.Equal(passing.Where(r => r.Vector is not null).Select(r => r.Key).Order(StringComparer.Ordinal), answer.Keys());
                    using var fresh = ShardRecords.Shard(1);
                    foreach (var record in truth.Values)
                    {
                        fresh.Put(record);
                    }

                    Assert.Equal(fresh.Search(new ShardQuery { Vector = [1], Mode = SearchMode.Vector, Filter = filter, Now = now }, default).FilterNotes, answer.FilterNotes);
                }
            },
            iter: 300);

    // Callers make their filters anew for each request.
    private static RecordFilter Copy(RecordFilter filter) => filter with
    {
        AllTags = [.. filter.AllTags], AnyTags = [.. filter.AnyTags], NoTags = [.. filter.NoTags],
        Attributes = [.. filter.Attributes.Select(condition => condition with { Values = [.. condition.Values] })],
    };

    [Fact]
    public void Missing_and_mistyped_attributes_are_counted_among_what_the_rest_of_the_filter_lets_through()
    {
        using var shard = ShardRecords.Shard(1);
        string[] attributes = ["""{"p":3}""", """{"p":"3"}""", """{"p":["x",4]}""", """{"p":[]}""", """{"q":3}""", ""];
        for (var i = 0; i < attributes.Length; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", 1, "", [1], attributes[i]));
        }

        shard.Put(ShardRecords.Record("other", 1, "", [1]));
        var filter = new RecordFilter
        {
            KeyPrefix = "k", Attributes = [new AttributeCondition("p", Comparison.Greater, [new AttributeValue(null, 3, null)])],
        };

        var answer = shard.Near([1], 10, filter);

        Assert.Equal(["k2"], answer.Keys());
        Assert.Equal([new FilterNote("p", 2, 2)], answer.FilterNotes);
        Assert.Empty(shard.Near([1], 10, new RecordFilter { Attributes = [new AttributeCondition("p", Comparison.Missing, [])] }).FilterNotes);
        Assert.Empty(shard.Near([1], 10).FilterNotes);
    }

    [Theory]
    [InlineData("""{"p":3}""", Comparison.GreaterOrEqual, 3, true)]
    [InlineData("""{"p":3}""", Comparison.NotEqual, 3, false)]
    [InlineData("""{"p":4}""", Comparison.NotEqual, 3, true)]
    [InlineData("""{"p":[3,4]}""", Comparison.NotEqual, 3, true)]
    [InlineData("""{"p":"3"}""", Comparison.NotEqual, 3, false)]
    [InlineData("""{"q":3}""", Comparison.NotEqual, 3, false)]
    [InlineData("", Comparison.NotEqual, 3, false)]
    [InlineData("""{"p":[1,3]}""", Comparison.Equal, 3, true)]
    [InlineData("""{"p":1,"p":3}""", Comparison.Equal, 3, true)]
    [InlineData("""{"p":3,"p":1}""", Comparison.Equal, 3, false)]
    [InlineData("""{"p":[3,4],"p":[1,2]}""", Comparison.In, 3, false)]
    [InlineData("""{"p":[3,4],"p":[1,3]}""", Comparison.In, 3, true)]
    [InlineData("""{"p":null}""", Comparison.Exists, null, true)]
    [InlineData("""{"p":null}""", Comparison.Missing, null, false)]
    [InlineData("""{"q":null}""", Comparison.Missing, null, true)]
    [InlineData("", Comparison.Missing, null, true)]
    public void A_condition_means_what_the_contract_says(string attributes, Comparison comparison, int? value, bool expected)
    {
        AttributeValue[] values = value is null ? [] : [new AttributeValue(null, value, null)];
        var filter = new RecordFilter { Attributes = [new AttributeCondition("p", comparison, values)] };

        Assert.Equal(expected, RecordFilterMatcher.Matches(filter, ShardRecords.Record("k", 1, "", null, attributes)));
    }

    [Fact]
    public void A_thousand_values_are_looked_for_in_long_arrays_without_holding_each_against_each()
    {
        var array = $$"""{"p":[{{string.Join(',', Enumerable.Repeat("1", 32_000))}}]}""";
        using var shard = ShardRecords.Shard(0);
        var record = ShardRecords.Record("k", 1, "walrus", attributes: array);
        for (var i = 0; i < 20; i++)
        {
            shard.Put(ShardRecords.Record($"k{i}", i + 1, "walrus", attributes: array));
        }

        // A filter that was asked before is not evaluated again, so each try has its own. Each against each they take seconds.
        Assert.InRange(Best(round => Assert.Empty(shard.Find("walrus", 10, OneOf(round)).Hits)), TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
        Assert.InRange(Best(round => Assert.False(RecordFilterMatcher.Matches(OneOf(round), record))), TimeSpan.Zero, TimeSpan.FromSeconds(0.5));

        static RecordFilter OneOf(int round) => new()
        {
            Attributes = [new AttributeCondition("p", Comparison.In, [.. Enumerable.Range(2 + round, 1_000).Select(static i => new AttributeValue(null, i, null))])],
        };
    }

    [Fact]
    public void Attributes_with_thousands_of_names_some_of_them_repeated_are_read_in_one_go()
    {
        var names = string.Join(',', Enumerable.Range(0, 20_000).Select(static i => $"\"n{i}\":{i}"));
        var repeated = string.Join(',', Enumerable.Range(0, 20_000).Select(static i => $"\"again\":{i}"));
        var json = Encoding.UTF8.GetBytes($"{{{names},{repeated},\"n5\":[7,8]}}");
        AttributeReader.ParsedAttribute[] read = [];

        // Each name held against all before it, they take seconds.
        Assert.InRange(Best(_ => read = AttributeReader.Read(json)), TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
        Assert.Equal(20_000 - 1 + 1 + 3, read.Length);
        Assert.Equal(19_999, read.Single(static cell => cell.Name == "again").Number);
        Assert.Equal([7, 8], read.Where(static cell => cell is { Name: "n5", Kind: CellKind.Number }).Select(static cell => (int)cell.Number));
    }

    [Fact]
    public void A_row_with_many_elements_is_not_looked_at_for_a_caller_who_has_left()
    {
        var rows = new RowTable();
        var record = ShardRecords.Record("k", 1, attributes: """{"p":[1,2,3]}""");
        rows.Set(record, AttributeReader.Read(record.Attributes.Span));
        var condition = new RowCondition(rows, new AttributeCondition("p", Comparison.In, [new AttributeValue(null, 3, null)]));
        var bits = new ulong[RowChunk.Words];
        bits[0] = 1;

        condition.Restrict(0, bits, [.. bits], default);

        Assert.Equal(1UL, bits[0]);
        Assert.Throws<OperationCanceledException>(() => condition.Restrict(0, bits, [.. bits], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void An_expired_record_is_no_hit_from_its_instant_on()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("k", 1, "walrus") with { ExpiresAt = ShardRecords.Now });

        Assert.Empty(shard.Find("walrus").Hits);
        Assert.Single(shard.Search(
            new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical, Now = ShardRecords.Now.AddTicks(-1) }, default).Hits);
    }

    /// <summary>Of five: what else the machine does is not counted.</summary>
    private static TimeSpan Best(Action<int> act) => Enumerable.Range(0, 5).Min(round =>
    {
        var started = Stopwatch.GetTimestamp();
        act(round);
        return Stopwatch.GetElapsedTime(started);
    });
}
