namespace Sophia.Tests.Models;

/// <summary>
/// Writes a unigram model of SentencePiece by hand (sentencepiece_model.proto, github.com/google/sentencepiece): the pieces
/// &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, and then those that are given.
/// </summary>
internal static class TinyPieces
{
    private const int Normal = 1;
    private const int Unknown = 2;
    private const int Control = 3;
    private const int Unigram = 1;

    public static byte[] Model(params ReadOnlySpan<string> pieces)
    {
        var model = new ProtoWriter().Message(1, Piece("<unk>", 0, Unknown)).Message(1, Piece("<s>", 0, Control)).Message(1, Piece("</s>", 0, Control));
        foreach (var piece in pieces)
        {
            model.Message(1, Piece(piece, -1, Normal));
        }

        return model
            .Message(2, new ProtoWriter().Number(3, Unigram).Number(4, pieces.Length + 3).Number(40, 0).Number(41, 1).Number(42, 2))
            .Message(3, new ProtoWriter().Text(1, "identity").Number(3, 1).Number(4, 1).Number(5, 1))
            .ToArray();
    }

    private static ProtoWriter Piece(string text, float score, int type) => new ProtoWriter().Text(1, text).Float(2, score).Number(3, type);
}
