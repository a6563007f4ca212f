namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>What waits for Snowflake, the mirror's lag, and what the flushes cost.</summary>
    public Task<Answer<SnowflakeStatus>> GetSnowflakeAsync(CancellationToken cancellationToken = default) =>
        _channel.SendAsync(ApiCall.Read(new RequestPath("v1/snowflake")), WireJson.Default.SnowflakeStatus, null, cancellationToken);

    /// <summary>Writes now what waits, and waits for it.</summary>
    /// <exception cref="SophiaApiException"><c>snowflake-unavailable</c>.</exception>
    public Task<Answer<SnowflakeStatus>> FlushSnowflakeAsync(CancellationToken cancellationToken = default) =>
        _channel.SendAsync(ApiCall.Write(HttpMethod.Post, new RequestPath("v1/snowflake/flush")), WireJson.Default.SnowflakeStatus, null, cancellationToken);

    /// <summary>Stops the mirror of the log, or lets it go on, in every process of the service.</summary>
    /// <exception cref="SophiaApiException"><c>mirror-off</c>: the log is not mirrored.</exception>
    public Task<Answer<SnowflakeStatus>> PauseMirrorAsync(bool paused, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Post, new RequestPath("v1/snowflake/mirror"), new MirrorChange(paused), WireJson.Default.MirrorChange), WireJson.Default.SnowflakeStatus, null,
            cancellationToken);
}
