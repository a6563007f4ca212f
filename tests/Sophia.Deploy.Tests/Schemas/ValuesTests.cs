using Sophia.AppHost.Tests;

namespace Sophia.Deploy.Tests.Schemas;

/// <summary>The values of other projects' charts, by what kinds.yaml states of them.</summary>
public sealed class ValuesTests
{
    public static TheoryData<string> Files => [.. Kinds.ChartValues.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void Values_have_the_names_and_types_that_their_chart_knows(string file) => Assert.Empty(Errors(file, text => text));

    [Theory]
    [InlineData("platform/gpu-operator.yaml", "enabled: false", "enable: false", "driver lacks enabled.")]
    [InlineData("platform/prometheus.yaml", "false", "\"false\"", "which is no boolean")]
    [InlineData("observability/prometheus-adapter.yaml", "seriesQuery:", "seriesQueries:", "seriesQueries is not a field.")]
    [InlineData("observability/prometheus-adapter.yaml", "url: http://", "url: ", "does not match")]
    public void A_wrong_value_is_found(string file, string old, string @new, string error)
    {
        var errors = Errors(file, text =>
        {
            var at = text.IndexOf(old, StringComparison.Ordinal);
            return text[..at] + @new + text[(at + old.Length)..];
        });

        Assert.Contains(errors, e => e.Contains(error, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_file_of_values_is_checked() => Assert.Equal(
        Directory.EnumerateFiles(Path.Combine(Recording.Root, "deploy", "platform"), "*.yaml").Concat(Directory.EnumerateFiles(Path.Combine(Recording.Root, "deploy", "observability"), "*.yaml"))
            .Select(f => Path.GetRelativePath(Path.Combine(Recording.Root, "deploy"), f).Replace('\\', '/')).Order(StringComparer.Ordinal),
        Kinds.ChartValues.Keys.Order(StringComparer.Ordinal));

    private static IReadOnlyList<string> Errors(string file, Func<string, string> change) =>
        StructuralSchema.Check(Yaml.Documents(change(File.ReadAllText(Path.Combine(Recording.Root, "deploy", file)))).Single(), Kinds.ChartValues[file]).Errors;
}
