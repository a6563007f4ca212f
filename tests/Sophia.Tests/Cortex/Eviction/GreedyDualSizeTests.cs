using CsCheck;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Tests.Cortex.Eviction;

/// <summary>Which answer goes, beside a reckoning of every worth at every use.</summary>
public sealed class GreedyDualSizeTests
{
    private static CachedAnswer Answer(GreedyDualSize order, int number, long bytes, double saving)
    {
        var answer = new CachedAnswer(new RecordId((UInt128)(uint)number), 1, new PromptHash((UInt128)(uint)number, 0), Sequence.Of(0, number), bytes, saving, order.Age);
        order.Add(answer);
        return answer;
    }

    /// <summary>The paper's words, with a list: H = L + F × C ÷ S at every use, the least goes, L becomes its H.</summary>
    private sealed class Plain
    {
        private readonly List<(int Number, long Bytes, double Saving, long Uses, double Worth)> _entries = [];

        public double Age { get; private set; }

        public long Bytes => _entries.Sum(e => e.Bytes);

        public void Add(int number, long bytes, double saving) => _entries.Add((number, bytes, saving, 1, Age + (saving / bytes)));

        public void Use(int number) => Change(number, e => e with { Uses = e.Uses + 1, Worth = Age + ((e.Uses + 1) * e.Saving / e.Bytes) });

        public void Remove(int number) => _entries.RemoveAll(e => e.Number == number);

        public int? Evict()
        {
            if (_entries.Count == 0)
            {
                return null;
            }

            var least = _entries.MinBy(e => (e.Worth, e.Number));
            Age = Math.Max(Age, least.Worth);
            _entries.Remove(least);
            return least.Number;
        }

        private void Change(int number, Func<(int Number, long Bytes, double Saving, long Uses, double Worth), (int, long, double, long, double)> change)
        {
            var at = _entries.FindIndex(e => e.Number == number);
            if (at >= 0)
            {
                _entries[at] = change(_entries[at]);
            }
        }
    }

    [Fact]
    public void It_goes_as_if_every_worth_were_reckoned_at_every_use() =>
        Gen.Select(Gen.Int[1, 4000], Gen.Int[0, 1 << 20]).Sample((steps, seed) =>
        {
            var random = new Random(seed);
            var (order, plain) = (new GreedyDualSize(), new Plain());
            var here = new Dictionary<int, CachedAnswer>();
            for (var step = 0; step < steps; step++)
            {
                var known = here.Count == 0 ? 0 : here.Keys.ElementAt(random.Next(here.Count));
                switch (random.Next(10))
                {
                    case < 3:
                        var (bytes, saving) = (1L + random.Next(50), (double)random.Next(40));
                        here[step] = Answer(order, step, bytes, saving);
                        plain.Add(step, bytes, saving);
                        break;
                    case < 8 when here.Count > 0:
                        here[known].Use(order.Age);
                        plain.Use(known);
                        break;
                    case 8 when here.Remove(known, out var gone):
                        order.Remove(gone);
                        order.Remove(gone);
                        plain.Remove(known);
                        break;
                    default:
                        var (one, other) = (order.Evict(), plain.Evict());
                        Assert.Equal(other, (int?)(long?)one?.Sequence.Number);
                        here.Remove(other ?? -1);
                        break;
                }

                Assert.Equal((plain.Age, plain.Bytes, here.Count), (order.Age, order.Bytes, order.Count));
            }
        }, iter: 60, threads: 1);

    [Fact]
    public void Of_two_that_are_asked_alike_the_one_that_saves_less_for_its_size_goes()
    {
        var order = new GreedyDualSize();
        Answer(order, 1, 1_000, 900);
        Answer(order, 2, 100, 100);
        Answer(order, 3, 10, 5);

        Assert.Equal([3, 1, 2], new[] { order.Evict(), order.Evict(), order.Evict() }.Select(a => (int)a!.Sequence.Number));
        Assert.Null(order.Evict());
    }

    [Fact]
    public void What_was_asked_often_once_is_overtaken_by_what_is_asked_now()
    {
        var order = new GreedyDualSize();
        var old = Answer(order, 0, 100, 100);
        for (var i = 0; i < 50; i++)
        {
            old.Use(order.Age);
        }

        // Each is asked twice while it is new, and makes room for the next.
        var went = new List<long>();
        for (var number = 1; number <= 200; number++)
        {
            Answer(order, number, 100, 100).Use(order.Age);
            if (number > 3)
            {
                went.Add(order.Evict()!.Sequence.Number);
            }
        }

        Assert.InRange(went.IndexOf(0), 60, 150);
    }

    [Fact]
    public void Uses_of_many_threads_are_all_counted_and_none_is_lost_to_an_eviction_beside_them()
    {
        var order = new GreedyDualSize();
        var answers = Enumerable.Range(1, 100).Select(i => Answer(order, i, 10, 10)).ToArray();
        Parallel.For(0, 4, part =>
        {
            for (var i = 0; i < 25_000; i++)
            {
                answers[i % 100].Use(order.Age);
                if (part == 0 && i % 1000 == 999)
                {
                    order.Evict();
                }
            }
        });

        Assert.Equal(75, order.Count);
        Assert.All(answers, answer => Assert.Equal(1001, answer.Uses));
    }

    [Fact]
    public void Those_that_went_leave_no_room_behind()
    {
        var order = new GreedyDualSize();
        for (var i = 1; i <= 10_000; i++)
        {
            order.Remove(Answer(order, i, 10, 10));
        }

        Assert.Equal((0, 0L), (order.Count, order.Bytes));
        Assert.Null(order.Evict());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789")]
    [InlineData("zbcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789")]
    [InlineData("abcdef0123456789abcdef0123456789abcdef0123456789abcdef012345678")]
    public void What_is_no_key_of_an_answer_is_not_taken_for_one(string key) => Assert.False(PromptHash.TryParse(key, out _));

    [Fact]
    public void A_key_comes_back_as_it_was()
    {
        const string key = "00cdef0123456789abcdef01234567890bcdef0123456789abcdef0123456789";
        Assert.True(PromptHash.TryParse(key, out var hash));
        Assert.Equal(key, hash.ToString());
    }
}
