using System.Diagnostics;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

/// <summary>What one request visited and how long each visit took. Made per request, used by one thread at a time.</summary>
public sealed class Trail
{
    private readonly List<Visit> _visits = new(4);

    /// <param name="Name">near, l1, l3, embed, l0, commit, …</param>
    public readonly record struct Visit(string Name, TimeSpan Duration);

    public IReadOnlyList<Visit> Visits => _visits;

    /// <summary>The tier whose data is in the answer.</summary>
    public Tier? ServedBy { get; set; }

    /// <summary>True when the answer may be older than the log, because the log could not be asked.</summary>
    public bool IsStale { get; set; }

    /// <summary>What of the request could not be done, and why; null when all was.</summary>
    public string? Degraded { get; set; }

    /// <summary>Adds the time from a <see cref="Stopwatch"/> timestamp until now and returns it.</summary>
    public TimeSpan Add(string name, long startTimestamp)
    {
        var duration = Stopwatch.GetElapsedTime(startTimestamp);
        _visits.Add(new Visit(name, duration));
        return duration;
    }
}
