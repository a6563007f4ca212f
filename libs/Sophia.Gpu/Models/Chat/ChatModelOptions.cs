namespace Sophia.Gpu.Models.Chat;

/// <summary>What a configured chat model is.</summary>
public enum ChatModelKind
{
    /// <summary>Not stated, which is refused.</summary>
    None,

    /// <summary>A server with the endpoint /v1/chat/completions as OpenAI documents it.</summary>
    OpenAI,

    /// <summary>A model of Snowflake Cortex, through the account of ConnectionStrings:snowflake.</summary>
    Cortex,
}

/// <summary>One model of the section Sophia:ChatModels:{name}.</summary>
public sealed record ChatModelOptions
{
    public ChatModelKind Kind { get; init; }

    /// <summary>The address up to and with /v1.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The model's name at the endpoint.</summary>
    public string? Model { get; init; }

    /// <summary>The key. Better in a file or the environment than here.</summary>
    public string? ApiKey { get; init; }

    /// <summary>A file that holds the key and nothing else; read at each call, so that it may be changed.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>True when the endpoint runs on the company's own machines.</summary>
    public bool Local { get; init; }

    /// <summary>Dollars per million tokens read; without it, costs are not counted.</summary>
    public double? InputDollars { get; init; }

    /// <summary>Dollars per million tokens written.</summary>
    public double? OutputDollars { get; init; }

    /// <summary>For Cortex: AI credits per million tokens, as Snowflake's consumption table gives them.</summary>
    public double Credits { get; init; }

    /// <summary>For Cortex: dollars of an AI credit. Default: 2, the global price; 2.2 in a region.</summary>
    public double CreditDollars { get; init; } = 2;

    /// <summary>How long answers are kept. Default: one day. Zero: not at all.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromDays(1);

    /// <summary>True for models that take max_completion_tokens instead of max_tokens (OpenAI's reasoning models). Default: false.</summary>
    public bool MaxCompletionTokens { get; init; }

    /// <summary>One call may take this long; of a streamed one, until its first part. Default: 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a failed call is repeated. Default: 2.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>The first pause before a repetition; it doubles, with jitter. Default: 250 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause that is waited; where the server asks for more, the caller gets 503 with Retry-After. Default: 5 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long calls are refused once half of at least six within 30 s failed. Default: 10 s.</summary>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without the key, wherever it is written to.</summary>
    public override string ToString() => $"{Kind} {Model} {Endpoint}";

    internal ModelOptions Calls => new()
    {
        Kind = ModelKind.OpenAI, Timeout = Timeout, Retries = Retries, RetryDelay = RetryDelay, MaxRetryDelay = MaxRetryDelay, BreakDuration = BreakDuration,
        Endpoint = Endpoint, Model = Model, ApiKey = ApiKey, ApiKeyFile = ApiKeyFile, Local = Local, Dimensions = 1,
    };
}
