using System.Collections;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>A record that comes in between the beginning of a search and its scan.</summary>
public sealed class PutDuringScanTests
{
    [Fact]
    public void A_row_that_nobody_touched_is_found_though_k_is_above_the_number_of_rows_and_a_nearer_one_comes_in()
    {
        // At one of these moments both searches have begun, and neither has scanned.
        for (var asked = 1; asked <= 12; asked++)
        {
            using var shard = ShardRecords.Shard(2);
            for (var i = 0; i < 5; i++)
            {
                shard.Put(ShardRecords.Record($"k{i}", i + 1, vector: [1, i]));
            }

            var query = new ShardQuery { Vector = [1, 0], Mode = SearchMode.Vector, K = 10, Now = ShardRecords.Now };
            var queries = new Interrupted([query, query], asked, () => shard.Put(ShardRecords.Record("late", 6, vector: [1, 0.5f])));

            var answers = shard.Search(queries, default);

            Assert.All(answers, answer => Assert.Contains("k4", answer.Keys()));
        }
    }

    private sealed class Interrupted(ShardQuery[] queries, int at, Action action) : IReadOnlyList<ShardQuery>
    {
        private int _asked;

        public int Count
        {
            get
            {
                if (Interlocked.Increment(ref _asked) == at)
                {
                    action();
                }

                return queries.Length;
            }
        }

        public ShardQuery this[int index] => queries[index];

        public IEnumerator<ShardQuery> GetEnumerator() => ((IEnumerable<ShardQuery>)queries).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
