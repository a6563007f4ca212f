using System.Globalization;

namespace Sophia.Faults.Tests.Harness;

/// <summary>What the service must still know after a fault, by what it acknowledged before.</summary>
internal static class Ledger
{
    /// <summary>
    /// Fails unless every acknowledged record is there with exactly its content, every record that is there is whole, counters
    /// stand at or after the last acknowledged value, and a batch is there whole or not at all.
    /// </summary>
    public static async Task HoldsAsync(HttpClient http, string ns, params IReadOnlyList<WriteLoad> loads)
    {
        var records = await http.ReadAllAsync(ns);
        foreach (var load in loads)
        {
            Assert.NotEmpty(load.Acknowledged);
            var missing = load.Acknowledged.Where(key => !records.ContainsKey(key)).ToList();
            Assert.True(missing.Count == 0, $"{missing.Count} of {load.Acknowledged.Count} acknowledged records are missing, such as {string.Join(", ", missing.Take(5))}.");
            foreach (var batch in load.Batches)
            {
                var there = batch.Count(records.ContainsKey);
                Assert.True(there == 0 || there == batch.Length, $"Of the batch of {batch[0]}, {there} of {batch.Length} records are there.");
            }

            foreach (var counter in load.Counters.Where(counter => counter.Acknowledged > 0))
            {
                var value = int.Parse(records[counter.Key].Split(' ')[0], CultureInfo.InvariantCulture);
                Assert.InRange(value, counter.Acknowledged, counter.Sent);
            }
        }

        foreach (var (key, content) in records)
        {
            var expected = key.StartsWith("counter-", StringComparison.Ordinal)
                ? Counter.Text(key, int.Parse(content.Split(' ')[0], CultureInfo.InvariantCulture))
                : Texts.Of(key);
            Assert.True(expected == content, $"'{key}' is not what was written: {content}");
        }
    }
}
