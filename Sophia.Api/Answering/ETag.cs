using Sophia.Memory.Log;

namespace Sophia.Api.Answering;

/// <summary>An etag is the sequence token of the version, in quotes.</summary>
internal static class ETag
{
    public static string Of(Sequence sequence) => $"\"{sequence.ToToken()}\"";
}
