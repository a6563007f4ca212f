using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>The tones of a score's parts, which stand beside each other in one bar: each can be seen, and told from each other.</summary>
[Collection(ConsoleTests.Name)]
public sealed class TonesTests(ConsoleHost host)
{
    /// <summary>CIEDE2000, far more than the 1 that can just be seen: fields of a bar are small, and their names stand elsewhere.</summary>
    private const double LeastDistance = 15;

    /// <summary>WCAG 2.2, 1.4.3: tones are fit for text wherever text stands.</summary>
    private const double LeastContrast = 4.5;

    /// <summary>WCAG 2.2, 1.4.11: what is not text, against the bar that it fills.</summary>
    private const double LeastContrastInBar = 3;

    [SkippableTheory]
    [InlineData("light")]
    [InlineData("dark")]
    public async Task Any_two_parts_of_a_score_can_be_told_apart(string theme)
    {
        await using var tab = await host.OpenAsync("#/requests", theme == "dark" ? Look.Dark : Look.Light);
        var tones = await tab.Page.EvaluateAsync<Dictionary<string, string>>("""
            async () => {
              const { Parts } = await import('/console/pages/hits.js');
              const probe = document.body.appendChild(document.createElement('i'));
              const colourOf = (value, name = '') => {
                probe.className = name;
                probe.style.color = value;
                return getComputedStyle(probe).color;
              };
              return Object.fromEntries([
                ...['surface', 'paper', 'sunken'].map((name) => [name, colourOf(`var(--${name})`)]),
                ...[...Parts, 'other'].map((part) => [part, colourOf('var(--tone)', `tone-${part}`)])]);
            }
            """);
        var colours = tones.ToDictionary(t => t.Key, t => Colour.Parse(t.Value));
        var parts = colours.Where(c => c.Key is not ("surface" or "paper" or "sunken")).ToList();
        Assert.Equal(12, parts.Count);

        Assert.Empty(parts.SelectMany((a, i) => parts.Skip(i + 1), (a, b) => (a, b)).Where(p => p.b.Key != p.a.Key)
            .Select(p => (Names: $"{p.a.Key} and {p.b.Key}", Distance: p.a.Value.Distance(p.b.Value)))
            .Where(p => p.Distance < LeastDistance).Select(p => $"{p.Names}: {p.Distance:F1}"));
        Assert.Empty(parts.Where(p => p.Key != "other" && Math.Min(p.Value.Contrast(colours["surface"]), p.Value.Contrast(colours["paper"])) < LeastContrast).Select(p => $"{p.Key} as text"));
        Assert.Empty(parts.Where(p => p.Value.Contrast(colours["sunken"]) < LeastContrastInBar).Select(p => $"{p.Key} in a bar"));
        tab.AssertClean();
    }

    // Pairs of the table of Sharma, Wu and Dalal that fail where an implementation mistakes a quadrant or a mean hue.
    [Theory]
    [InlineData(50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425)]
    [InlineData(50, 0, 0, 50, -1, 2, 2.3669)]
    [InlineData(50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195)]
    [InlineData(50, -0.001, 2.49, 50, 0.0011, -2.49, 4.7461)]
    [InlineData(50, 2.5, 0, 58, 24, 15, 19.4535)]
    [InlineData(60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644)]
    [InlineData(2.0776, 0.0795, -1.135, 0.9033, -0.0636, -0.5514, 0.9082)]
    public void Distances_are_those_of_the_published_table(double l1, double a1, double b1, double l2, double a2, double b2, double distance)
    {
        Assert.Equal(distance, new Colour(l1, a1, b1).Distance(new Colour(l2, a2, b2)), tolerance: 0.00005);
        Assert.Equal(distance, new Colour(l2, a2, b2).Distance(new Colour(l1, a1, b1)), tolerance: 0.00005);
    }
}
