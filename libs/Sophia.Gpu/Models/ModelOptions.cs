namespace Sophia.Gpu.Models;

/// <summary>What a configured model is.</summary>
public enum ModelKind
{
    /// <summary>Not stated, which is refused.</summary>
    None,

    /// <summary>A server with the endpoint /v1/embeddings as OpenAI documents it.</summary>
    OpenAI,

    /// <summary>A matrix of token vectors in a safetensors file, in the models pool of L0's device: a text is the mean of its tokens.</summary>
    Static,

    /// <summary>An ONNX file, run in this process by ONNX Runtime.</summary>
    Onnx,

    /// <summary>A model of Snowflake Cortex, through the account of ConnectionStrings:snowflake.</summary>
    Cortex,
}

/// <summary>How one vector is made of the vectors of a text's tokens.</summary>
public enum Pooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>That of the first token.</summary>
    Cls,
}

/// <summary>How the pieces of a SentencePiece file are numbered for the model.</summary>
public enum PieceIds
{
    /// <summary>As the file numbers them.</summary>
    File,

    /// <summary>
    /// As fairseq does, and so XLM-RoBERTa and what is made of it (multilingual E5, BGE-M3): &lt;s&gt; 0, &lt;pad&gt; 1, &lt;/s&gt; 2,
    /// &lt;unk&gt; 3, and every other piece one higher than in the file.
    /// </summary>
    Fairseq,
}

/// <summary>One model of the section Sophia:Models:{name}. What a kind does not use must be left out.</summary>
public sealed record ModelOptions
{
    public ModelKind Kind { get; init; }

    /// <summary>OpenAI: the address up to and with /v1. ONNX: none.</summary>
    public string? Endpoint { get; init; }

    /// <summary>OpenAI, Cortex: the model's name there. ONNX: the path of the .onnx file. Static: of the .safetensors file.</summary>
    public string? Model { get; init; }

    /// <summary>ONNX, Static: the SHA-256 that the model's file must have, 64 hexadecimal digits, as sha256sum prints it. Default: none, and it is not checked.</summary>
    public string? Sha256 { get; init; }

    /// <summary>ONNX: the SHA-256 that the file beside <see cref="Model"/> must have in which its tensors are, where there is one. Default: none, and it is not checked.</summary>
    public string? DataSha256 { get; init; }

    /// <summary>ONNX, Static: the SHA-256 that the file of <see cref="Tokenizer"/> must have. Default: none, and it is not checked.</summary>
    public string? TokenizerSha256 { get; init; }

    /// <summary>ONNX, Static: the SHA-256 that the file of <see cref="Merges"/> must have. Default: none, and it is not checked.</summary>
    public string? MergesSha256 { get; init; }

    /// <summary>Length of the vectors, 1–4,096. ONNX: may be left out, the file says it.</summary>
    public int Dimensions { get; init; }

    /// <summary>OpenAI: whether the request asks for that many dimensions, which only some models know. Default: false.</summary>
    public bool RequestDimensions { get; init; }

    /// <summary>OpenAI: the key. Better in a file or the environment than here.</summary>
    public string? ApiKey { get; init; }

    /// <summary>OpenAI: a file that holds the key and nothing else; read at each call, so that it may be changed.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>OpenAI: true when the endpoint runs on the company's own machines. An ONNX file always does.</summary>
    public bool Local { get; init; }

    /// <summary>Dollars per million tokens read; without it, costs are not counted. Zero for a model of one's own.</summary>
    public double? InputDollars { get; init; }

    /// <summary>Cortex: AI credits per million tokens, as Snowflake's consumption table gives them.</summary>
    public double Credits { get; init; }

    /// <summary>Cortex: dollars of an AI credit. Default: 2, the global price; 2.2 in a region.</summary>
    public double CreditDollars { get; init; } = 2;

    /// <summary>Put before stored texts. Default: none.</summary>
    public string DocumentPrefix { get; init; } = "";

    /// <summary>Put before queries. Default: none.</summary>
    public string QueryPrefix { get; init; } = "";

    /// <summary>Texts in one call, at most. Default: 64.</summary>
    public int BatchTexts { get; init; } = 64;

    /// <summary>Tokens in one call, at most, estimated for OpenAI at three characters each. Default: 32,000.</summary>
    public int BatchTokens { get; init; } = 32_000;

    /// <summary>Tokens of one text that the model sees; what is beyond is cut off. Default: 8,000 for OpenAI, 512 for ONNX.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Calls at once. Default: 4 for OpenAI; ONNX runs one at a time.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>One call may take this long. Default: 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a failed call is repeated. Default: 3.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The first pause before a repetition; it doubles, with jitter. Default: 250 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause that is waited; where the server asks for more, the caller gets 503 with Retry-After. Default: 5 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long calls are refused once half of at least six within 30 s failed. Default: 10 s.</summary>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>ONNX: vocab.txt (WordPiece), tokenizer.model (SentencePiece), or vocab.json (byte-level BPE, with Merges).</summary>
    public string? Tokenizer { get; init; }

    /// <summary>ONNX, byte-level BPE: the path of merges.txt.</summary>
    public string? Merges { get; init; }

    /// <summary>
    /// ONNX, SentencePiece: how pieces are numbered. Default: Fairseq for a file named sentencepiece.bpe.model, as exports of
    /// XLM-RoBERTa name it, File for others.
    /// </summary>
    public PieceIds? PieceIds { get; init; }

    /// <summary>ONNX, WordPiece: whether texts are put into lower case first (uncased models). Default: true.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>ONNX, where the file gives a vector per token. Default: Mean.</summary>
    public Pooling Pooling { get; init; }

    /// <summary>ONNX: whether vectors are scaled to length 1. Default: true.</summary>
    public bool Normalise { get; init; } = true;

    /// <summary>ONNX: threads of one call. Default: 0, all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Without the key, wherever it is written to.</summary>
    public override string ToString() => $"{Kind} {Model} {Endpoint}";
}
