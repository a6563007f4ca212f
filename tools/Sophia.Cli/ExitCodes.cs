namespace Sophia.Cli;

/// <summary>What the process says to the shell; docs/cli.md lists them.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The record or namespace that was named does not exist.</summary>
    public const int NotFound = 1;

    /// <summary>The command line makes no sense as given.</summary>
    public const int Usage = 2;

    /// <summary>The service refused (4xx), or an import had input that could not be taken.</summary>
    public const int Refused = 3;

    /// <summary>The service cannot be reached, or failed (5xx); or a copy of what was forgotten did not confirm that it is gone.</summary>
    public const int Unavailable = 4;

    /// <summary>Ctrl-C, or the question was answered with no. 128 + SIGINT, as shells do.</summary>
    public const int Interrupted = 130;
}
