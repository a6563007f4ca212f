namespace Sophia.Memory.Hierarchy;

/// <summary>Records that are to be erased, divided so that no commit walks through more of their histories than a store has time for while writers wait.</summary>
internal static class ErasureParts
{
    /// <summary>Rows of the log of which one commit takes the contents; a record with more is shortened beforehand.</summary>
    public const int MostChanges = 5_000;

    /// <param name="changesOf">How many rows of the log a record has.</param>
    public static IEnumerable<List<T>> Of<T>(IEnumerable<T> records, Func<T, long> changesOf)
    {
        var (part, changes) = (new List<T>(), 0L);
        foreach (var record in records)
        {
            var added = changesOf(record);
            if (part.Count > 0 && changes + added > MostChanges)
            {
                yield return part;
                (part, changes) = ([], 0);
            }

            part.Add(record);
            changes += added;
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }
}
