using System.CommandLine;
using System.CommandLine.Invocation;
using Sophia.Cli.Cortex;
using Sophia.Cli.Import;
using Sophia.Cli.Keys;
using Sophia.Cli.Memories;
using Sophia.Cli.Models;
using Sophia.Cli.Namespaces;
using Sophia.Cli.Snowflake;
using Sophia.Cli.Terminal;
using Sophia.Cli.Tiers;

namespace Sophia.Cli;

/// <summary>The command <c>sophia</c>: its subcommands, and what becomes of their failures.</summary>
internal static class SophiaCommand
{
    /// <summary>What a running request may take to end after Ctrl-C.</summary>
    private static readonly TimeSpan s_graceOnInterrupt = TimeSpan.FromSeconds(5);

    public static RootCommand Create(Surroundings surroundings)
    {
        var root = new RootCommand("Sophia's memory at the command line.");
        root.Options.Add(Service.Url);
        root.Options.Add(Service.ApiKey);
        root.Options.Add(Service.Tenant);
        root.Options.Add(Service.Json);
        root.Subcommands.Add(ImportCommand.Create(surroundings));
        root.Subcommands.Add(PutCommand.Create(surroundings));
        root.Subcommands.Add(GetCommand.Create(surroundings));
        root.Subcommands.Add(SearchCommand.Create(surroundings));
        root.Subcommands.Add(ForgetCommand.Create(surroundings));
        root.Subcommands.Add(TiersCommand.Create(surroundings));
        root.Subcommands.Add(NamespaceCommand.Create(surroundings));
        root.Subcommands.Add(ModelsCommand.Create(surroundings));
        root.Subcommands.Add(ModelCommand.Create(surroundings));
        root.Subcommands.Add(SnowflakeCommand.Create(surroundings));
        root.Subcommands.Add(CortexCommand.Create(surroundings));
        root.Subcommands.Add(KeyCommand.Create(surroundings));
        return root;
    }

    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var parse = Create(surroundings).Parse(args);
        // From the arguments themselves, for a line that does not parse has no values.
        var asJson = args.Contains("--json");
        if (parse.Errors.Count > 0 && parse.Action is null or ParseErrorAction)
        {
            var message = string.Join(" ", parse.Errors.Select(static e => e.Message).Distinct());
            new Failure(ExitCodes.Usage, "usage", message, "sophia --help, or sophia <command> --help, shows what it takes.").Write(surroundings.Error, asJson);
            return ExitCodes.Usage;
        }

        await using var output = surroundings.OpenText();
        try
        {
            return await parse.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = output, Error = surroundings.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = s_graceOnInterrupt,
                },
                cancellationToken);
        }
        catch (Exception e) when (Failure.Of(e, Service.Address(parse, surroundings), IsInterrupt(e, cancellationToken)) is { } failure)
        {
            failure.Write(surroundings.Error, asJson);
            return failure.ExitCode;
        }
    }

    /// <summary>A time-out of the HTTP client is a cancellation too, but with a <see cref="TimeoutException"/> inside.</summary>
    private static bool IsInterrupt(Exception exception, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested || exception is OperationCanceledException { InnerException: not TimeoutException };
}
