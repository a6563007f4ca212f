using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

public class WordHandoverTests
{
    [Fact]
    public void Words_are_taken_once_and_only_for_the_very_vector()
    {
        var handover = new WordHandover(new FakeTimeProvider());
        float[] vector = [1, 2];
        handover.Offer(vector, Words("walrus on ice"));

        var taken = new List<Word>();
        Assert.False(handover.TryTake([1, 2], taken));
        Assert.True(handover.TryTake(vector, taken));
        Assert.Equal(["walrus", "on", "ice"], taken.Select(word => word.Term));
        Assert.False(handover.TryTake(vector, taken));
        Assert.Equal(0, handover.WaitingBytes);
    }

    [Fact]
    public void What_nobody_takes_is_gone_after_three_seconds()
    {
        var clock = new FakeTimeProvider();
        var handover = new WordHandover(clock);
        float[] vector = [1, 2];
        handover.Offer(vector, Words("a secret"));

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(0, handover.WaitingBytes);
        clock.Advance(TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, handover.WaitingBytes);
        Assert.False(handover.TryTake(vector, []));
    }

    [Fact]
    public void Where_nobody_takes_words_few_wait_in_vain_until_somebody_does()
    {
        var clock = new FakeTimeProvider();
        var handover = new WordHandover(clock);
        var words = Words("walrus on ice");
        handover.Offer([0], words);
        var one = handover.WaitingBytes;
        clock.Advance(TimeSpan.FromSeconds(4));

        float[][] vectors = [.. Enumerable.Range(0, 2 * WordHandover.Probe).Select(i => new float[] { i })];
        foreach (var vector in vectors)
        {
            handover.Offer(vector, words);
        }

        Assert.Equal(2 * one, handover.WaitingBytes);
        Assert.Equal(2, vectors.Count(vector => handover.TryTake(vector, [])));
        handover.Offer(vectors[1], words);
        Assert.True(handover.TryTake(vectors[1], []));
    }

    [Fact]
    public void Its_bytes_are_bounded_whatever_is_offered()
    {
        var handover = new WordHandover(new FakeTimeProvider());
        var words = Enumerable.Repeat(TextAnalyzer.English.Find("walrus"), WordHandover.MostWords).ToArray();
        for (var i = 0; i < 2_000; i++)
        {
            handover.Offer([i], words);
        }

        Assert.InRange(handover.WaitingBytes, 1, WordHandover.LimitBytes + (WordHandover.MostWords * 8) + 64);
        handover.Offer(new float[1], [.. words, .. words]);
    }

    [Fact]
    public async Task A_shard_finds_the_same_whether_the_words_were_handed_over_or_read_again()
    {
        const string Text = "The walruses' v1.2 of foo_bar is don't-care; naïve café 東京.";
        using var embedder = new HashedEmbedder();
        var made = (await embedder.GenerateAsync([Text]))[0].Vector;
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(made, out var segment));
        using var handed = ShardRecords.Shard(HashedEmbedder.Dimensions);
        using var read = ShardRecords.Shard(HashedEmbedder.Dimensions);
        handed.Put(ShardRecords.Record("key", 1, Text, segment.Array));
        read.Put(ShardRecords.Record("key", 1, Text, [.. segment.Array!]));

        Assert.False(WordHandover.Shared.TryTake(segment.Array, []));
        foreach (var query in new[] { "walrus", "v1.2", "v1", "foo_bar", "bar", "dont", "naïve café", "東", "key" })
        {
            var (one, other) = (handed.Find(query).Hits, read.Find(query).Hits);
            Assert.Equal(Assert.Single(other).Score, Assert.Single(one).Score);
        }
    }

    private static Word[] Words(string text)
    {
        var words = new List<Word>();
        TextAnalyzer.English.Analyze(text, words);
        return [.. words];
    }
}
