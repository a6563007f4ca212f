using Sophia.Gpu.Models;
using Sophia.Memory.Models;

namespace Sophia.Tests.Models;

/// <summary>An ONNX file and its tokenizer, as sentence encoders are exported.</summary>
public sealed class OnnxModelTests : IDisposable
{
    private static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "play", "##ing", "the"];
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-onnx-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private ModelOptions Options(int width = 6, IReadOnlyList<string>? inputs = null, float scale = 1)
    {
        var options = new ModelOptions { Kind = ModelKind.Onnx, Model = Path.Combine(_directory, "model.onnx"), Tokenizer = Path.Combine(_directory, "vocab.txt"), Normalise = false };
        File.WriteAllBytes(options.Model, TinyOnnx.Model(Vocabulary.Length, width, inputs, scale));
        File.WriteAllLines(options.Tokenizer, Vocabulary);
        return options;
    }

    private static async Task<float[]?[]> EmbedAsync(ModelOptions options, params string[] texts) =>
        await ModelFactory.Create("tiny", options, TimeProvider.System).EmbedAsync(texts, EmbeddingRole.Document, default);

    private static float[] MeanOf(params int[] ids) =>
        [.. Enumerable.Range(0, 6).Select(i => ids.Sum(id => TinyOnnx.RowOf(id, 6)[i]) / ids.Length)];

    [Fact]
    public async Task The_mean_is_over_the_text_s_own_tokens_and_not_over_the_padding()
    {
        var vectors = await EmbedAsync(Options(), "The cat playing", "dog");

        // [CLS] the cat play ##ing [SEP], and [CLS] dog [SEP] beside it, padded to the same length.
        Assert.Equal(MeanOf(2, 9, 5, 7, 8, 3), vectors[0]!, new Near());
        Assert.Equal(MeanOf(2, 6, 3), vectors[1]!, new Near());
    }

    [Theory]
    [InlineData(3e37f)]
    [InlineData(1e-30f)]
    public async Task Tokens_of_any_size_have_a_mean(float scale)
    {
        var vectors = await EmbedAsync(Options(scale: scale) with { Normalise = true }, "the the the the the");

        var mean = MeanOf(2, 9, 9, 9, 9, 9, 3);
        var length = Math.Sqrt(mean.Sum(static x => (double)x * x));
        Assert.Equal(mean.Select(x => (float)(x / length)), vectors[0]!, new Near());
    }

    [Fact]
    public void The_file_in_which_its_tensors_are_counts_for_what_the_model_is_and_its_sum_can_be_set()
    {
        var options = Options();
        var data = $"{options.Model}_data";
        var alone = ModelFactory.Create("tiny", options, TimeProvider.System).Identity;
        AssertRefused(options with { DataSha256 = new string('0', 64) }, "DataSha256 is set, and there is no");
        File.WriteAllText(data, "tensors");
        var model = ModelFactory.Create("tiny", options, TimeProvider.System);

        Assert.NotEqual(alone, model.Identity);
        var sum = Assert.Single(model.Files, file => file.Path == data).Sha256;
        Assert.True(Assert.Single(ModelFactory.Create("tiny", options with { DataSha256 = sum }, TimeProvider.System).Files, file => file.Path == data).IsChecked);
        AssertRefused(options with { DataSha256 = new string('0', 64) }, "damaged, cut short or another one");
    }

    [Fact]
    public void A_setting_that_does_nothing_for_it_is_refused_by_name()
    {
        AssertRefused(Options() with { Concurrency = 2, Retries = 0 }, "is of Kind=Onnx, which takes no Concurrency, Retries:");
        AssertRefused(Options() with { RequestDimensions = true, Credits = 1 }, "takes no RequestDimensions, Credits:");
        Assert.Equal(6, ModelFactory.Create("tiny", Options() with { Threads = 1, InputDollars = 0.01 }, TimeProvider.System).Dimensions);
    }

    [Fact]
    public async Task The_first_token_s_vector_is_taken_where_that_is_configured()
    {
        var vectors = await EmbedAsync(Options() with { Pooling = Pooling.Cls }, "cat", "dog");
        Assert.All(vectors, vector => Assert.Equal(TinyOnnx.RowOf(2, 6), vector));
    }

    [Fact]
    public async Task Vectors_have_length_one_unless_told_otherwise()
    {
        var vectors = await EmbedAsync(Options() with { Normalise = true }, "cat", "the dog playing");
        Assert.All(vectors, vector => Assert.Equal(1, Math.Sqrt(vector!.Sum(x => (double)x * x)), 5));
    }

    [Fact]
    public async Task A_text_longer_than_the_model_sees_is_cut_and_keeps_both_marks()
    {
        var vectors = await EmbedAsync(Options() with { MaxTokens = 8 }, string.Join(' ', Enumerable.Repeat("cat", 50)));
        Assert.Equal(MeanOf(2, 5, 5, 5, 5, 5, 5, 3), vectors[0]!, new Near());
    }

    [Theory]
    [InlineData("input_ids")]
    [InlineData("input_ids", "attention_mask")]
    [InlineData("tokens")]
    public async Task Inputs_are_found_by_what_the_file_has(params string[] inputs)
    {
        var vectors = await EmbedAsync(Options(inputs: inputs), "cat");
        Assert.Equal(MeanOf(2, 5, 3), vectors[0]!, new Near());
    }

    [Fact]
    public void Files_that_do_not_fit_are_refused_with_what_is_wrong()
    {
        var good = Options();
        Assert.Equal(6, ModelFactory.Create("tiny", good, TimeProvider.System).Dimensions);
        AssertRefused(good with { Dimensions = 7 }, "the file's vectors have 6");
        AssertRefused(Options(inputs: ["input_ids", "pixel_values"]), "pixel_values");
        File.WriteAllText(good.Model!, "no model");
        AssertRefused(good, "cannot be loaded");
        AssertRefused(Options() with { Tokenizer = good.Model }, "is not vocab.txt");
    }

    [Fact]
    public void Another_file_is_another_model()
    {
        var first = ModelFactory.Create("tiny", Options(6), TimeProvider.System).Identity;
        Assert.Equal(first, ModelFactory.Create("tiny", Options(6), TimeProvider.System).Identity);
        Assert.NotEqual(first, ModelFactory.Create("tiny", Options(7), TimeProvider.System).Identity);
        Assert.NotEqual(first, ModelFactory.Create("tiny", Options(6) with { Pooling = Pooling.Cls }, TimeProvider.System).Identity);
    }

    private static void AssertRefused(ModelOptions options, string message) => Assert.Contains(
        message, Assert.Throws<ArgumentException>(() => ModelFactory.Create("tiny", options, TimeProvider.System)).Message, StringComparison.Ordinal);

    private sealed class Near : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) < 1e-5;

        public int GetHashCode(float obj) => 0;
    }
}
