namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>Appends turns in order; the first use makes the session.</summary>
    /// <param name="timeToLive">From the last use on, rounded up to whole seconds; the service's default when null.</param>
    public Task<Answer<AppendedTurns>> AppendTurnsAsync(
        string session, IReadOnlyList<TurnDraft> turns, TimeSpan? timeToLive = null, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(
                HttpMethod.Post, SessionPath(session).Literal("turns"),
                new TurnBatch(turns, timeToLive is { } life ? (long)Math.Ceiling(life.TotalSeconds) : null), WireJson.Default.TurnBatch),
            WireJson.Default.AppendedTurns, static appended => appended.Receipts is [.., var last] ? last.Sequence : null, cancellationToken);

    /// <summary>The latest turns, oldest first, as many as asked for or as fit the budget.</summary>
    /// <param name="last">At most so many turns.</param>
    /// <param name="maxTokens">Or: as many of the latest as have no more tokens than this together.</param>
    public Task<Answer<Session>> GetSessionAsync(
        string session, int? last = null, int? maxTokens = null, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Read(SessionPath(session).Query("last", last).Query("maxTokens", maxTokens)), WireJson.Default.Session, null, cancellationToken);

    /// <param name="promoteTo">The namespace whose records the turns become; without one they expire with the session.</param>
    public Task<Answer<ClosedSession>> CloseSessionAsync(
        string session, string? promoteTo = null, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Post, SessionPath(session).Literal("close"), new CloseRequest(promoteTo), WireJson.Default.CloseRequest),
            WireJson.Default.ClosedSession, null, cancellationToken);

    /// <summary>Erases the session and its turns.</summary>
    public async Task ForgetSessionAsync(string session, CancellationToken cancellationToken = default)
    {
        using var response = await _channel.ExchangeAsync(
            ApiCall.Write(HttpMethod.Delete, SessionPath(session)), HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        await _channel.ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
    }

    private static RequestPath SessionPath(string session) => new RequestPath("v1/sessions").Segment(session, nameof(session));
}
