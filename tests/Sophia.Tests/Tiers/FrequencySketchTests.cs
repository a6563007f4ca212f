using CsCheck;
using Sophia.Memory.Tiers;

namespace Sophia.Tests.Tiers;

public sealed class FrequencySketchTests
{
    [Fact]
    public void A_first_sighting_is_one_and_a_second_is_two()
    {
        var sketch = new FrequencySketch(1_000);

        Assert.Equal(0, sketch.Estimate(42));
        Assert.Equal(1, sketch.Increment(42));
        Assert.Equal(2, sketch.Increment(42));
        Assert.Equal(2, sketch.Estimate(42));
    }

    [Fact]
    public void Counters_stop_at_fifteen()
    {
        var sketch = new FrequencySketch(1_000);
        for (var i = 0; i < 100; i++)
        {
            sketch.Increment(7);
        }

        Assert.Equal(15, sketch.Estimate(7));
    }

    [Fact]
    public void Within_the_window_an_estimate_is_never_too_low() =>
        Gen.Int[0, 40].Array[1, 600].Sample(sightings =>
        {
            var sketch = new FrequencySketch(64);
            foreach (var item in sightings)
            {
                sketch.Increment(item);
            }

            return sightings.CountBy(i => i).All(pair => sketch.Estimate(pair.Key) >= Math.Min(pair.Value, 15));
        });

    [Fact]
    public void After_the_window_what_is_not_seen_any_more_is_forgotten()
    {
        var sketch = new FrequencySketch(64);
        for (var i = 0; i < 10; i++)
        {
            sketch.Increment(1);
        }

        var before = sketch.Estimate(1);
        for (var i = 0; i < 5 * 640; i++)
        {
            sketch.Increment(100 + (i % 3));
        }

        Assert.True(before >= 10);
        Assert.True(sketch.Estimate(1) <= 1, $"Still {sketch.Estimate(1)}.");
    }

    [Fact]
    public void Few_items_of_many_seen_once_look_as_if_they_were_seen_twice()
    {
        var sketch = new FrequencySketch(10_000);
        var wrong = 0;
        for (var i = 0; i < 10_000; i++)
        {
            wrong += sketch.Increment(i * 7919) >= 2 ? 1 : 0;
        }

        Assert.InRange(wrong, 0, 1_000);
    }
}
