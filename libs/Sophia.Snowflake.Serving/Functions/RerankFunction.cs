using System.Globalization;
using System.Text;
using System.Text.Json;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>
/// sophia_rerank(query, texts): the texts in the order in which a search for the query would find them if they were a
/// namespace of their own, by words and vectors, as an ARRAY of OBJECTs {index, score}, the best first; index counts from 0.
/// Texts that the query does not touch come last with score 0, in their order. NULL where an argument is NULL.
/// </summary>
internal sealed class RerankFunction(TextVectors vectors, IShardEngine shards) : IExternalFunction
{
    private const int MaxTexts = 1000;

    public string Name => "sophia_rerank";

    public int Parameters => 2;

    public async Task<Action<int, Utf8JsonWriter>> AnswerAsync(RowBatch batch, Integration caller, CancellationToken cancellationToken)
    {
        var rows = new (string Query, string[] Texts)?[batch.Rows.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var row = new RowArguments(batch.Rows[i]);
            rows[i] = (row.Text(0, "query"), row.Texts(1, "texts", MaxTexts)) is ({ } query, { } texts) ? (query, texts) : null;
        }

        var ranked = new (int Index, double Score)[]?[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] is { } row)
            {
                ranked[i] = await RankAsync(row.Query, row.Texts, cancellationToken);
            }
        }

        return (row, json) => Write(json, ranked[row]);
    }

    private async Task<(int Index, double Score)[]> RankAsync(string query, string[] texts, CancellationToken cancellationToken)
    {
        var model = vectors.Model;
        var made = await vectors.OfAsync(texts, EmbeddingRole.Document, cancellationToken);
        var asked = (await vectors.OfAsync([query], EmbeddingRole.Query, cancellationToken))[0];
        var settings = new NamespaceSettings { VectorModel = model.Identity, Dimensions = model.Dimensions };
        using var shard = shards.Create(new NamespaceInfo(0, "", "rerank", 0, settings, DateTimeOffset.UnixEpoch));
        for (var i = 0; i < texts.Length; i++)
        {
            shard.Put(RecordOf(i, texts[i], made[i]));
        }

        var mode = asked is null ? SearchMode.Lexical : SearchMode.Hybrid;
        var hits = string.IsNullOrWhiteSpace(query) || texts.Length == 0
            ? []
            : shard.Search(new ShardQuery { Text = query, Vector = asked, Mode = mode, K = texts.Length, Neighbours = false }, cancellationToken).Hits;
        var order = hits.Select(hit => (Index: int.Parse(hit.Key, CultureInfo.InvariantCulture), hit.Score)).ToList();
        var found = order.Select(o => o.Index).ToHashSet();
        order.AddRange(Enumerable.Range(0, texts.Length).Where(i => !found.Contains(i)).Select(i => (i, 0d)));
        return [.. order];
    }

    private static MemoryRecord RecordOf(int index, string text, float[]? vector) => new()
    {
        NamespaceId = 0,
        Key = index.ToString("D4", CultureInfo.InvariantCulture),
        Id = RecordId.Of("rerank"u8, 0, index.ToString(CultureInfo.InvariantCulture)),
        Content = Encoding.UTF8.GetBytes(text),
        ContentType = "text/plain",
        Vector = vector,
        Version = 1,
        Sequence = new Sequence(index + 1),
    };

    private static void Write(Utf8JsonWriter json, (int Index, double Score)[]? order)
    {
        if (order is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        foreach (var (index, score) in order)
        {
            json.WriteStartObject();
            json.WriteNumber("index", index);
            json.WriteNumber("score", score);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
