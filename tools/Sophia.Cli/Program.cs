using Sophia.Cli;
using Sophia.Cli.Terminal;

using var surroundings = Surroundings.OfThisProcess();
return await SophiaCommand.RunAsync(args, surroundings, CancellationToken.None);
