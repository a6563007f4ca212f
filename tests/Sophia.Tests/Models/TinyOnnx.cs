namespace Sophia.Tests.Models;

/// <summary>
/// Writes an ONNX file by hand (onnx.proto3, github.com/onnx/onnx): a graph of one Gather that takes a row of a table for each
/// id. So a token's vector is known, and pooling can be checked by reckoning.
/// </summary>
internal static class TinyOnnx
{
    private const int Int64Type = 7;
    private const int FloatType = 1;

    /// <summary>The vector of a token: its id at the place id mod width, and 1 at the last place.</summary>
    public static float[] RowOf(int id, int width)
    {
        var row = new float[width];
        row[id % (width - 1)] = id;
        row[^1] = 1;
        return row;
    }

    public static byte[] Model(int vocabulary, int width, IReadOnlyList<string>? inputs = null, float scale = 1)
    {
        var table = Enumerable.Range(0, vocabulary).SelectMany(id => RowOf(id, width)).Select(x => x * scale).ToArray();
        inputs ??= ["input_ids", "attention_mask", "token_type_ids"];
        var graph = new ProtoWriter()
            .Message(1, new ProtoWriter().Text(1, "table").Text(1, inputs[0]).Text(2, "last_hidden_state").Text(4, "Gather"))
            .Text(2, "tiny")
            .Message(5, new ProtoWriter().Number(1, vocabulary).Number(1, width).Number(2, FloatType).Text(8, "table").Floats(4, table));
        foreach (var input in inputs)
        {
            graph.Message(11, ValueInfo(input, Int64Type, "batch", "tokens"));
        }

        graph.Message(12, ValueInfo("last_hidden_state", FloatType, "batch", "tokens", width));
        return new ProtoWriter().Number(1, 8).Message(7, graph).Message(8, new ProtoWriter().Number(2, 13)).ToArray();
    }

    private static ProtoWriter ValueInfo(string name, int type, params object[] axes)
    {
        var shape = new ProtoWriter();
        foreach (var axis in axes)
        {
            shape.Message(1, axis is int size ? new ProtoWriter().Number(1, size) : new ProtoWriter().Text(2, (string)axis));
        }

        return new ProtoWriter().Text(1, name).Message(2, new ProtoWriter().Message(1, new ProtoWriter().Number(1, type).Message(2, shape)));
    }
}
