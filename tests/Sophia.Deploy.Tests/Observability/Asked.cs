using System.Text.Json;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Manifests;
using YamlDotNet.Serialization;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>What Prometheus is asked: by alerts, by panels of the dashboards, and for the autoscalers by its adapter.</summary>
internal static class Asked
{
    private static string Folder => Path.Combine(Recording.Root, "deploy", "observability");

    public static IEnumerable<(string Where, string Expression)> Rules() =>
        from rule in ManifestSet.Parse(Kustomize.Render("gh200")).Custom("PrometheusRule")
        from groups in rule.Spec["groups"]!.AsArray()
        from alert in groups!["rules"]!.AsArray()
        select ((string)alert!["alert"]!, (string)alert["expr"]!);

    public static IEnumerable<(string Where, string Expression)> Dashboards()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, "dashboards"), "*.json"))
        {
            using var board = JsonDocument.Parse(File.ReadAllText(file));
            foreach (var panel in board.RootElement.GetProperty("panels").EnumerateArray())
            {
                foreach (var target in panel.GetProperty("targets").EnumerateArray())
                {
                    yield return ($"{Path.GetFileName(file)}: {panel.GetProperty("title")}", target.GetProperty("expr").GetString()!);
                }
            }
        }
    }

    public static IEnumerable<(string Name, string Query, string Series)> AdapterRules()
    {
        var values = new DeserializerBuilder().Build().Deserialize<Dictionary<string, Dictionary<string, object>>>(File.ReadAllText(Path.Combine(Folder, "prometheus-adapter.yaml")));
        foreach (var rule in ((List<object>)values["rules"]["custom"]).Cast<Dictionary<object, object>>())
        {
            yield return ((string)((Dictionary<object, object>)rule["name"])["as"], (string)rule["metricsQuery"], (string)rule["seriesQuery"]);
        }
    }
}
