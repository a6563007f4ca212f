using System.Text;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;

namespace Sophia.Bench.Vectors;

/// <summary>Vectors of length 1 and queries, the same in every run.</summary>
/// <param name="row">By number; a fresh array.</param>
/// <param name="query">By number; none is a row.</param>
internal sealed class VectorSet(string name, int dimensions, Func<int, float[]> row, Func<int, float[]> query)
{
    public string Name => name;

    public int Dimensions => dimensions;

    public float[] Row(int number) => row(number);

    public float[] Query(int number) => query(number);

    /// <summary>Directions of no preference: independent normal components.</summary>
    public static VectorSet Random(int dimensions) =>
        new("random", dimensions, number => Gaussian(number, dimensions), number => Gaussian(-1 - number, dimensions));

    /// <summary>English of 512 bytes by the default embedder; every second query is a text as long, the others its first 32 bytes.</summary>
    public static VectorSet Texts256() => new("texts, default embedder", HashedEmbedder.Dimensions, number => Embed(Text(number)), number => Embed(Question(number)));

    /// <summary>Likewise, three vectors of the default embedder in a row: of the text and of its halves.</summary>
    public static VectorSet Texts768() => new("texts and their halves, default embedder", 3 * HashedEmbedder.Dimensions, number => Thrice(Text(number)), number => Thrice(Question(number)));

    public static string Text(int number) => Encoding.ASCII.GetString(EnglishText.Load().Slice(number));

    /// <summary>From the far end of the texts.</summary>
    public static string Question(int number)
    {
        var text = Text(EnglishText.Load().Slices - 1 - number);
        return number % 2 == 0 ? text : text[..32];
    }

    public static float[] Embed(string text)
    {
        var vector = new float[HashedEmbedder.Dimensions];
        HashedEmbedder.Embed(text, vector);
        return vector;
    }

    private static float[] Thrice(string text)
    {
        float[] vector = [.. Embed(text), .. Embed(text[..(text.Length / 2)]), .. Embed(text[(text.Length / 2)..])];
        return Unit(vector);
    }

    private static float[] Gaussian(int seed, int dimensions)
    {
        var random = new Random(seed);
        var vector = new float[dimensions];
        for (var i = 0; i < dimensions; i += 2)
        {
            // Box and Muller's pair.
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            var (sin, cos) = Math.SinCos(2 * Math.PI * random.NextDouble());
            vector[i] = (float)(radius * cos);
            vector[Math.Min(i + 1, dimensions - 1)] = (float)(radius * sin);
        }

        return Unit(vector);
    }

    private static float[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(x => (double)x * x));
        for (var i = 0; length > 0 && i < vector.Length; i++)
        {
            vector[i] = (float)(vector[i] / length);
        }

        return vector;
    }
}
