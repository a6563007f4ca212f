using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Sophia.AppHost.Tests;

/// <summary>
/// The environment that the AppHost gives each service, as it was recorded (deploy/environment/run.json), so that it can be
/// tried where Aspire is not. Ports and passwords stand in it as recorded: those of <see cref="RedisPort"/> and the rest.
/// </summary>
internal sealed record Recording(string Hash, Dictionary<string, SortedDictionary<string, string>> Services)
{
    public const int RedisPort = 61001, PostgresPort = 61002, GpuTierPort = 61003, ApiPort = 61004, EmulatorPort = 61005;
    public const string RedisPassword = "recorded-redis-password", PostgresPassword = "recorded-postgres-password", SnowflakePassword = "recorded-snowflake-password", FunctionsSecret = "recorded-functions-secret";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Root { get; } = FindRoot();

    public static string File => Path.Combine(Root, "deploy", "environment", "run.json");

    public static Recording Read() => JsonSerializer.Deserialize<Recording>(System.IO.File.ReadAllText(File), Json)!;

    public string ToText() => JsonSerializer.Serialize(this, Json).ReplaceLineEndings("\n") + "\n";

    /// <summary>The hash of the sources as they are now, by the script that the generator uses too.</summary>
    public static string HashOfSources()
    {
        using var process = Process.Start(new ProcessStartInfo("bash", Path.Combine(Root, "deploy", "source-hash.sh")) { RedirectStandardOutput = true })!;
        var hash = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 && hash.Length == 64 ? hash : throw new InvalidOperationException($"deploy/source-hash.sh ended with {process.ExitCode}: {hash}");
    }

    private static string FindRoot([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}
