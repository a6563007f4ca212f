using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Tests.Devices;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Tests.StaticModels;

public sealed class StaticModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-static-").FullName;
    private readonly List<GpuNode> _nodes = [];

    public void Dispose()
    {
        _nodes.ForEach(n => n.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    private PooledDevice Device(bool simulated = false, int modelPages = 4)
    {
        var options = new PoolOptions { HostBytes = 64 << 20, ModelsBytes = simulated ? 2 << 20 : modelPages * 65536L };
        IDevice device = simulated ? TestDevice.Open(64 << 20) : new HostDevice(64 << 20);
        _nodes.Add(GpuNode.Open(options, [device], new FakeTimeProvider()));
        return _nodes[^1].Devices[0];
    }

    private ModelOptions Options(byte[]? matrix = null, string name = "model.safetensors")
    {
        var options = new ModelOptions { Kind = ModelKind.Static, Model = Path.Combine(_folder, name), Tokenizer = Path.Combine(_folder, "vocab.txt") };
        File.WriteAllBytes(options.Model, matrix ?? TinyStatic.Matrix("embedding.weight", TinyStatic.Vocabulary.Length, 6));
        File.WriteAllLines(options.Tokenizer, TinyStatic.Vocabulary);
        return options;
    }

    private static async Task<float[]?[]> EmbedAsync(ModelOptions options, PooledDevice device, params string[] texts) =>
        await ModelFactory.Create("tiny", options, TimeProvider.System, device).EmbedAsync(texts, EmbeddingRole.Document, default);

    private static double[] Reference(params int[] ids)
    {
        var mean = Enumerable.Range(0, 6).Select(i => ids.Average(id => (double)TinyStatic.ValueOf((id * 6) + i))).ToArray();
        var norm = Math.Sqrt(mean.Sum(x => x * x));
        return [.. mean.Select(x => x / norm)];
    }

    private static void AssertNear(double[] expected, float[]? vector)
    {
        var error = Math.Sqrt(expected.Zip(vector!, (a, b) => (a - b) * (a - b)).Sum());
        Assert.True(error < 1e-5, $"off by {error}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_text_is_the_mean_of_its_tokens_of_length_one_on_every_device(bool simulated)
    {
        var vectors = await EmbedAsync(Options(), Device(simulated), "The cat playing", "", "dog", "dog unseen");

        AssertNear(Reference(9, 5, 7, 8), vectors[0]);
        Assert.Null(vectors[1]);
        AssertNear(Reference(6), vectors[2]);
        // [UNK] has a row that was trained.
        AssertNear(Reference(6, 1), vectors[3]);
    }

    [Fact]
    public async Task Model2vec_leaves_out_what_its_vocabulary_does_not_have()
    {
        var vectors = await EmbedAsync(Options(TinyStatic.Matrix("embeddings", TinyStatic.Vocabulary.Length, 6, "F16")), Device(), "dog unseen", "unseen");
        AssertNear(Reference(6), vectors[0]);
        Assert.Null(vectors[1]);
    }

    [Fact]
    public async Task Two_models_that_do_not_fit_together_take_turns_in_the_pool()
    {
        var device = Device(modelPages: 1);
        var (first, second) = (Options(name: "a.safetensors"), Options(TinyStatic.Matrix("embedding.weight", TinyStatic.Vocabulary.Length, 6, seed: 3), "b.safetensors"));
        var (a, b) = (ModelFactory.Create("a", first, TimeProvider.System, device), ModelFactory.Create("b", second, TimeProvider.System, device));
        var once = await a.EmbedAsync(["the cat"], EmbeddingRole.Document, default);
        _ = await b.EmbedAsync(["the cat"], EmbeddingRole.Document, default);

        Assert.Equal(once[0], (await a.EmbedAsync(["the cat"], EmbeddingRole.Document, default))[0]);
        Assert.NotEqual(a.Identity, b.Identity);
        var report = device[PoolKind.Models].Report();
        Assert.Equal(("another model", true), (report.Evictions.Single().Reason, report.Evictions.Single().Count >= 3));
        Assert.Equal((1, 0), (report.UsedPages, report.PinnedPages));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () => Assert.Equal(
            i % 2 == 0 ? once[0] : null, i % 2 == 0 ? (await a.EmbedAsync(["the cat"], EmbeddingRole.Document, default))[0] : null))));
    }

    [Fact]
    public async Task A_file_that_is_changed_under_a_running_model_is_not_taken_for_it()
    {
        var device = Device(modelPages: 1);
        var options = Options(name: "a.safetensors");
        var a = ModelFactory.Create("a", options, TimeProvider.System, device);
        _ = ModelFactory.Create("b", Options(name: "b.safetensors"), TimeProvider.System, device);
        File.WriteAllBytes(options.Model!, TinyStatic.Matrix("embedding.weight", TinyStatic.Vocabulary.Length, 6, seed: 3));

        var failed = await Assert.ThrowsAnyAsync<Exception>(async () => await a.EmbedAsync(["cat"], EmbeddingRole.Document, default));

        Assert.Contains("was changed while it was in use", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_one_bit_flipped_or_cut_short_is_refused_where_its_sum_is_known_and_is_another_model_where_it_is_not()
    {
        var device = Device();
        var whole = TinyStatic.Matrix("embedding.weight", TinyStatic.Vocabulary.Length, 6);
        var sum = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(whole));
        var identity = ModelFactory.Create("tiny", Options(whole) with { Sha256 = sum }, TimeProvider.System, device).Identity;
        var used = device[PoolKind.Models].Report().UsedPages;
        foreach (var bit in new[] { whole.Length * 8 - 3, whole.Length * 4, 71 })
        {
            var flipped = whole[..];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertRefused(Options(flipped) with { Sha256 = sum });
        }

        AssertRefused(Options(whole[..^1]) with { Sha256 = sum });
        Assert.Equal(used, device[PoolKind.Models].Report().UsedPages);
        Assert.Contains("64 hexadecimal digits", Assert.Throws<ArgumentException>(() => ModelFactory.Create("tiny", Options(whole) with { Sha256 = "no" }, TimeProvider.System, device)).Message, StringComparison.Ordinal);

        whole[^3] ^= 1;
        Assert.NotEqual(identity, ModelFactory.Create("tiny", Options(whole), TimeProvider.System, device).Identity);

        void AssertRefused(ModelOptions options) => Assert.Contains(
            "damaged, cut short or another one", Assert.Throws<ArgumentException>(() => ModelFactory.Create("tiny", options, TimeProvider.System, device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_that_does_nothing_for_it_is_refused_by_name()
    {
        var device = Device();
        var options = Options();
        AssertRefused(options with { Threads = 2 }, "Threads");
        AssertRefused(options with { RequestDimensions = true }, "RequestDimensions");
        AssertRefused(options with { Credits = 1 }, "Credits");
        AssertRefused(options with { CreditDollars = 3 }, "CreditDollars");
        AssertRefused(options with { InputDollars = 0 }, "InputDollars");
        AssertRefused(options with { Retries = 5, RetryDelay = TimeSpan.FromSeconds(1) }, "Retries, RetryDelay");
        AssertRefused(options with { MaxRetryDelay = TimeSpan.FromSeconds(6) }, "MaxRetryDelay");

        void AssertRefused(ModelOptions options, string names) => Assert.Contains(
            $"is of Kind=Static, which takes no {names}:", Assert.Throws<ArgumentException>(() => ModelFactory.Create("tiny", options, TimeProvider.System, device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_do_not_fit_are_refused_with_what_is_wrong()
    {
        var device = Device();
        AssertRefused(Options() with { Dimensions = 7 }, "the file's vectors have 6");
        AssertRefused(Options(TinyStatic.Matrix("embedding.weight", 10, 5000)), "1 to 4,096 components");
        AssertRefused(Options(TinyStatic.Matrix("embedding.weight", 20_000, 64)), "Raise Sophia:Gpu:ModelsBytes");
        AssertRefused(Options("no model at all"u8.ToArray()), "is no whole safetensors file");
        AssertRefused(Options() with { Pooling = Pooling.Cls }, "which only Kind=Onnx knows");
        var notFinite = TinyStatic.Matrix("embedding.weight", TinyStatic.Vocabulary.Length, 6);
        BitConverter.GetBytes(float.NaN).CopyTo(notFinite, notFinite.Length - 4);
        AssertRefused(Options(notFinite), "not a finite number");
        Assert.Equal(0, device[PoolKind.Models].Report().UsedPages);

        void AssertRefused(ModelOptions options, string what) =>
            Assert.Contains(what, Assert.Throws<ArgumentException>(() => ModelFactory.Create("tiny", options, TimeProvider.System, device)).Message, StringComparison.Ordinal);
    }
}
