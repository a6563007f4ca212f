using System.Diagnostics;
using System.Text.Json;

namespace Sophia.SnowflakeEmulator.Tests;

/// <summary>Snowflake's driver for Node, as npm installs it, against the server.</summary>
public sealed class NodeDriverTests(RunningEmulator server) : IClassFixture<RunningEmulator>
{
    [SkippableFact]
    public async Task The_node_driver_logs_in_binds_writes_reads_cancels_and_sees_snowflakes_errors()
    {
        var folder = await DriverAsync();

        var (code, output, errors) = await RunAsync("node", folder, server.Key.ExportPkcs8PrivateKeyPem(), "drive.js", server.Client.BaseAddress!.ToString().TrimEnd('/'), RunningEmulator.Password);

        Assert.True(code == 0, errors + output);
        var seen = JsonDocument.Parse(output.Split('\n').Last(static l => l.StartsWith('{'))).RootElement;
        string Of(string name) => seen.GetProperty(name).GetRawText();
        Assert.Equal("""[{"ONE":1,"TEXT":"x","PRICE":1.5,"YES":true,"NOTHING":null,"J":[1]}]""", Of("select"));
        Assert.Equal("""["1969-12-31T00:00:00.000Z","2024-02-29T12:30:00.250Z"]""", Of("moments"));
        Assert.Equal("it's {\"a\":1} ?", seen.GetProperty("bound")[0].GetProperty("BODY").GetString());
        Assert.Equal(":1", seen.GetProperty("bound")[0].GetProperty("MARK").GetString());
        Assert.Equal(("3", "2", "4"), (Of("inserted"), Of("updated"), Of("kept")));
        Assert.Equal(1, seen.GetProperty("similarity").GetProperty("S").GetDouble());
        Assert.Equal("""["002003/42S02","001003/42000","002049/42601","000002/0A000","000008/0A000"]""", Of("errors"));
        Assert.StartsWith("390100", seen.GetProperty("wrongPassword").GetString(), StringComparison.Ordinal);
        Assert.Equal("""[[{"A":1}],[{"A":2}]]""", Of("several"));
        Assert.Equal("""{"ANSWER":42}""", Of("later"));
        Assert.Equal("000604", seen.GetProperty("stopped").GetString());
        Assert.Equal("""[{"S":"PUBLIC"}]""", Of("byKey"));
        Assert.Equal("""[{"ONE":1}]""", Of("byToken"));
    }

    [SkippableFact]
    public async Task The_node_driver_reads_a_million_rows_whole_and_as_a_stream_and_a_part_of_them()
    {
        var folder = await DriverAsync();

        var (code, output, errors) = await RunAsync("node", folder, "", "chunks.js", server.Client.BaseAddress!.ToString().TrimEnd('/'), RunningEmulator.Password, "1000000");

        Assert.True(code == 0, errors + output);
        var seen = JsonDocument.Parse(output.Split('\n').Last(static l => l.StartsWith('{'))).RootElement;
        const string All = """{"rows":1000000,"sum":499999500000,"nulls":333334,"wrong":0,"order":0}""";
        Assert.Equal((All, All), (seen.GetProperty("whole").GetRawText(), seen.GetProperty("streamed").GetRawText()));
        Assert.Equal("""{"rows":100,"sum":50004950,"nulls":33,"wrong":0,"order":0}""", seen.GetProperty("part").GetRawText());
        Assert.Equal(1_000_000, seen.GetProperty("total").GetInt32());
    }

    private static readonly Lazy<Task<string>> Driver = new(InstallAsync);

    /// <summary>Its folder. Tests that run beside each other have it installed once.</summary>
    internal static Task<string> DriverAsync() => Driver.Value;

    // Installed once a machine, by the committed lock.
    private static async Task<string> InstallAsync()
    {
        var source = Path.Combine(AppContext.BaseDirectory, "node");
        var folder = Path.Combine(Path.GetTempPath(), "sophia-snowflake-sdk-3.3.0");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        // What npm writes last.
        if (File.Exists(Path.Combine(folder, "node_modules", ".package-lock.json"))) return folder;
        try
        {
            var (code, _, errors) = await RunAsync("npm", folder, "", "ci", "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts");
            Skip.If(code != 0, "npm could not install snowflake-sdk: " + errors[..Math.Min(300, errors.Length)]);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Skip.If(true, "node and npm are not installed.");
        }
        return folder;
    }

    internal static async Task<(int Code, string Output, string Errors)> RunAsync(string program, string folder, string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
