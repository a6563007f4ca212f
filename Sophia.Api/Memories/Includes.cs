using Sophia.Api.Problems;
using Sophia.Api.Reading;

namespace Sophia.Api.Memories;

/// <summary>What an answer shows beside what it shows always.</summary>
internal static class Includes
{
    public static bool Vector(QueryValues query) => query.One("include") switch
    {
        null => false,
        "vector" => true,
        _ => throw Refuse.Field("include", "It is not vector.", "Only the vector can be included."),
    };

    public static bool Vector(BodyObject body) => body.Texts("include", 8, 64) switch
    {
        [] => false,
        var parts when parts.All(p => p == "vector") => true,
        _ => throw Refuse.Field(body.At("include"), "It is not [\"vector\"].", "Only the vector can be included."),
    };
}
