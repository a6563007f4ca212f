using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.AI;
using Sophia.Gpu.Text;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Embedding;

/// <summary>
/// The default embedder: deterministic, local, without weights; the same text gives the same bits on every machine.
/// <list type="number">
/// <item>The text becomes English stems with their counts; a term's weight is 1 + ln(count) times what such a term says.</item>
/// <item>Each term, and each run of 3 and of 4 letters in it (so that spellings and word families are near), adds to a
/// few of 256 dimensions that its hash picks, with signs.</item>
/// <item>The sum is scaled to length 1 and rounded so that every component is exact as a half-precision number.</item>
/// </list>
/// It finds common words and word parts, not meaning: two texts without a common stem are about orthogonal.
/// </summary>
public sealed class HashedEmbedder : IEmbeddingGenerator<string, Embedding<float>>, IEmbedsUtf8
{
    /// <summary>Changes whenever the vectors of the same text would.</summary>
    public const string ModelName = "sophia-hashed-256-v1";

    /// <summary>Length of the vectors.</summary>
    public const int Dimensions = 256;

    /// <summary>What all letter runs of a term weigh together, beside the term's 1.</summary>
    private const float RunsWeight = 0.45f;

    /// <summary>Terms between the request for the features of one and their use.</summary>
    private const int Apart = 4;

    [ThreadStatic]
    private static Scratch? t_scratch;

    private readonly EmbeddingGeneratorMetadata _metadata = new("sophia", null, ModelName, Dimensions);

    /// <param name="text">Any length.</param>
    /// <param name="vector">256 floats, overwritten: length 1 within 0.1 %, or all zero where the text has no words.</param>
    /// <exception cref="ArgumentException">The vector is not 256 long.</exception>
    public static void Embed(ReadOnlySpan<char> text, Span<float> vector)
    {
        if (vector.Length != Dimensions)
        {
            throw new ArgumentException($"The vector has {Dimensions} components, not {vector.Length}.", nameof(vector));
        }

        Embed(text, vector, keeper: null);
    }

    /// <param name="keeper">The array of the vector, if the words are to be handed over to the shard that will get it.</param>
    private static void Embed(ReadOnlySpan<char> text, Span<float> vector, float[]? keeper)
    {
        var scratch = t_scratch ??= new Scratch();
        TextAnalyzer.English.Analyze(text, scratch.Words);
        scratch.Counts.CountAll(scratch.Words);
        vector.Clear();
        var entries = scratch.Counts.Entries;
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            if (i + Apart < entries.Length)
            {
                Ahead.Fetch(entries[i + Apart].Word.Features);
            }

            if (entry.Word.IsName)
            {
                continue;
            }

            Add(vector, entry.Word, TermWeights.Of(entry.Word) * TermWeights.OfCount(entry.Count));
        }

        if (keeper is not null)
        {
            WordHandover.Shared.Offer(keeper, CollectionsMarshal.AsSpan(scratch.Words));
        }

        scratch.Reset();
        Normalise(vector);
    }

    /// <inheritdoc/>
    public float[] Embed(ReadOnlySpan<byte> utf8)
    {
        var vector = new float[Dimensions];
        var chars = ArrayPool<char>.Shared.Rent(utf8.Length);
        Embed(chars.AsSpan(0, Encoding.UTF8.GetChars(utf8, chars)), vector, keeper: vector);
        ArrayPool<char>.Shared.Return(chars);
        return vector;
    }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var results = new GeneratedEmbeddings<Embedding<float>>();
        foreach (var value in values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var vector = new float[Dimensions];
            Embed(value, vector, keeper: vector);
            results.Add(new Embedding<float>(vector) { ModelId = ModelName });
        }

        return Task.FromResult(results);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // Nothing is held.
    }

    private static void Add(Span<float> vector, Word word, float weight)
    {
        const float eighthRoot = 0.35355339f; // 1/√8: eight places of one term together weigh 1
        ReadOnlySpan<ushort> features = word.Features;
        TermFeatures.Add(vector, features[..TermFeatures.OfTerm], weight * eighthRoot);
        var runs = features[TermFeatures.OfTerm..];
        if (!runs.IsEmpty)
        {
            TermFeatures.Add(vector, runs, weight * RunsWeight / MathF.Sqrt(runs.Length));
        }
    }

    private static void Normalise(Span<float> vector)
    {
        // Four sums in a fixed order: the same bits whatever vectors the processor has.
        double a = 0, b = 0, c = 0, d = 0;
        for (var i = 0; i < Dimensions; i += 4)
        {
            a += (double)vector[i] * vector[i];
            b += (double)vector[i + 1] * vector[i + 1];
            c += (double)vector[i + 2] * vector[i + 2];
            d += (double)vector[i + 3] * vector[i + 3];
        }

        var length = Math.Sqrt(a + b + c + d);
        if (length == 0)
        {
            return;
        }

        var scale = (float)(1 / length);
        TensorPrimitives.Multiply(vector, scale, vector);
        Span<Half> halves = stackalloc Half[Dimensions];
        TensorPrimitives.ConvertToHalf(vector, halves);
        TensorPrimitives.ConvertToSingle(halves, vector);
    }

    private sealed class Scratch
    {
        private const int MostWordsKept = 1 << 13;

        public readonly List<Word> Words = new(256);
        public readonly TermCounts Counts = new();

        public void Reset()
        {
            Words.Clear();
            if (Words.Capacity > MostWordsKept)
            {
                Words.Capacity = 256;
            }
        }
    }
}
