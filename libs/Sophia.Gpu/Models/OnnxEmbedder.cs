using Microsoft.Extensions.AI;
using Microsoft.ML.OnnxRuntime;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Models;

/// <summary>
/// A sentence encoder in an ONNX file, as sentence-transformers and Hugging Face Optimum export them, run by ONNX Runtime on
/// the processor.
/// <list type="number">
/// <item>The tokenizer gives ids; texts of one batch are padded to the longest, and the padding is masked.</item>
/// <item>Inputs are found by name: one with input_ids; attention_mask and token_type_ids where the model has them.</item>
/// <item>The output with two axes is the vector itself; one with three axes has a vector per token, which are pooled.</item>
/// </list>
/// The session is safe for many callers, but one call takes all cores, so calls take turns.
/// </summary>
internal sealed class OnnxEmbedder : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly InferenceSession _session;
    private readonly OnnxShape _shape;
    private readonly TextTokens _tokens;
    private readonly ModelOptions _options;
    private readonly SemaphoreSlim _turn = new(1);

    /// <exception cref="ArgumentException">The file is not a model of this kind; the message says what is missing.</exception>
    public OnnxEmbedder(ModelOptions options)
    {
        _options = options;
        using var settings = new SessionOptions { IntraOpNumThreads = options.Threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        try
        {
            _session = new InferenceSession(options.Model, settings);
        }
        catch (OnnxRuntimeException error)
        {
            throw new ArgumentException($"'{options.Model}' cannot be loaded by ONNX Runtime: {error.Message}", nameof(options), error);
        }

        try
        {
            _shape = OnnxShape.Of(_session);
            _tokens = TextTokens.Load(options);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => RunAsync([.. values], cancellationToken), cancellationToken);

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        _session.Dispose();
        _turn.Dispose();
    }

    /// <summary>The vectors of texts, each as long as the model makes them.</summary>
    internal float[][] Embed(IReadOnlyList<string> texts)
    {
        var ids = texts.Select(_tokens.Encode).ToArray();
        var length = Math.Max(1, ids.Max(static row => row.Count));
        var (input, mask) = (new long[ids.Length * length], new long[ids.Length * length]);
        input.AsSpan().Fill(_tokens.Padding);
        for (var row = 0; row < ids.Length; row++)
        {
            for (var i = 0; i < ids[row].Count; i++)
            {
                input[(row * length) + i] = ids[row][i];
                mask[(row * length) + i] = 1;
            }
        }

        long[] axes = [ids.Length, length];
        using var inputIds = _shape.Tensor(_shape.InputIds, input, axes);
        var inputs = new Dictionary<string, OrtValue>(StringComparer.Ordinal) { [_shape.InputIds] = inputIds };
        using var maskValue = _shape.AttentionMask is { } maskName ? inputs[maskName] = _shape.Tensor(maskName, mask, axes) : null;
        using var typeValue = _shape.TokenTypes is { } typeName ? inputs[typeName] = _shape.Tensor(typeName, new long[input.Length], axes) : null;
        using var run = new RunOptions();
        using var outputs = _session.Run(run, inputs, [_shape.Output]);
        var output = outputs[0].GetTensorDataAsSpan<float>();
        var width = (int)outputs[0].GetTensorTypeAndShape().Shape[^1];
        var vectors = new float[ids.Length][];
        for (var row = 0; row < vectors.Length; row++)
        {
            vectors[row] = _shape.IsPerToken
                ? Pool(output.Slice(row * length * width, length * width), mask.AsSpan(row * length, length), width)
                : output.Slice(row * width, width).ToArray();
            if (_options.Normalise)
            {
                UnitVector.Scale(vectors[row]);
            }
        }

        return vectors;
    }

    private async Task<GeneratedEmbeddings<Embedding<float>>> RunAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new GeneratedEmbeddings<Embedding<float>>(Embed(texts).Select(static vector => new Embedding<float>(vector)));
        }
        catch (OnnxRuntimeException error)
        {
            throw new ModelCallException($"ONNX Runtime could not run it: {error.Message}", error);
        }
        finally
        {
            _turn.Release();
        }
    }

    private float[] Pool(ReadOnlySpan<float> tokens, ReadOnlySpan<long> mask, int width)
    {
        if (_options.Pooling == Pooling.Cls)
        {
            return tokens[..width].ToArray();
        }

        var mean = new RowMean(width);
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask[i] != 0)
            {
                mean.Add(tokens.Slice(i * width, width));
            }
        }

        var pooled = new float[width];
        mean.Take(pooled);
        return pooled;
    }
}
