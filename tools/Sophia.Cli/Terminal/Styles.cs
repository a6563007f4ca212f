using System.Text;
using Spectre.Console;

namespace Sophia.Cli.Terminal;

internal static class Styles
{
    /// <summary>A console that draws on the writer: colours and movement only on a terminal, wide lines in a pipe.</summary>
    public static IAnsiConsole Console(TextWriter writer, bool isTerminal, Func<string, string?> variable)
    {
        var coloured = isTerminal && string.IsNullOrEmpty(variable("NO_COLOR"));
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = coloured ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal) console.Profile.Width = 200;
        return console;
    }

    /// <summary>One line of at most so many characters, without control characters: a record must not steer the terminal.</summary>
    public static string OneLine(string text, int most)
    {
        var line = new StringBuilder(Math.Min(text.Length, most) + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length >= most)
            {
                line.Append('…');
                break;
            }
            var isBlank = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune);
            if (!isBlank) line.Append(rune.ToString());
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        return line.ToString().TrimEnd();
    }
}
