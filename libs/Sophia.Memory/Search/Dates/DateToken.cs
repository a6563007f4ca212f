using System.Globalization;

namespace Sophia.Memory.Search.Dates;

/// <summary>A run of letters or a run of digits of a query.</summary>
/// <param name="Text">In lower case.</param>
/// <param name="Number">−1 for letters and for numbers above 9,999.</param>
/// <param name="Gap">What stands between the token before and this one.</param>
internal readonly record struct DateToken(string Text, int Start, int Length, int Number, string Gap)
{
    private const int MostDigits = 4;

    public int End => Start + Length;

    public bool IsNumber => Number >= 0;

    /// <summary>It stands right behind the one before, such as <c>rd</c> behind <c>3</c>.</summary>
    public bool Touches => Gap.Length == 0;

    /// <summary>At most <paramref name="most"/> tokens.</summary>
    public static List<DateToken> Read(string text, int most)
    {
        var tokens = new List<DateToken>();
        var before = 0;
        for (var at = 0; at < text.Length && tokens.Count < most;)
        {
            if (!char.IsLetterOrDigit(text[at]))
            {
                at++;
                continue;
            }

            var start = at;
            var isDigit = char.IsAsciiDigit(text[at]);
            while (at < text.Length && char.IsLetterOrDigit(text[at]) && char.IsAsciiDigit(text[at]) == isDigit)
            {
                at++;
            }

            var number = isDigit && at - start <= MostDigits ? int.Parse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture) : -1;
            tokens.Add(new DateToken(text[start..at].ToLowerInvariant(), start, at - start, number, text[before..start]));
            before = at;
        }

        return tokens;
    }
}
