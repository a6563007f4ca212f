using System.Collections.Concurrent;
using System.Diagnostics;
using Sophia.AppHost.Tests;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>Renders an overlay as an operator does.</summary>
internal static class Kustomize
{
    private static readonly Lazy<string?> Lacking = new(() =>
    {
        try
        {
            // 1.20, which Debian 12 has, knows no patches by path.
            return Run("kubectl", "version", "--client", "-o", "json").Contains("kustomizeVersion", StringComparison.Ordinal)
                ? null : "kubectl is too old; it takes 1.24 or newer.";
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return "kubectl is not installed.";
        }
    });

    /// <summary>Null when overlays can be rendered; otherwise why not, to be said by a skipped test.</summary>
    public static string? Missing => Lacking.Value;

    private static readonly ConcurrentDictionary<string, Lazy<string>> Rendered = new();

    /// <summary>What would be applied: the overlay, and for dev the Secrets that the script makes. It is rendered once.</summary>
    public static string Render(string overlay) => Rendered.GetOrAdd(overlay, name => new(() => Made(name))).Value;

    private static string Made(string overlay)
    {
        var yaml = Run("kubectl", "kustomize", Path.Combine(Recording.Root, "deploy", "k8s", overlay));
        return overlay == "dev" ? yaml + "---\n" + Run("bash", Path.Combine(Recording.Root, "deploy", "secrets.sh"), "dev") : yaml;
    }

    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {output} {errors.Result}");
    }
}
