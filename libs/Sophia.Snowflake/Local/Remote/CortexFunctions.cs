using System.Globalization;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>
/// Cortex's functions in SQL: which there are, what they take, and the engine's call for each. Vectors are made by the embedder that is
/// configured, whatever model of Cortex is named; one that makes fewer components than the named model is filled up with zeros, which changes
/// no cosine, no inner product and no distance. Texts come from the chat model of the name, or there is an error: none is made up.
/// Sources: docs.snowflake.com, AI_EMBED, EMBED_TEXT_768, EMBED_TEXT_1024, AI_COMPLETE, COMPLETE (SNOWFLAKE.CORTEX), AI_SIMILARITY.
/// </summary>
internal static class CortexFunctions
{
    private static readonly Dictionary<string, int> Dimensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["snowflake-arctic-embed-l-v2.0"] = 1024, ["snowflake-arctic-embed-l-v2.0-8k"] = 1024, ["snowflake-arctic-embed-m-v1.5"] = 768, ["snowflake-arctic-embed-m"] = 768,
        ["e5-base-v2"] = 768, ["nv-embed-qa-4"] = 1024, ["multilingual-e5-large"] = 1024, ["voyage-multilingual-2"] = 1024,
    };

    // What an account has beside these; without a rule here they are refused by name, as a function that is not known would be.
    private static readonly HashSet<string> NotHere = new(StringComparer.Ordinal)
    {
        "AI_AGG", "AI_CLASSIFY", "AI_COUNT_TOKENS", "AI_EXTRACT", "AI_FILTER", "AI_PARSE_DOCUMENT", "AI_REDACT", "AI_SENTIMENT", "AI_SUMMARIZE_AGG", "AI_TRANSCRIBE", "AI_TRANSLATE",
        "SNOWFLAKE.CORTEX.CLASSIFY_TEXT", "SNOWFLAKE.CORTEX.COUNT_TOKENS", "SNOWFLAKE.CORTEX.EXTRACT_ANSWER", "SNOWFLAKE.CORTEX.FINETUNE", "SNOWFLAKE.CORTEX.PARSE_DOCUMENT",
        "SNOWFLAKE.CORTEX.SEARCH_PREVIEW", "SNOWFLAKE.CORTEX.SENTIMENT", "SNOWFLAKE.CORTEX.SPLIT_TEXT_RECURSIVE_CHARACTER", "SNOWFLAKE.CORTEX.SUMMARIZE", "SNOWFLAKE.CORTEX.TRANSLATE",
    };

    /// <summary>The functions that complete texts, without the schema.</summary>
    public static readonly string[] Completions = ["AI_COMPLETE", "COMPLETE", "TRY_COMPLETE"];

    /// <summary>What the engine calls for one of <see cref="Completions"/>.</summary>
    public static string EngineName(string completion) => "sf_" + completion.ToLowerInvariant();

    /// <summary>The call; null for a name that is none of Cortex's.</summary>
    /// <exception cref="SnowflakeException">Another number of arguments, a model that Cortex has not, or a function that is not here.</exception>
    public static Piece? Write(string name, List<Piece> a)
    {
        if (NotHere.Contains(name)) throw SnowflakeException.Unsupported(name);
        return name switch
        {
            "AI_EMBED" or "SNOWFLAKE.CORTEX.AI_EMBED" => Embed(name, a, 0),
            "SNOWFLAKE.CORTEX.EMBED_TEXT_768" => Embed(name, a, 768),
            "SNOWFLAKE.CORTEX.EMBED_TEXT_1024" => Embed(name, a, 1024),
            "AI_SIMILARITY" => Count(name, a, 2, 2, () => new($"array_cosine_similarity({Vector(a[0], 4096)}, {Vector(a[1], 4096)})", SqlKind.Number)),
            "AI_COMPLETE" or "SNOWFLAKE.CORTEX.AI_COMPLETE" => Count(name, a, 2, 3, () => new(Completion("AI_COMPLETE", a), SqlKind.Text)),
            "SNOWFLAKE.CORTEX.COMPLETE" or "SNOWFLAKE.CORTEX.TRY_COMPLETE" => Count(name, a, 2, 3, () => Complete(name["SNOWFLAKE.CORTEX.".Length..], a)),
            _ => null,
        };
    }

    // With options it answers an OBJECT, without it the text alone.
    private static Piece Complete(string name, List<Piece> a)
    {
        var call = Completion(name, a);
        return a.Count == 3 ? new($"CAST({call} AS JSON)", SqlKind.Variant) : new(call, SqlKind.Text);
    }

    private static string Completion(string name, List<Piece> a) =>
        $"{EngineName(name)}({FunctionCalls.Session}, {ExpressionReader.AsText(a[0])}, {Prompt(a[1])}, {(a.Count < 3 ? "''" : $"CAST({a[2]} AS VARCHAR)")})";

    private static Piece Embed(string name, List<Piece> a, int wanted)
    {
        if (a.Count != 2) throw Functions.WrongCount(name);
        // The type of a result is known before its rows are, so the model's name must be in the statement.
        var model = a[0].Kind == SqlKind.Text && a[0].Sql is ['\'', .., '\''] ? a[0].Sql[1..^1].Replace("''", "'", StringComparison.Ordinal) : null;
        if (model is null) throw SnowflakeException.Unsupported($"{name} with a model that is no constant text");
        if (!Dimensions.TryGetValue(model, out var has) || (wanted != 0 && has != wanted)) throw UnknownModel(name, model);
        return new(Vector(a[1], has), SqlKind.Vector);
    }

    private static string Vector(Piece text, int dimensions) =>
        string.Create(CultureInfo.InvariantCulture, $"CAST(sf_embed({FunctionCalls.Session}, {ExpressionReader.AsText(text)}, {dimensions}) AS FLOAT[{dimensions}])");

    // A conversation is an ARRAY of OBJECTs; a prompt is a text, which as JSON stands in quotes.
    private static string Prompt(Piece prompt) => prompt.Kind == SqlKind.Variant ? $"CAST({prompt} AS VARCHAR)" : $"CAST(to_json(CAST({prompt} AS VARCHAR)) AS VARCHAR)";

    private static Piece Count(string name, List<Piece> a, int least, int most, Func<Piece> write) => a.Count >= least && a.Count <= most ? write() : throw Functions.WrongCount(name);

    /// <summary>As Snowflake says it of a model that an account has not: a function of Cortex is an external one inside.</summary>
    public static SnowflakeException UnknownModel(string function, string model) =>
        FunctionCaller.Remote(function.Split('.')[^1], 400, $"\"unknown model {model}\"");
}
