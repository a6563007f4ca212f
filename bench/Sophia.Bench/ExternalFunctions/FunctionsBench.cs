using System.Diagnostics;
using System.Net.Http.Headers;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;
using Sophia.Bench.Vectors;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;
using Sophia.Memory.Models;

namespace Sophia.Bench.ExternalFunctions;

/// <summary>
/// sophia_similarity over HTTP as Snowflake calls it, batches of 4,096 rows of two texts of 128 characters, all distinct,
/// one call at a time, beside the same work called in this process: embed both texts, take the cosine.
/// </summary>
internal static class FunctionsBench
{
    private const int Rows = 4096;
    private const int TextBytes = 128;
    private const string Secret = "bench";

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var text = EnglishText.Load();
        var hash = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Secret)));
        using var service = ServiceProcess.Sophia(
            settings.Folder("functions"), postgres: null,
            ("Sophia__ExternalFunctions__Integrations__0__Name", "bench"), ("Sophia__ExternalFunctions__Integrations__0__Tenant", "local"),
            ("Sophia__ExternalFunctions__Integrations__0__SecretHash", hash));
        await service.AnsweredAsync("/alive");
        var model = ModelCatalog.Of(new HashedEmbedder()).Standard!;
        var batch = 0L;
        var turns = await Task.Run(() => new Alternation(
            settings.IsQuick ? 3 : 15, 6,
            () => Time(() => InProcess(model, text, batch += Rows)),
            () => Time(() => OverHttp(service.Client, text, batch += Rows))));
        report.Add("in this process, one thread waiting", Rows / turns.Seconds(0), "rows/s");
        report.Add("over HTTP", Rows / turns.Seconds(1), "rows/s");
        report.Add("over HTTP to in this process", turns.Speed(1, 0), "×", 0.5);
    }

    private static double Time(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static string TextOf(EnglishText text, long number) => Encoding.ASCII.GetString(text.Slice(number)[..TextBytes]);

    private static void InProcess(EmbeddingModel model, EnglishText text, long first)
    {
        var texts = new string[2 * Rows];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = TextOf(text, (first * 2) + i);
        }

        var vectors = model.EmbedAsync(texts, EmbeddingRole.Document, default).AsTask().GetAwaiter().GetResult();
        var sum = 0f;
        for (var i = 0; i < Rows; i++)
        {
            if (vectors[2 * i] is { } a && vectors[(2 * i) + 1] is { } b)
            {
                sum += TensorPrimitives.CosineSimilarity(a, b);
            }
        }

        if (!float.IsFinite(sum))
        {
            throw new InvalidOperationException("A cosine is not finite.");
        }
    }

    private static void OverHttp(HttpClient client, EnglishText text, long first)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray("data");
            for (var i = 0; i < Rows; i++)
            {
                json.WriteStartArray();
                json.WriteNumberValue(i);
                json.WriteStringValue(TextOf(text, (first * 2) + (2 * i)));
                json.WriteStringValue(TextOf(text, (first * 2) + (2 * i) + 1));
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/snowflake/functions/sophia_similarity");
        request.Content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("Sophia-Integration-Secret", Secret);
        request.Headers.Add("sf-external-function-query-batch-id", Guid.NewGuid().ToString());
        using var answer = client.Send(request);
        answer.EnsureSuccessStatusCode();
        using var read = JsonDocument.Parse(answer.Content.ReadAsStream());
        if (read.RootElement.GetProperty("data").GetArrayLength() != Rows)
        {
            throw new InvalidOperationException("The answer has another number of rows.");
        }
    }
}
