using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Api.Answering;

/// <summary>Receipts as answers show them.</summary>
internal static class ReceiptJson
{
    public static void Write(Utf8JsonWriter json, string? key, Receipt receipt, long? number = null)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        if (number is { } n)
        {
            json.WriteNumber("number", n);
        }

        json.WriteString("status", WordOf(receipt.Status));
        if (receipt.IsRejected)
        {
            json.WriteString("reason", WordOf(receipt.Reason));
            json.WriteString("detail", DetailOf(receipt.Reason));
        }

        json.WriteNumber("version", receipt.Version);
        if (receipt.Sequence.IsNone)
        {
            json.WriteNull("sequence");
            json.WriteNull("etag");
        }
        else
        {
            json.WriteString("sequence", receipt.Sequence.ToToken());
            json.WriteString("etag", ETag.Of(receipt.Sequence));
        }

        json.WriteEndObject();
    }

    /// <summary>The receipt of an item that could not be read.</summary>
    public static void WriteInvalid(Utf8JsonWriter json, string? key, string detail)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteString("status", "rejected");
        json.WriteString("reason", "invalid");
        json.WriteString("detail", detail);
        json.WriteNumber("version", 0);
        json.WriteNull("sequence");
        json.WriteNull("etag");
        json.WriteEndObject();
    }

    public static string WordOf(ReceiptStatus status) => status switch
    {
        ReceiptStatus.Stored => "stored",
        ReceiptStatus.Replaced => "replaced",
        ReceiptStatus.Merged => "merged",
        ReceiptStatus.Unchanged => "unchanged",
        ReceiptStatus.Deleted => "deleted",
        ReceiptStatus.Forgotten => "forgotten",
        _ => "rejected",
    };

    public static string WordOf(RejectReason reason) => reason switch
    {
        RejectReason.AlreadyExists => "already-exists",
        RejectReason.PreconditionFailed => "precondition-failed",
        RejectReason.NotFound => "not-found",
        _ => "too-large",
    };

    public static string DetailOf(RejectReason reason) => reason switch
    {
        RejectReason.AlreadyExists => "A record with this key is there.",
        RejectReason.PreconditionFailed => "The current version is another than the one that was named.",
        RejectReason.NotFound => "There is no record with this key.",
        _ => "The merged record would break a limit.",
    };
}
