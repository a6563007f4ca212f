using Microsoft.ML.OnnxRuntime;

namespace Sophia.Gpu.Models;

/// <summary>Which inputs and which output of an ONNX file are used.</summary>
/// <param name="IsPerToken">The output has a vector for each token, [batch, tokens, width]; else it is [batch, width].</param>
/// <param name="Width">Length of the vectors; 0 when the file does not fix it.</param>
internal sealed record OnnxShape(
    string InputIds, string? AttentionMask, string? TokenTypes, string Output, bool IsPerToken, int Width, IReadOnlySet<string> Narrow)
{
    private static readonly string[] Preferred = ["sentence_embedding", "last_hidden_state", "token_embeddings"];

    /// <exception cref="ArgumentException">There is no input for ids, an input that is not known, or no output of floats with two or three axes.</exception>
    public static OnnxShape Of(InferenceSession session)
    {
        var inputs = session.InputMetadata;
        var ids = Named(inputs, "input_ids") ?? (inputs.Count == 1 ? inputs.Keys.First() : null)
            ?? throw new ArgumentException($"The model has no input named input_ids; it has {string.Join(", ", inputs.Keys)}.");
        var (mask, types) = (Named(inputs, "attention_mask"), Named(inputs, "token_type_ids") ?? Named(inputs, "segment_ids"));
        if (inputs.Keys.FirstOrDefault(name => name != ids && name != mask && name != types) is { } unknown)
        {
            throw new ArgumentException($"The model wants an input '{unknown}', which a text encoder does not have. Export it with input_ids, attention_mask and token_type_ids.");
        }

        if (inputs.FirstOrDefault(input => input.Value.ElementType != typeof(long) && input.Value.ElementType != typeof(int)) is { Key: { } wrong })
        {
            throw new ArgumentException($"The model's input '{wrong}' is not of whole numbers (int64 or int32).");
        }

        var outputs = session.OutputMetadata.Where(static o => o.Value.ElementType == typeof(float) && o.Value.Dimensions.Length is 2 or 3).ToArray();
        if (outputs.Length == 0)
        {
            throw new ArgumentException("The model has no output of 32-bit floats with two axes (a vector per text) or three (a vector per token).");
        }

        var output = Preferred.Select(name => outputs.FirstOrDefault(o => o.Key == name)).FirstOrDefault(static o => o.Key is not null);
        if (output.Key is null)
        {
            output = outputs[0];
        }

        var narrow = inputs.Where(static i => i.Value.ElementType == typeof(int)).Select(static i => i.Key).ToHashSet(StringComparer.Ordinal);
        return new OnnxShape(ids, mask, types, output.Key, output.Value.Dimensions.Length == 3, Math.Max(0, output.Value.Dimensions[^1]), narrow);
    }

    /// <summary>The values as the input's own type.</summary>
    public OrtValue Tensor(string input, long[] values, long[] axes) => Narrow.Contains(input)
        ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, static v => (int)v), axes)
        : OrtValue.CreateTensorValueFromMemory(values, axes);

    private static string? Named(IReadOnlyDictionary<string, NodeMetadata> inputs, string name) =>
        inputs.ContainsKey(name) ? name : inputs.Keys.FirstOrDefault(key => key.Contains(name, StringComparison.OrdinalIgnoreCase));
}
