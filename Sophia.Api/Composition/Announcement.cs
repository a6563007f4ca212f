using Sophia.Memory.Tiers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.TiersAndHealth;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Composition;

/// <summary>What start-up prints: which engine serves each tier, who may ask, and what to try next.</summary>
internal static class Announcement
{
    public static async Task<string> WriteAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var addresses = services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var report = await services.GetRequiredService<MemoryHierarchy>().ReportAsync(cancellationToken);
        return Write(report, [.. addresses], services.GetRequiredService<AccessGate>().IsKeyless);
    }

    internal static string Write(TiersReport report, IReadOnlyList<string> addresses, bool isKeyless)
    {
        var text = new StringBuilder();
        var address = addresses.Count == 0 ? "http://localhost:5080" : addresses[0];
        text.AppendLine(CultureInfo.InvariantCulture, $"Sophia listens on {(addresses.Count == 0 ? address : string.Join(", ", addresses))}").AppendLine();
        var width = Math.Max(6, report.Tiers.Select(t => t.Engine.Length).DefaultIfEmpty(0).Max());
        text.AppendLine(CultureInfo.InvariantCulture, $"  tier  {"name",-17}  budget  {"engine".PadRight(width)}  state");
        foreach (var tier in report.Tiers)
        {
            var state = TiersEndpoint.WordOf(tier.State) + (tier.Reason is { } reason ? $": {reason}" : "");
            text.AppendLine(CultureInfo.InvariantCulture, $"  {AnswerHeaders.NameOf(tier.Tier),-4}  {tier.Name,-17}  {tier.Budget.TotalMilliseconds,3:0} ms  {tier.Engine.PadRight(width)}  {state}");
        }

        text.AppendLine();
        if (isKeyless)
        {
            text.AppendLine("No API key is configured: only this machine is served, as tenant 'local'. Keys: Sophia:ApiKeys.").AppendLine();
        }

        var key = isKeyless ? "" : " -H \"Authorization: Bearer $KEY\"";
        text.AppendLine("Try:");
        text.AppendLine(CultureInfo.InvariantCulture, $"  curl -X PUT{key} {address}/v1/namespaces/notes/memories/hello -H 'Content-Type: text/plain' -d 'The cat sleeps on the server.'");
        text.AppendLine(CultureInfo.InvariantCulture, $"  curl -i{key} {address}/v1/namespaces/notes/memories/hello");
        text.AppendLine(CultureInfo.InvariantCulture, $"  curl{key} {address}/v1/namespaces/notes/search -H 'Content-Type: application/json' -d '{{\"query\":\"sleeping cats\"}}'");
        text.AppendLine(CultureInfo.InvariantCulture, $"  The API's page: {address}/docs    The tiers: {address}/v1/tiers");
        return text.ToString();
    }
}
