using Microsoft.Playwright;

namespace Sophia.Console.Tests.Harness;

/// <summary>How the console is looked at.</summary>
internal sealed record Look(string Name, ColorScheme Scheme, int Width, int Height)
{
    public static Look Light { get; } = new("light", ColorScheme.Light, 1440, 900);

    public static Look Dark { get; } = new("dark", ColorScheme.Dark, 1440, 900);

    public static Look Phone { get; } = new("phone", ColorScheme.Light, 390, 844);

    public static Look PhoneDark { get; } = new("phone-dark", ColorScheme.Dark, 390, 844);
}
