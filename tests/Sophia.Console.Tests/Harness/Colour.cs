using System.Globalization;
using System.Text.RegularExpressions;

namespace Sophia.Console.Tests.Harness;

/// <summary>A colour in CIELAB under D65, and how far it is from another as people see it.</summary>
internal readonly partial record struct Colour(double L, double A, double B)
{
    /// <summary>From what a browser computes: "rgb(40, 77, 167)".</summary>
    /// <exception cref="FormatException">The colour is written in another way, or is transparent.</exception>
    public static Colour Parse(string css)
    {
        var parts = Rgb().Match(css) is { Success: true } match
            ? match.Groups.Values.Skip(1).Select(g => Linear(double.Parse(g.Value, CultureInfo.InvariantCulture) / 255)).ToArray()
            : throw new FormatException($"'{css}' is not an opaque colour as browsers compute it.");
        var (r, g, b) = (parts[0], parts[1], parts[2]);
        var x = Root(((0.4124564 * r) + (0.3575761 * g) + (0.1804375 * b)) / 0.95047);
        var y = Root((0.2126729 * r) + (0.7151522 * g) + (0.0721750 * b));
        var z = Root(((0.0193339 * r) + (0.1191920 * g) + (0.9503041 * b)) / 1.08883);
        return new((116 * y) - 16, 500 * (x - y), 200 * (y - z));
    }

    /// <summary>The contrast as WCAG 2.2 defines it, 1 to 21.</summary>
    public double Contrast(Colour other)
    {
        var (light, dark) = (Math.Max(Luminance, other.Luminance), Math.Min(Luminance, other.Luminance));
        return (light + 0.05) / (dark + 0.05);
    }

    /// <summary>
    /// CIEDE2000, about 1 where a difference can just be seen. Sharma, Wu, Dalal: The CIEDE2000 color-difference formula:
    /// implementation notes, supplementary test data, and mathematical observations. Color Research and Application 30 (2005).
    /// </summary>
    public double Distance(Colour other)
    {
        var stretch = 1 + (0.5 * (1 - Saturating((Chroma(A, B) + Chroma(other.A, other.B)) / 2)));
        var (a1, a2) = (A * stretch, other.A * stretch);
        var (c1, c2) = (Chroma(a1, B), Chroma(a2, other.B));
        var (h1, h2) = (Hue(a1, B), Hue(a2, other.B));
        var isGrey = c1 * c2 == 0;
        var turn = isGrey ? 0 : Math.IEEERemainder(h2 - h1, 360);
        var (lightness, chroma) = ((L + other.L) / 2, (c1 + c2) / 2);
        var hue = isGrey ? h1 + h2 : Math.Abs(h1 - h2) <= 180 ? (h1 + h2) / 2 : ((h1 + h2 + 360) / 2) % 360;

        var t = 1 - (0.17 * Cos(hue - 30)) + (0.24 * Cos(2 * hue)) + (0.32 * Cos((3 * hue) + 6)) - (0.20 * Cos((4 * hue) - 63));
        var squared = (lightness - 50) * (lightness - 50);
        var dL = (other.L - L) / (1 + (0.015 * squared / Math.Sqrt(20 + squared)));
        var dC = (c2 - c1) / (1 + (0.045 * chroma));
        var dH = 2 * Math.Sqrt(c1 * c2) * Math.Sin(double.DegreesToRadians(turn / 2)) / (1 + (0.015 * chroma * t));
        var rotation = -2 * Saturating(chroma) * Math.Sin(double.DegreesToRadians(60 * Math.Exp(-Math.Pow((hue - 275) / 25, 2))));
        return Math.Sqrt((dL * dL) + (dC * dC) + (dH * dH) + (rotation * dC * dH));
    }

    private double Luminance => L > 8 ? Math.Pow((L + 16) / 116, 3) : L * 27 / 24389;

    private static double Linear(double value) => value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);

    private static double Root(double value) => value > 216.0 / 24389 ? Math.Cbrt(value) : ((24389.0 / 27 * value) + 16) / 116;

    private static double Chroma(double a, double b) => Math.Sqrt((a * a) + (b * b));

    private static double Hue(double a, double b) => (double.RadiansToDegrees(Math.Atan2(b, a)) + 360) % 360;

    private static double Cos(double degrees) => Math.Cos(double.DegreesToRadians(degrees));

    private static double Saturating(double chroma) => Math.Sqrt(Math.Pow(chroma, 7) / (Math.Pow(chroma, 7) + Math.Pow(25, 7)));

    [GeneratedRegex(@"^rgb\((\d+), (\d+), (\d+)\)$")]
    private static partial Regex Rgb();
}
