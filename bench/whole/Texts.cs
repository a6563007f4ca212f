using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using Sophia.Gpu.Models;

namespace Sophia.Bench.Whole;

/// <summary>
/// The texts of the records, each of twelve words that its number chooses, and a static model of these words with a random matrix. A
/// record's vector is made here from the same matrix as the model makes it, so that millions are ready in a minute.
/// </summary>
internal sealed class Texts
{
    private const int Words = 20_000;
    private const int WordsPerText = 12;
    private const string Consonants = "bdfgklmnprstvz";
    private const string Vowels = "aeiou";
    private static readonly string[] Marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    private readonly string[] _words = [.. Enumerable.Range(0, Words).Select(WordOf)];
    private readonly float[] _matrix;
    private readonly int _dimensions;

    public Texts(int dimensions)
    {
        _dimensions = dimensions;
        _matrix = new float[(Marks.Length + Words) * dimensions];
        var random = new Random(4);
        foreach (ref var component in _matrix.AsSpan())
        {
            component = random.NextSingle() - 0.5f;
        }
    }

    public string this[long number]
    {
        get
        {
            var text = new StringBuilder();
            for (var place = 0; place < WordsPerText; place++)
            {
                text.Append(place == 0 ? "" : " ").Append(_words[WordAt(number, place)]);
            }

            return text.ToString();
        }
    }

    /// <summary>Of length one, as the model makes it of the text, to what sums of another order differ by.</summary>
    public float[] VectorOf(long number)
    {
        var vector = new float[_dimensions];
        for (var place = 0; place < WordsPerText; place++)
        {
            TensorPrimitives.Add(vector, _matrix.AsSpan((Marks.Length + WordAt(number, place)) * _dimensions, _dimensions), vector);
        }

        TensorPrimitives.Divide(vector, TensorPrimitives.Norm(vector), vector);
        return vector;
    }

    /// <summary>Writes the model's two files into the folder.</summary>
    /// <returns>The settings that load them.</returns>
    public ModelOptions Save(string folder)
    {
        var (matrix, vocabulary) = (Path.Combine(folder, "model.safetensors"), Path.Combine(folder, "vocab.txt"));
        File.WriteAllLines(vocabulary, [.. Marks, .. _words]);
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(_matrix);
        var header = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $$$"""{"embedding.weight":{"dtype":"F32","shape":[{{{Marks.Length + Words}}},{{{_dimensions}}}],"data_offsets":[0,{{{bytes.Length}}}]}}"""));
        using var file = File.Create(matrix);
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        file.Write(bytes);
        return new ModelOptions { Kind = ModelKind.Static, Model = matrix, Tokenizer = vocabulary };
    }

    // Three syllables; the number is in them, so no two words are the same.
    private static string WordOf(int word)
    {
        var text = new StringBuilder();
        for (var syllable = 0; syllable < 3; syllable++)
        {
            var (rest, choice) = Math.DivRem(word, Consonants.Length * Vowels.Length);
            text.Append(Consonants[choice / Vowels.Length]).Append(Vowels[choice % Vowels.Length]);
            word = rest;
        }

        return text.ToString();
    }

    // The finaliser of SplitMix64.
    private static int WordAt(long number, int place)
    {
        var x = (ulong)((number * WordsPerText) + place) + 0x9E3779B97F4A7C15UL;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
        return (int)((x ^ (x >> 31)) % Words);
    }
}
