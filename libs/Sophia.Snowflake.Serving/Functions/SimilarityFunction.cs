using System.Numerics.Tensors;
using System.Text.Json;
using Sophia.Memory.Models;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>
/// sophia_similarity(a, b): the cosine of two texts, or of two vectors, in −1…1; NULL where one is NULL or has no direction.
/// </summary>
internal sealed class SimilarityFunction(TextVectors vectors) : IExternalFunction
{
    private const int MaxDimensions = 4096;

    public string Name => "sophia_similarity";

    public int Parameters => 2;

    public async Task<Action<int, Utf8JsonWriter>> AnswerAsync(RowBatch batch, Integration caller, CancellationToken cancellationToken)
    {
        var texts = new string?[batch.Rows.Count * 2];
        var given = new float[]?[batch.Rows.Count * 2];
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            Read(new RowArguments(batch.Rows[i]), texts, given, 2 * i);
        }

        var made = await vectors.OfAsync(texts, EmbeddingRole.Document, cancellationToken);
        return (row, json) =>
        {
            var (a, b) = (given[2 * row] ?? made[2 * row], given[(2 * row) + 1] ?? made[(2 * row) + 1]);
            // The product of two subnormal lengths may be zero; such a pair has no direction that float32 could tell.
            var cosine = a is null || b is null ? float.NaN : TensorPrimitives.CosineSimilarity(a, b);
            if (float.IsFinite(cosine))
            {
                json.WriteNumberValue(Math.Clamp(cosine, -1f, 1f));
            }
            else
            {
                json.WriteNullValue();
            }
        };
    }

    private static void Read(RowArguments row, string?[] texts, float[]?[] given, int at)
    {
        given[at] = row.Vector(0, "a", MaxDimensions);
        given[at + 1] = row.Vector(1, "b", MaxDimensions);
        texts[at] = given[at] is null ? row.Text(0, "a") : null;
        texts[at + 1] = given[at + 1] is null ? row.Text(1, "b") : null;
        if ((given[at], given[at + 1]) is ({ } a, { } b) && a.Length != b.Length)
        {
            throw row.Wrong("b", $"has {b.Length} components and a has {a.Length}", "Compare vectors of one model.");
        }

        if ((given[at] is not null && texts[at + 1] is not null) || (texts[at] is not null && given[at + 1] is not null))
        {
            throw row.Wrong("b", "is of another kind than a", "Give two texts or two vectors.");
        }
    }
}
