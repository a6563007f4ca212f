namespace Sophia.Gpu.Models;

/// <summary>What settings of a model can be.</summary>
internal static class ModelRules
{
    private const int MostDimensions = 4096;

    /// <summary>The first setting that cannot be, with the message that fixes it; null when all are fine.</summary>
    public static string? Problem(string name, ModelOptions options)
    {
        var at = $"Sophia:Models:{name}";
        return NameProblem(at, name) ?? options.Kind switch
        {
            ModelKind.OpenAI => OpenAi(at, options),
            ModelKind.Onnx => Files(at, options, ".onnx") ?? Unused(at, options),
            ModelKind.Static => Files(at, options, ".safetensors") ??
                (options.Pooling == Pooling.Mean ? null : $"{at}:Pooling is {options.Pooling}, which only Kind=Onnx knows. Leave it out.") ?? Unused(at, options),
            ModelKind.Cortex => Cortex(at, options),
            _ => $"{at}:Kind is not set. Set it to OpenAI (an endpoint with /v1/embeddings), Onnx or Static (files), or Cortex (through ConnectionStrings:snowflake).",
        } ?? Numbers(at, options);
    }

    public static string? NameProblem(string at, string name) =>
        name.Length is 0 or > 64 || !char.IsAsciiLetterLower(name[0]) || !name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-')
            ? $"{at}: a model's name is [a-z][a-z0-9._-]{{0,63}}."
            : name == ModelFactory.BuiltIn ? $"{at}: '{name}' is the built-in model; choose another name." : null;

    // What stands as the default cannot be told from what was left out.
    private static string? Unused(string at, ModelOptions options)
    {
        var standard = new ModelOptions();
        var isStatic = options.Kind == ModelKind.Static;
        (string Name, bool IsSet)[] settings =
        [
            (nameof(options.Threads), isStatic && options.Threads != standard.Threads), (nameof(options.RequestDimensions), options.RequestDimensions),
            (nameof(options.Credits), options.Credits != standard.Credits), (nameof(options.CreditDollars), options.CreditDollars != standard.CreditDollars),
            (nameof(options.InputDollars), isStatic && options.InputDollars is not null), (nameof(options.Concurrency), !isStatic && options.Concurrency != standard.Concurrency),
            (nameof(options.Retries), options.Retries != standard.Retries),
            (nameof(options.RetryDelay), options.RetryDelay != standard.RetryDelay), (nameof(options.MaxRetryDelay), options.MaxRetryDelay != standard.MaxRetryDelay),
        ];
        var set = string.Join(", ", settings.Where(static one => one.IsSet).Select(static one => one.Name));
        return set.Length == 0 ? null : $"{at} is of Kind={options.Kind}, which takes no {set}: it is computed here{(isStatic ? ", without cost" : ", one call at a time")}, and a failure is not tried again. Leave it out.";
    }

    private static string? OpenAi(string at, ModelOptions options)
    {
        if (!Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.Query.Length > 0 || endpoint.UserInfo.Length > 0)
        {
            return $"{at}:Endpoint is not an http or https address. Set it up to /v1, such as https://api.openai.com/v1 or http://localhost:11434/v1.";
        }

        if (HasSums(options))
        {
            return $"{at} has Sha256, DataSha256, TokenizerSha256 or MergesSha256, which only files have (Kind=Onnx, Kind=Static). Leave them out.";
        }

        if (options.ApiKey is not null && options.ApiKeyFile is not null)
        {
            return $"{at} has ApiKey and ApiKeyFile. Leave one of them out.";
        }

        if (options.ApiKey is { } key && (key.Length == 0 || key.Any(static c => c is <= ' ' or > '~')))
        {
            return $"{at}:ApiKey is empty or has characters that cannot stand in a header.";
        }

        if (options.ApiKeyFile is { } file && !File.Exists(file))
        {
            return $"{at}:ApiKeyFile names '{file}', which is not there.";
        }

        if (endpoint.Scheme == "http" && !endpoint.IsLoopback && !options.Local)
        {
            return $"{at}:Endpoint is plain http to another machine. Use https, or, if it is on your own network, say so with {at}:Local=true.";
        }

        return string.IsNullOrWhiteSpace(options.Model) ? $"{at}:Model is not set. Set it to the model's name at the endpoint, such as text-embedding-3-small."
            : options.Dimensions is < 1 or > MostDimensions ? $"{at}:Dimensions is {options.Dimensions}. Set it to the length of the model's vectors, 1 to 4,096 (text-embedding-3-small: 1,536)."
            : options.Tokenizer is not null || options.Merges is not null ? $"{at} has Tokenizer or Merges, which only Kind=Onnx and Kind=Static use. Leave them out."
            : null;
    }

    private static string? Files(string at, ModelOptions options, string extension) =>
        !File.Exists(options.Model) ? $"{at}:Model names the file '{options.Model}', which is not there. Set it to the path of the {extension} file."
        : !File.Exists(options.Tokenizer) ? $"{at}:Tokenizer names '{options.Tokenizer}', which is not there. Set it to the model's vocab.txt, tokenizer.model or vocab.json."
        : options.Merges is { } merges && !File.Exists(merges) ? $"{at}:Merges names '{merges}', which is not there."
        : options.Endpoint is not null || options.ApiKey is not null || options.ApiKeyFile is not null
            ? $"{at} has Endpoint, ApiKey or ApiKeyFile, which only Kind=OpenAI uses. Leave them out."
        : options.Dimensions is < 0 or > MostDimensions ? $"{at}:Dimensions is {options.Dimensions}. Leave it out: the file says it."
        : options.DataSha256 is not null && ModelFiles.DataOf(options) is null
            ? $"{at}:DataSha256 is set, and there is no '{options.Model}_data' (only Kind=Onnx has one). Leave it out."
        : options.MergesSha256 is not null && options.Merges is null ? $"{at}:MergesSha256 is set, and Merges is not. Leave it out."
        : SumProblem($"{at}:Sha256", options.Sha256) ?? SumProblem($"{at}:TokenizerSha256", options.TokenizerSha256) ?? SumProblem($"{at}:MergesSha256", options.MergesSha256) ??
            SumProblem($"{at}:DataSha256", options.DataSha256);

    private static bool HasSums(ModelOptions options) => options.Sha256 is not null || options.TokenizerSha256 is not null || options.MergesSha256 is not null || options.DataSha256 is not null;

    private static string? SumProblem(string at, string? sum) => sum is null || (sum.Length == 64 && sum.All(char.IsAsciiHexDigit))
        ? null : $"{at} is '{sum}'. Set it to the 64 hexadecimal digits that sha256sum prints for the file, or leave it out.";

    private static string? Cortex(string at, ModelOptions options) =>
        options.Model is not { Length: > 0 } model || !model.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? $"{at}:Model is '{options.Model}'. Name a model of AI_EMBED, such as snowflake-arctic-embed-l-v2.0."
        : options.Dimensions is < 1 or > MostDimensions ? $"{at}:Dimensions is {options.Dimensions}. Set it to the length of the model's vectors (snowflake-arctic-embed-l-v2.0: 1,024)."
        : options.Endpoint is not null || options.ApiKey is not null || options.ApiKeyFile is not null || options.Local || options.InputDollars is not null || options.Tokenizer is not null || options.Merges is not null || HasSums(options)
            ? $"{at} is of Kind=Cortex, which takes no Endpoint, ApiKey, ApiKeyFile, Local, InputDollars, Tokenizer, Merges and sums of files: it is asked through ConnectionStrings:snowflake and paid in Credits."
        : CreditsProblem(at, options.Credits, options.CreditDollars);

    public static string? CreditsProblem(string at, double credits, double creditDollars) =>
        credits is >= 0 and <= 1e4 && creditDollars is >= 0 and <= 100 ? null : $"{at}: Credits are AI credits per million tokens, from 0 to 10,000, and CreditDollars dollars of one, from 0 to 100.";

    private static string? Numbers(string at, ModelOptions options)
    {
        if (options.InputDollars is not (null or (>= 0 and <= 1e6)))
        {
            return $"{at}:InputDollars is {options.InputDollars}; it is dollars per million tokens, from 0 to 1,000,000.";
        }

        (string Name, long Value, long Least, long Most)[] numbers =
        [
            ("BatchTexts", options.BatchTexts, 1, 2048), ("BatchTokens", options.BatchTokens, 16, 10_000_000), ("MaxTokens", options.MaxTokens ?? 16, 8, 1_000_000),
            ("Concurrency", options.Concurrency, 1, 256), ("Retries", options.Retries, 0, 20), ("Threads", options.Threads, 0, 1024),
        ];
        foreach (var (name, value, least, most) in numbers)
        {
            if (value < least || value > most)
            {
                return $"{at}:{name} is {value:N0}. Set it between {least:N0} and {most:N0}.";
            }
        }

        (string Name, TimeSpan Value, TimeSpan Least)[] times =
        [
            ("Timeout", options.Timeout, TimeSpan.FromMilliseconds(10)), ("RetryDelay", options.RetryDelay, TimeSpan.FromMilliseconds(1)),
            ("MaxRetryDelay", options.MaxRetryDelay, options.RetryDelay), ("BreakDuration", options.BreakDuration, TimeSpan.FromMilliseconds(500)),
        ];
        foreach (var (name, value, least) in times)
        {
            if (value < least || value > TimeSpan.FromHours(1))
            {
                return $"{at}:{name} is {value}. Set it between {least} and 01:00:00.";
            }
        }

        return null;
    }
}
