using CsCheck;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

public class TopRowsTests
{
    [Fact]
    public void A_key_that_goes_while_its_row_is_the_worst_kept_does_not_block_others_as_good()
    {
        var keys = new ChunkedRows<string?>(["z", "y", "b", "a"]);
        var top = new TopRows(2, keys);
        top.Offer(0, 1);
        top.Offer(1, 1);

        keys[0] = null;
        top.Offer(2, 1);
        top.Offer(3, 1);

        Assert.Equal([2, 3], top.Rows.ToArray().Order());
    }

    [Fact]
    public void A_row_that_is_used_again_keeps_the_place_of_the_key_that_it_was_offered_with()
    {
        var keys = new ChunkedRows<string?>(["z", "y", "c", "b"]);
        var top = new TopRows(2, keys);
        top.Offer(0, 1);
        top.Offer(1, 1);

        keys[0] = "a";
        top.Offer(2, 1);
        top.Offer(3, 1);

        Assert.Equal([2, 3], top.Rows.ToArray().Order());
    }

    [Fact]
    public void A_row_that_went_before_it_was_offered_takes_no_place_from_those_as_good()
    {
        var top = new TopRows(1, new ChunkedRows<string?>([null, "z"]));
        top.Offer(0, 1);
        top.Offer(1, 1);

        Assert.Equal([1], top.Rows.ToArray());
    }

    [Fact]
    public void Rows_that_go_at_any_time_cost_those_that_stay_no_more_places_than_they_had() =>
        Gen.Select(Gen.Int, Gen.Int[1, 12], Gen.Int[1, 60], Gen.Int[1, 3]).Sample((seed, capacity, rows, scores) =>
        {
            var random = new Random(seed);
            var names = Enumerable.Range(0, rows).Select(static i => (string?)$"k{i:00}").ToArray();
            random.Shuffle(names);
            var (keys, given) = (new ChunkedRows<string?>(names), Enumerable.Range(0, rows).Select(_ => (double)random.Next(scores)).ToArray());
            var (top, part) = (new TopRows(capacity, keys), new TopRows(capacity, keys));
            for (var row = 0; row < rows; row++)
            {
                (row % 2 == 0 ? top : part).Offer(row, given[row]);
                if (random.Next(4) == 0)
                {
                    keys[random.Next(rows)] = null;
                }
            }

            top.TakeIn(part);

            var gone = top.Rows.ToArray().Count(row => keys[row] is null);
            var stayed = Enumerable.Range(0, rows).Where(row => keys[row] is not null).OrderByDescending(row => given[row]).ThenBy(row => names[row], StringComparer.Ordinal);
            var expected = stayed.Take(Math.Min(rows, capacity) - gone).ToArray();
            Assert.Equal(expected.Order(), top.Rows.ToArray().Where(row => keys[row] is not null).Order());
        });
}
