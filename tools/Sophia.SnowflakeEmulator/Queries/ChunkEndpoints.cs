namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>Where the drivers fetch what of a result did not go into its answer.</summary>
internal static class ChunkEndpoints
{
    public static void MapChunks(this IEndpointRouteBuilder routes) => routes.MapGet("/chunks/{key}/{chunk:int}", Read);

    /// <returns>The addresses of a result's chunks, each with its rows and bytes, as the answer has them.</returns>
    public static System.Text.Json.Nodes.JsonArray Addresses(this HttpRequest request, QueryResult result, string key) =>
        new([.. result.Chunks.Select((chunk, i) => new System.Text.Json.Nodes.JsonObject
        {
            ["url"] = $"{request.Scheme}://{request.Host}/chunks/{key}/{i}", ["rowCount"] = chunk.Rows,
            ["uncompressedSize"] = chunk.Bytes, ["compressedSize"] = chunk.CompressedBytes,
        })]);

    private static IResult Read(string key, int chunk, HttpResponse response, ChunkAddresses addresses)
    {
        // 404, not the 403 of a cloud's store: drivers try that one again for minutes.
        if (addresses.Open(key, chunk) is not { } bytes) return Envelope.Malformed("The chunk is not there, or its address is over.", 404);
        response.Headers.ContentEncoding = "gzip";
        response.ContentLength = bytes.Length;
        return Results.Stream(bytes, "text/plain");
    }
}
