using Sophia.Api.Access;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;

namespace Sophia.Api.Memories;

/// <summary>Records, one and many.</summary>
internal static class MemoryEndpoints
{
    private const string Records = "/v1/namespaces/{ns}/memories";
    private const string One = Records + "/{key}";
    private const string Tag = "Memories";

    public static void MapMemories(this IEndpointRouteBuilder routes)
    {
        var read = ActivatorUtilities.CreateInstance<ReadRecord>(routes.ServiceProvider);
        var write = ActivatorUtilities.CreateInstance<WriteRecord>(routes.ServiceProvider);
        var batch = ActivatorUtilities.CreateInstance<WriteBatch>(routes.ServiceProvider);
        var list = ActivatorUtilities.CreateInstance<ListRecords>(routes.ServiceProvider);

        routes.MapEdge("GET", One, Rights.Read, read.Get).Describe(Tag, "GetMemory", "Reads a record")
            .Query("asOf", "As it was recorded at this time (RFC 3339).").Query("include", "vector: adds vector and vectorModel.").MinSequence()
            .Header("If-None-Match", "An etag: 304 if it is current.").Answers<RecordAnswer>(200).Refuses(400, 404, 503);
        routes.MapEdge("PUT", One, Rights.Write, write.PutAsync).Describe(Tag, "PutMemory", "Writes a record; any other content type than JSON is the content itself")
            .Header("If-Match", "Etags, or *: 412 unless one is current.").Header("If-None-Match", "*: 412 if the record is there.").Idempotent()
            .Takes<RecordBody>().Answers<ReceiptAnswer>(201, 200).Refuses(400, 409, 412, 413, 415, 422, 429, 502, 503);
        routes.MapEdge("DELETE", One, Rights.Write, write.DeleteAsync).Describe(Tag, "DeleteMemory", "Deletes a record; its history stays")
            .Header("If-Match", "Etags, or *: 412 unless one is current.").Idempotent().Answers<ReceiptAnswer>(200).Refuses(400, 404, 412, 429, 503);
        routes.MapEdge("GET", One + "/content", Rights.Read, read.GetContentAsync).Describe(Tag, "GetContent", "Reads the bare content in its own media type")
            .Query("asOf", "As it was recorded at this time (RFC 3339).").MinSequence()
            .Header("If-None-Match", "An etag: 304 if it is current.").AnswersContent().Refuses(400, 404, 503);
        routes.MapEdge("GET", One + "/history", Rights.Read, list.HistoryAsync).Describe(Tag, "GetHistory", "Lists the record's versions, newest first")
            .Query("archive", "true: versions that L3 no longer keeps are read from Snowflake's mirror; that may resume a warehouse.").Page().Answers<HistoryAnswer>(200).Refuses(400, 404, 503);
        routes.MapEdge("POST", Records, Rights.Write, batch.PostAsync).Describe(Tag, "PutMemories", "Writes up to 1,000 records; a receipt each, in order")
            .Idempotent().Takes<BatchBody>().Answers<BatchAnswer>(200).Refuses(400, 409, 413, 415, 422, 429, 502, 503);
        routes.MapEdge("GET", Records, Rights.Read, list.ListAsync).Describe(Tag, "ListMemories", "Lists records by key")
            .Query("prefix", "Keys that start with it.").Query("tag", "Has all of these tags; may repeat.").Query("anyTag", "Has at least one; may repeat.")
            .Query("noTag", "Has none; may repeat.").Query("attr", "name:op:value with eq ne lt le gt ge, or name:exists, name:missing; may repeat.")
            .Query("createdFrom", "Inclusive.").Query("createdTo", "Exclusive.").Query("updatedFrom", "Inclusive.").Query("updatedTo", "Exclusive.")
            .Query("validAt", "The fact held at this time.").Query("include", "vector: adds vector and vectorModel.").Page().MinSequence()
            .Answers<RecordPageAnswer>(200).Refuses(400, 404, 503);
    }
}
