using System.Text.Json;
using Sophia.Memory.Log;

namespace Sophia.Api.Answering;

/// <summary>Changes of the log as history and feed show them.</summary>
internal static class ChangeWords
{
    public static string Of(ChangeKind kind) => kind switch
    {
        ChangeKind.Put => "put",
        ChangeKind.Delete => "delete",
        ChangeKind.Forget => "forget",
        _ => "expire",
    };

    /// <summary>The record as it was put, or null: it was taken away by this change, or its content was erased since.</summary>
    public static void WriteRecord(Utf8JsonWriter json, LogEntry entry)
    {
        if (entry.Record is { } record)
        {
            json.WritePropertyName("record");
            RecordJson.Write(json, record, withVector: false);
        }
        else
        {
            json.WriteNull("record");
        }
    }
}
