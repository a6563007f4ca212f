using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;
using Sophia.Snowflake.Flushing;

namespace Sophia.Snowflake.Models;

/// <summary>
/// An embedding model of Cortex, asked through SQL: AI_EMBED of the elements of one bound array, so that a batch is one statement
/// (docs.snowflake.com, "AI_EMBED", "FLATTEN"). The model's name stands in the statement, since it gives the result's type.
/// </summary>
/// <param name="name">The model's name in the configuration.</param>
/// <param name="source">The account; disposed with this.</param>
/// <param name="model">The model's name at Cortex: letters, digits, points and dashes.</param>
/// <param name="dimensions">Length of its vectors.</param>
/// <param name="timeout">For one call.</param>
public sealed class CortexEmbedder(string name, DbDataSource source, string model, int dimensions, TimeSpan timeout) : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly EmbeddingGeneratorMetadata _metadata = new("cortex", null, model, dimensions);

    internal string Statement =>
        $"SELECT f.index, AI_EMBED({SqlText(model)}, f.value::VARCHAR)::ARRAY::VARCHAR FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f ORDER BY f.index";

    /// <exception cref="EmbedderUnavailableException">The account cannot be reached, or did not answer in time.</exception>
    /// <exception cref="EmbedderAnswerException">The account refused, or answered something else than a vector for each text.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        string[] texts = [.. values];
        try
        {
            await using var session = new FlushSession(source, timeout, schema: null);
            var rows = await session.QueryAsync(
                Statement, static row => (Index: Convert.ToInt32(row.GetValue(0), CultureInfo.InvariantCulture), Vector: row.IsDBNull(1) ? null : row.GetString(1)),
                cancellationToken, JsonSerializer.Serialize(texts, CortexJson.Default.StringArray)).ConfigureAwait(false);
            return rows.Count == texts.Length && rows.Select(static (row, i) => row.Index == i).All(static isInPlace => isInPlace)
                ? [.. rows.Select(row => new Embedding<float>(Read(row.Vector)))]
                : throw Unusable(string.Create(CultureInfo.InvariantCulture, $"{texts.Length} texts were given and the rows that came back are not theirs"));
        }
        catch (TimeoutException error)
        {
            throw new EmbedderUnavailableException(name, error.Message, CortexFailures.RetryAfter);
        }
        catch (DbException error) when (CortexFailures.IsPassing(error))
        {
            throw new EmbedderUnavailableException(name, error.Message, CortexFailures.RetryAfter);
        }
        catch (DbException error)
        {
            throw new EmbedderAnswerException(name, error.Message, CortexFailures.Suggestion);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => source.Dispose();

    // A text without words has no vector there; all zeros is what the memory takes for none.
    private float[] Read(string? vector)
    {
        try
        {
            return vector is null ? new float[dimensions] : JsonSerializer.Deserialize(vector, CortexJson.Default.SingleArray) ?? throw Unusable("a vector is null");
        }
        catch (JsonException error)
        {
            throw Unusable($"a vector is no array of numbers: {error.Message}");
        }
    }

    private EmbedderAnswerException Unusable(string what) => new(name, what, "Try again, or name another model.");

    private static string SqlText(string text) => text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
        ? $"'{text}'"
        : throw new ArgumentException($"'{text}' is no name of a model of Cortex.");
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
[System.Text.Json.Serialization.JsonSerializable(typeof(float[]))]
internal sealed partial class CortexJson : System.Text.Json.Serialization.JsonSerializerContext;
