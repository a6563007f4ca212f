namespace Sophia.Snowflake.ExternalFunctions.Ddl;

/// <summary>A function as SQL declares it.</summary>
/// <param name="Name">Also the last part of its address, in lower case.</param>
/// <param name="Parameters">Names and types, such as text VARCHAR.</param>
/// <param name="Returns">Its type.</param>
internal sealed record SqlFunction(string Name, string Parameters, string Returns)
{
    /// <summary>What Sophia answers to; texts and vectors are two functions of one name to SQL.</summary>
    public static IReadOnlyList<SqlFunction> All { get; } =
    [
        new("sophia_embed", "text VARCHAR", "ARRAY"),
        new("sophia_similarity", "a VARCHAR, b VARCHAR", "FLOAT"),
        new("sophia_similarity", "a ARRAY, b ARRAY", "FLOAT"),
        new("sophia_vector_search", "namespace VARCHAR, query VARCHAR, k NUMBER(38,0)", "ARRAY"),
        new("sophia_rerank", "query VARCHAR, texts ARRAY", "ARRAY"),
    ];
}
