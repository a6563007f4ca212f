using System.Net;
using System.Security.Cryptography;
using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Login;
using Sophia.SnowflakeEmulator.Queries;
using Sophia.SnowflakeEmulator.Services;
using Sophia.SnowflakeEmulator.Sessions;

namespace Sophia.SnowflakeEmulator;

/// <summary>Puts the server together: the engine, the sessions, the protocol's addresses.</summary>
internal static class EmulatorHost
{
    private const long MaxBodyBytes = 64L << 20;

    /// <exception cref="EmulatorConfigurationException">A setting is wrong; the message says what to do.</exception>
    public static async Task<WebApplication> BuildAsync(string[] args, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var options = builder.Configuration.GetSection("Emulator").Get<EmulatorOptions>() ?? new EmulatorOptions();
        var urls = builder.Configuration["urls"] ?? "http://127.0.0.1:8084";
        Check(options, urls);
        var services = EmulatorServices.Build(options, builder.Configuration, time ?? TimeProvider.System);
        if (options.Users.Count == 0)
        {
            options.Users.Add(new EmulatorUser { Name = "SOPHIA", Password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)) });
            Console.WriteLine($"Log in to any account as user SOPHIA with password {options.Users[0].Password} (made for this start; Emulator__Users__0__Name and __Password keep one).");
        }
        builder.WebHost.UseUrls(urls);
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Limits.MaxRequestBodySize = MaxBodyBytes);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddRequestDecompression();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(_ => new LocalSnowflake(options.Database is { Length: > 0 } path ? path : null, services));
        builder.Services.AddSingleton<SessionStore>();
        builder.Services.AddSingleton<Authentication>();
        builder.Services.AddSingleton<ChunkSpace>();
        builder.Services.AddSingleton<ChunkAddresses>();
        builder.Services.AddSingleton<Answers>();
        var app = builder.Build();
        app.Use(RefuseMalformedAsync);
        app.UseRequestDecompression();
        app.MapGet("/health", static (SessionStore _) => Results.Text("Healthy"));
        app.MapSessions();
        app.MapQueries();
        app.MapChunks();
        app.MapFallback(static (HttpContext context) => Envelope.Malformed($"The protocol has no {context.Request.Method} {context.Request.Path}.", 404));
        // A file that cannot be opened stops the start, not the first log-in.
        await EmulatorServices.MakeFunctionsAsync(app.Services.GetRequiredService<LocalSnowflake>(), options);
        return app;
    }

    private static async Task RefuseMalformedAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (MalformedRequestException error) { await Envelope.Malformed(error.Message).ExecuteAsync(context); }
        catch (BadHttpRequestException error) { await Envelope.Malformed(error.Message, error.StatusCode).ExecuteAsync(context); }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { context.Response.StatusCode = 499; }
    }

    private static void Check(EmulatorOptions options, string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var address = BindingAddress.Parse(url);
            var loopback = address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
            if (!loopback && !options.AllowRemote) throw new EmulatorConfigurationException($"{url} can be reached from other machines. Set Emulator__AllowRemote=true if that is meant.");
        }
        if (options.FirstRows < 0 || options.FirstBytes < 0 || options.ChunkBytes < 1 || options.MaxChunkBytes < 0 || options.ChunkLifetime < TimeSpan.FromSeconds(1))
            throw new EmulatorConfigurationException("FirstRows, FirstBytes and MaxChunkBytes of Emulator are 0 or more, ChunkBytes 1 or more, ChunkLifetime a second or more.");
        foreach (var user in options.Users)
        {
            if (user.Name.Length == 0) throw new EmulatorConfigurationException("A user in Emulator:Users has no Name.");
            if (user is { Password: null or "", PublicKey: null or "", Tokens.Count: 0 }) throw new EmulatorConfigurationException($"User {user.Name} in Emulator:Users has neither Password nor PublicKey nor Tokens.");
            if (user.Tokens.Exists(static t => t.Length < 8)) throw new EmulatorConfigurationException($"A token of user {user.Name} is shorter than 8 characters.");
            try { if (user.PublicKey is { Length: > 0 } key) KeyPairToken.Load(key).Dispose(); }
            catch (CryptographicException error) { throw new EmulatorConfigurationException($"User {user.Name} in Emulator:Users: {error.Message}"); }
        }
    }
}
