using Microsoft.Extensions.Time.Testing;
using System.Buffers.Binary;
using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Tests.Devices;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Tests.StaticModels;

/// <summary>Matrices whose components are far from one, against a reference in double.</summary>
public sealed class MagnitudeTests : IDisposable
{
    private const int Width = 6;
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-static-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static GpuNode Node(bool simulated) => GpuNode.Open(
        new PoolOptions { HostBytes = 64 << 20, ModelsBytes = 2 << 20 }, [simulated ? TestDevice.Open(64 << 20) : new HostDevice(64 << 20)], new FakeTimeProvider());

    /// <param name="rows">As many as the vocabulary has.</param>
    private float[]? Embed(GpuNode node, float[] rows, string text)
    {
        var data = new byte[rows.Length * sizeof(float)];
        for (var i = 0; i < rows.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(i * sizeof(float)), rows[i]);
        }

        var options = new ModelOptions { Kind = ModelKind.Static, Model = Path.Combine(_folder, "model.safetensors"), Tokenizer = Path.Combine(_folder, "vocab.txt") };
        File.WriteAllBytes(options.Model, TinyStatic.File($$$"""{"embeddings":{"dtype":"F32","shape":[{{{rows.Length / Width}}},{{{Width}}}],"data_offsets":[0,{{{data.Length}}}]}}""", data));
        File.WriteAllLines(options.Tokenizer, TinyStatic.Vocabulary);
        var model = ModelFactory.Create("tiny", options, TimeProvider.System, node.Devices[0]);
        try
        {
            return model.EmbedAsync([text], EmbeddingRole.Document, default).AsTask().GetAwaiter().GetResult()[0];
        }
        finally
        {
            model.Embedder.Dispose();
        }
    }

    private static void AssertNear(float[] rows, int[] ids, float[]? vector)
    {
        var mean = Enumerable.Range(0, Width).Select(i => ids.Average(id => (double)rows[(id * Width) + i])).ToArray();
        var norm = Math.Sqrt(mean.Sum(static x => x * x));
        Assert.NotNull(vector);
        var error = Math.Sqrt(mean.Zip(vector, (m, v) => Math.Pow((m / norm) - v, 2)).Sum());
        Assert.True(error < 1e-5, $"off by {error}: {string.Join(' ', vector)}");
    }

    [Theory]
    [InlineData(false, 1e20f)]
    [InlineData(false, 1e-25f)]
    [InlineData(false, 3e38f)]
    [InlineData(true, 1e20f)]
    [InlineData(true, 1e-25f)]
    [InlineData(true, 3e38f)]
    public void Rows_of_any_finite_size_have_a_vector_of_length_one(bool simulated, float size)
    {
        using var node = Node(simulated);
        var rows = Enumerable.Range(0, TinyStatic.Vocabulary.Length * Width).Select(i => (float)(size * (1 - ((i * 7 % 5) / 10.0)))).ToArray();

        AssertNear(rows, [5, 6, 9], Embed(node, rows, "cat dog the"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_text_is_the_mean_of_its_tokens_of_length_one_whatever_the_magnitude(bool simulated)
    {
        using var node = Node(simulated);
        var component = Gen.Select(Gen.Double[0.1, 1], Gen.Bool, static (value, negative) => negative ? -value : value);
        Gen.Select(Gen.Double[-38, 38], component.Array[TinyStatic.Vocabulary.Length * Width], Gen.Int[5, 9].Array[1, 12]).Sample((magnitude, values, tokens) =>
        {
            var rows = values.Select(v => (float)(v * Math.Pow(10, magnitude))).ToArray();
            // ##ing is a token of its own only within a word.
            var ids = tokens.Where(static id => id != 8).DefaultIfEmpty(9).ToArray();
            AssertNear(rows, ids, Embed(node, rows, string.Join(' ', ids.Select(static id => TinyStatic.Vocabulary[id]))));
        }, iter: simulated ? 100 : 300, threads: 1);
    }
}
