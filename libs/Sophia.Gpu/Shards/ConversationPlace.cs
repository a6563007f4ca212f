namespace Sophia.Gpu.Shards;

/// <summary>
/// Where a record stands in a conversation or document, as its attributes say: in the one that the first of <c>conversation</c>,
/// <c>document</c> and <c>path</c> names that is text, at its <c>position</c>, a number. It has no place without both.
/// </summary>
/// <param name="Name">Null: it has no place.</param>
/// <param name="Kind">Which of the three names it.</param>
internal readonly record struct ConversationPlace(string? Name, int Kind, double Position)
{
    private const string PositionName = "position";
    private static readonly string[] GroupNames = ["conversation", "document", "path"];

    public bool IsPlaced => Name is not null;

    /// <summary>It is a turn of a conversation.</summary>
    public bool IsTurn => Name is not null && Kind == 0;

    public static ConversationPlace Of(ReadOnlySpan<AttributeReader.ParsedAttribute> attributes)
    {
        double? position = null;
        string? name = null;
        var kind = GroupNames.Length;
        foreach (ref readonly var attribute in attributes)
        {
            if (attribute is { Kind: CellKind.Number, Name: PositionName } && double.IsFinite(attribute.Number))
            {
                position = attribute.Number;
            }
            else if (attribute.Kind == CellKind.Text && Array.IndexOf(GroupNames, attribute.Name, 0, kind) is var found and >= 0)
            {
                (kind, name) = (found, attribute.Text);
            }
        }

        return position is { } at ? new(name, kind, at) : default;
    }
}
