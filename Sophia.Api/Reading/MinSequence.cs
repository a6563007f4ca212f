using Sophia.Api.Answering;
using Sophia.Api.Problems;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;

namespace Sophia.Api.Reading;

/// <summary>The change that a read must see, from header, query or body; of several, the latest.</summary>
internal static class MinSequence
{
    public static Sequence Read(HttpRequest request, NamespaceInfo ns, string? query = null, string? body = null)
    {
        var header = request.Headers[HeaderNames.MinSequence];
        if (header.Count == 0 && query is null && body is null)
        {
            return Sequence.None;
        }

        var result = Sequence.None;
        foreach (var token in (ReadOnlySpan<string?>)[header.Count == 0 ? null : header.ToString(), query, body])
        {
            if (token is not null)
            {
                var sequence = Of(token, ns);
                result = sequence.Value > result.Value ? sequence : result;
            }
        }

        return result;
    }

    /// <exception cref="ProblemException">invalid-token.</exception>
    public static Sequence Of(string token, NamespaceInfo ns)
    {
        if (!Sequence.TryParse(token, out var sequence))
        {
            throw Refuse.Field("minSequence", "It is not a sequence token.", "Send the 'sequence' of a receipt as it is.", 400, "invalid-token");
        }

        return sequence.IsNone || sequence.Partition == ns.Partition
            ? sequence
            : throw Refuse.Field("minSequence", "The token is of another namespace.", "Send a token that a write to this namespace returned.", 400, "invalid-token");
    }
}
