using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Pools;
using Sophia.Gpu.StaticModels;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models;

/// <summary>Makes the models of the configuration, and refuses what cannot be with the message that fixes it.</summary>
public static class ModelFactory
{
    /// <summary>The name of the built-in model, which needs no configuration.</summary>
    public const string BuiltIn = "hashed";

    /// <summary>The built-in model: deterministic, local, without weights.</summary>
    public static EmbeddingModel Hashed() => new(
        BuiltIn, HashedEmbedder.ModelName, "hashed", null, HashedEmbedder.Dimensions, IsLocal: true, new HashedEmbedder());

    /// <param name="device">Whose models pool holds static models; without one there can be none.</param>
    /// <exception cref="ArgumentException">A setting is missing or cannot be; the message names it.</exception>
    public static EmbeddingModel Create(string name, ModelOptions options, TimeProvider clock, PooledDevice? device = null)
    {
        if (ModelRules.Problem(name, options) is { } problem)
        {
            throw new ArgumentException(problem);
        }

        try
        {
            return options.Kind switch
            {
                ModelKind.OpenAI => OpenAi(name, options, clock),
                ModelKind.Cortex => throw new ArgumentException("a model of Cortex cannot be used here: only the API and the GPU tier ask an account."),
                ModelKind.Static => Static(name, options, clock, device ?? throw new ArgumentException("a static model needs a device with a models pool.")),
                _ => Onnx(name, options, clock),
            };
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"Sophia:Models:{name}: {error.Message}", error);
        }
    }

    /// <summary>A model of Cortex.</summary>
    /// <param name="open">Makes what asks it; called once, when the settings are found to be right.</param>
    /// <exception cref="ArgumentException">A setting is missing or cannot be; the message names it.</exception>
    public static EmbeddingModel CreateCortex(string name, ModelOptions options, Func<IEmbeddingGenerator<string, Embedding<float>>> open, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(open);
        if (ModelRules.Problem(name, options) is { } problem)
        {
            throw new ArgumentException(problem);
        }

        return new EmbeddingModel(
            name, Identity(name, $"cortex|{options.Model}|{options.Dimensions}", options, []), "cortex", "Snowflake", options.Dimensions, IsLocal: false,
            Pipe(name, open(), options, clock))
        {
            InputDollars = options.Credits * options.CreditDollars, InputCredits = options.Credits, DocumentPrefix = options.DocumentPrefix, QueryPrefix = options.QueryPrefix,
        };
    }

    internal static int DefaultMaxTokens(ModelKind kind) => kind == ModelKind.OpenAI ? 8_000 : 512;

    private static EmbeddingModel OpenAi(string name, ModelOptions options, TimeProvider clock)
    {
        var identity = Identity(name, $"openai|{options.Model}|{options.Dimensions}|{options.RequestDimensions}|{options.MaxTokens}", options, []);
        return new EmbeddingModel(
            name, identity, "openai", new Uri(options.Endpoint!).Authority, options.Dimensions, options.Local,
            Pipe(name, new OpenAiEmbedder(options, clock), options, clock))
        {
            InputDollars = options.InputDollars, DocumentPrefix = options.DocumentPrefix, QueryPrefix = options.QueryPrefix,
        };
    }

    private static EmbeddingModel Onnx(string name, ModelOptions options, TimeProvider clock)
    {
        // Before anything of the files is believed.
        var files = ModelFiles.Read(options);
        var embedder = new OnnxEmbedder(options);
        try
        {
            // One run at start finds what the file's metadata do not say, and refuses what does not fit before anything is stored.
            var width = embedder.Embed(["A first text, to see that the model runs."])[0].Length;
            if (options.Dimensions != 0 && options.Dimensions != width)
            {
                throw new ArgumentException($"Dimensions is {options.Dimensions}; the file's vectors have {width}. Leave it out.");
            }

            var identity = Identity(name, $"onnx|{width}|{options.Pooling}|{options.Normalise}|{options.LowerCase}|{options.MaxTokens}{(TextTokens.IsFairseq(options) ? "|fairseq" : "")}", options, files);
            return new EmbeddingModel(
                name, identity, "onnx", Path.GetFileName(options.Model), width, IsLocal: true,
                Pipe(name, embedder, options with { Concurrency = 1, Retries = 0 }, clock))
            {
                InputDollars = options.InputDollars, DocumentPrefix = options.DocumentPrefix, QueryPrefix = options.QueryPrefix, Files = files,
            };
        }
        catch (Exception error)
        {
            embedder.Dispose();
            throw error is Microsoft.ML.OnnxRuntime.OnnxRuntimeException ? new ArgumentException($"The file cannot be run: {error.Message}", error) : error;
        }
    }

    private static EmbeddingModel Static(string name, ModelOptions options, TimeProvider clock, PooledDevice device)
    {
        // Before anything of the files is believed.
        var files = ModelFiles.Read(options);
        var embedder = new StaticEmbedder(options, device);
        try
        {
            if (options.Dimensions != 0 && options.Dimensions != embedder.Dimensions)
            {
                throw new ArgumentException($"Dimensions is {options.Dimensions}; the file's vectors have {embedder.Dimensions}. Leave it out.");
            }

            var identity = Identity(name, $"static|{embedder.Dimensions}|{options.Normalise}|{options.LowerCase}|{options.MaxTokens}{(TextTokens.IsFairseq(options) ? "|fairseq" : "")}", options, files);
            return new EmbeddingModel(
                name, identity, "static", Path.GetFileName(options.Model), embedder.Dimensions, IsLocal: true, Pipe(name, embedder, options with { Retries = 0 }, clock))
            {
                DocumentPrefix = options.DocumentPrefix, QueryPrefix = options.QueryPrefix, Files = files,
            };
        }
        catch
        {
            embedder.Dispose();
            throw;
        }
    }

    private static BatchingEmbedder Pipe(string name, IEmbeddingGenerator<string, Embedding<float>> embedder, ModelOptions options, TimeProvider clock) =>
        new(embedder, options, new ModelPipeline(name, options, clock));

    // Whatever changes the vectors of a text is in it: settings and the bytes of the files. The address and the key are not.
    private static string Identity(string name, string settings, ModelOptions options, IReadOnlyList<ModelFile> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{settings}|{options.DocumentPrefix}|{options.QueryPrefix}"));
        foreach (var file in files)
        {
            hash.AppendData(Convert.FromHexString(file.Sha256));
        }

        return $"{name}#{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6))}";
    }
}
