using System.Text;
using System.Text.Json;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>
/// sophia_vector_search(namespace, query, k): the records found as POST …/search finds them, as an ARRAY of OBJECTs
/// {key, score, content}; content is NULL for bytes. NULL where an argument is NULL. What stands in a resident namespace is not
/// answered: it would leave the company's machines for Snowflake's.
/// </summary>
internal sealed class VectorSearchFunction(MemoryHierarchy memory) : IExternalFunction
{
    public string Name => "sophia_vector_search";

    public int Parameters => 3;

    private readonly record struct Question(string Namespace, string Query, int K);

    public async Task<Action<int, Utf8JsonWriter>> AnswerAsync(RowBatch batch, Integration caller, CancellationToken cancellationToken)
    {
        var questions = new Question?[batch.Rows.Count];
        for (var i = 0; i < questions.Length; i++)
        {
            questions[i] = Read(new RowArguments(batch.Rows[i]));
        }

        var namespaces = new Dictionary<string, NamespaceInfo>(StringComparer.Ordinal);
        foreach (var name in questions.OfType<Question>().Select(q => q.Namespace).Distinct(StringComparer.Ordinal))
        {
            namespaces[name] = await FindAsync(name, caller, cancellationToken);
        }

        // A join asks the same thing many times; each question is answered once.
        var answers = questions.OfType<Question>().Distinct().ToDictionary(q => q, _ => (IReadOnlyList<SearchHit>)[]);
        var found = new IReadOnlyList<SearchHit>[answers.Count];
        Question[] distinct = [.. answers.Keys];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, distinct.Length), new ParallelOptions { CancellationToken = cancellationToken },
            async (i, ct) => found[i] = await SearchAsync(namespaces[distinct[i].Namespace], distinct[i], ct));
        for (var i = 0; i < distinct.Length; i++)
        {
            answers[distinct[i]] = found[i];
        }

        return (row, json) =>
        {
            if (questions[row] is { } question)
            {
                Write(json, answers[question]);
            }
            else
            {
                json.WriteNullValue();
            }
        };
    }

    private static Question? Read(RowArguments row)
    {
        var (ns, query, k) = (row.Text(0, "namespace"), row.Text(1, "query"), row.Whole(2, "k", 1, 1000));
        if (ns is null || query is null || k is null)
        {
            return null;
        }

        return string.IsNullOrWhiteSpace(query)
            ? throw row.Wrong("query", "is empty", "Give words to search for.")
            : new Question(ns, query, k.Value);
    }

    // What the integration may not see is as unknown as what is not there.
    private async ValueTask<NamespaceInfo> FindAsync(string name, Integration caller, CancellationToken cancellationToken) =>
        NamespaceRules.IsName(name) && caller.MayRead(name) && await memory.FindNamespaceAsync(caller.Tenant, name, cancellationToken) is { } found
            ? found.Settings.Resident
                ? throw new BatchRefusedException(409, "namespace-resident", $"Namespace '{name}' is resident: its records do not go to Snowflake.", "Search it through Sophia's API.")
                : found
            : throw new BatchRefusedException(400, "namespace-not-found", $"There is no namespace '{name}' for this integration.", "Check its name, and which namespaces the integration is for.");

    private async ValueTask<IReadOnlyList<SearchHit>> SearchAsync(NamespaceInfo ns, Question question, CancellationToken cancellationToken) =>
        (await memory.SearchAsync(ns, new SearchRequest { Query = question.Query, K = question.K, Highlight = false }, new Trail(), cancellationToken)).Hits;

    private static void Write(Utf8JsonWriter json, IReadOnlyList<SearchHit> hits)
    {
        json.WriteStartArray();
        foreach (var hit in hits)
        {
            json.WriteStartObject();
            json.WriteString("key", hit.Record.Key);
            json.WriteNumber("score", hit.Found.Score);
            if (hit.Record.Kind == ContentKind.Bytes)
            {
                json.WriteNull("content");
            }
            else
            {
                json.WriteString("content", Encoding.UTF8.GetString(hit.Record.Content.Span));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
