using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.AI;
using Sophia.Gpu.Embedding;

namespace Sophia.Tests.Gpu;

public class HashedEmbedderTests
{
    private const string Pangram = "The quick brown fox jumps over the lazy dog; 2 foxes jumped twice in v1.2 of foo_bar.";

    [Fact]
    public void The_vector_of_a_text_never_changes_under_the_model_name()
    {
        // Stored vectors depend on this: when it must change, the model's name changes with it.
        var hash = SHA256.HashData(MemoryMarshal.AsBytes(Embed(Pangram).AsSpan()));

        Assert.Equal("sophia-hashed-256-v1", HashedEmbedder.ModelName);
        Assert.StartsWith("89fee169a92bb02fe99e832412f7855f4c749b12f", Convert.ToHexStringLower(hash), StringComparison.Ordinal);
    }

    [Fact]
    public void Accents_that_are_characters_of_their_own_are_embedded_as_they_always_were()
    {
        // An index that joins the two spellings must not change what is stored.
        var hash = SHA256.HashData(MemoryMarshal.AsBytes(Embed("two cafe\u0301s near the café, a cafe\u0301 re\u0301sume\u0301").AsSpan()));

        Assert.StartsWith("baf73b34056d62aa3c528450a0fc5bb67d8e36689", Convert.ToHexStringLower(hash), StringComparison.Ordinal);
    }

    [Fact]
    public void Vectors_have_length_one_and_are_exact_in_half_precision()
    {
        var vector = Embed(Pangram);

        Assert.InRange(ShardRecords.Cosine(vector, vector), 0.999999, 1.000001);
        Assert.InRange(vector.Sum(x => (double)x * x), 0.998, 1.002);
        Assert.All(vector, x => Assert.Equal(x, (float)(Half)x));
    }

    [Fact]
    public void A_text_without_words_has_no_direction() => Assert.All(Embed(" …!? "), x => Assert.Equal(0, x));

    [Theory]
    [InlineData("How do I renew a library loan?", "Renewing loans of library books", "The database was migrated to PostgreSQL last week")]
    [InlineData("password reset fails", "Resetting passwords failed for two users", "Quarterly revenue grew by ten percent")]
    [InlineData("Kubernetes pods restarting", "A pod restarts in the kubernetes cluster", "Bake the bread for forty minutes")]
    [InlineData("colour of the sky", "the color of skies", "nothing to see here, move along")]
    public void Related_texts_are_closer_than_unrelated_ones(string text, string related, string unrelated) =>
        Assert.True(
            ShardRecords.Cosine(Embed(text), Embed(related)) > ShardRecords.Cosine(Embed(text), Embed(unrelated)) + 0.2);

    [Fact]
    public async Task The_generator_gives_the_same_vectors_and_names_its_model()
    {
        using var generator = new HashedEmbedder();

        var embeddings = await generator.GenerateAsync([Pangram, "other"]);

        Assert.Equal(Embed(Pangram), embeddings[0].Vector.ToArray());
        Assert.Equal(Embed("other"), embeddings[1].Vector.ToArray());
        Assert.Equal(HashedEmbedder.ModelName, embeddings[0].ModelId);
        Assert.Equal(256, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
    }

    [Fact]
    public void A_long_text_with_many_distinct_words_leaves_nothing_to_the_next()
    {
        var expected = Embed(Pangram);
        Embed(string.Join(' ', Enumerable.Range(0, 50_000).Select(i => $"word{i}")));

        Assert.Equal(expected, Embed(Pangram));
    }

    private static float[] Embed(string text)
    {
        var vector = new float[HashedEmbedder.Dimensions];
        HashedEmbedder.Embed(text, vector);
        return vector;
    }
}
