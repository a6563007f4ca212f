using System.Text.Json;
using Sophia.Memory.Models;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>sophia_embed(text): the text's vector as an ARRAY; NULL for NULL and for a text without words.</summary>
internal sealed class EmbedFunction(TextVectors vectors) : IExternalFunction
{
    public string Name => "sophia_embed";

    public int Parameters => 1;

    public async Task<Action<int, Utf8JsonWriter>> AnswerAsync(RowBatch batch, Integration caller, CancellationToken cancellationToken)
    {
        var texts = new string?[batch.Rows.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = new RowArguments(batch.Rows[i]).Text(0, "text");
        }

        var made = await vectors.OfAsync(texts, EmbeddingRole.Document, cancellationToken);
        return (row, json) =>
        {
            if (made[row] is not { } vector)
            {
                json.WriteNullValue();
                return;
            }

            json.WriteStartArray();
            foreach (var component in vector)
            {
                json.WriteNumberValue(component);
            }

            json.WriteEndArray();
        };
    }
}
