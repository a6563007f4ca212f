using System.Globalization;
using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Memory.Sessions;

/// <summary>The record of a session itself: whether it is open and how long it lives. Its expiry is the record's.</summary>
internal sealed record SessionHeader(bool IsOpen, TimeSpan TimeToLive, DateTimeOffset ExpiresAt)
{
    /// <summary>Sliding is written down in steps of this part of the time to live, so that reads seldom write.</summary>
    private const int Step = 10;

    public static SessionHeader Read(MemoryRecord record)
    {
        using var json = JsonDocument.Parse(record.Content);
        return new SessionHeader(
            json.RootElement.GetProperty("open").GetBoolean(),
            TimeSpan.FromSeconds(json.RootElement.GetProperty("ttlSeconds").GetDouble()),
            record.ExpiresAt ?? DateTimeOffset.MaxValue);
    }

    /// <summary>
    /// True when a use now must move the expiry: less than the time to live is left. What is written has a step more, so a
    /// session always lives at least its time to live after its last use, and at most a tenth longer.
    /// </summary>
    public bool MustSlide(DateTimeOffset now) => ExpiresAt - now < TimeToLive;

    public SessionHeader Slid(DateTimeOffset now) => this with { ExpiresAt = now + TimeToLive + (TimeToLive / Step) };

    public RecordDraft ToDraft(string id) => new()
    {
        Key = id,
        Kind = ContentKind.Json,
        ContentType = "application/json",
        Content = System.Text.Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $$"""{"open":{{(IsOpen ? "true" : "false")}},"ttlSeconds":{{TimeToLive.TotalSeconds}}}""")),
        ExpiresAt = ExpiresAt,
    };
}
