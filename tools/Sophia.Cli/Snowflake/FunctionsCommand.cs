using System.CommandLine;
using Sophia.Snowflake.ExternalFunctions.Ddl;

namespace Sophia.Cli.Snowflake;

/// <summary><c>sophia snowflake functions</c>: prints what makes Sophia's functions in Snowflake; nothing is asked or changed.</summary>
internal static class FunctionsCommand
{
    public static Command Create()
    {
        var form = new Argument<FunctionForm>("form") { Description = "amazon or azure (external functions through a gateway), udf (Python with external access), spcs (Snowpark Container Services)." };
        var url = new Option<string>("--at") { Description = "https:// and the host that Snowflake calls: the gateway's, or Sophia's for udf and for --gateway.", Required = true, HelpName = "url" };
        var schema = new Option<string>("--schema") { Description = "Where the functions are made.", DefaultValueFactory = static _ => "SOPHIA_AI_MEMORY", HelpName = "name" };
        var role = new Option<string?>("--aws-role") { Description = "For amazon: the role that Snowflake calls as.", HelpName = "arn" };
        var tenant = new Option<string?>("--azure-tenant") { Description = "For azure: the directory's id.", HelpName = "guid" };
        var application = new Option<string?>("--azure-application") { Description = "For azure: the id of the application that stands for the API.", HelpName = "guid" };
        var service = new Option<string>("--service") { Description = "For spcs: the service's name.", DefaultValueFactory = static _ => "SOPHIA", HelpName = "name" };
        var gateway = new Option<bool>("--gateway") { Description = "Print what stands between instead: the gateway's template, its policy, or the service's specification." };
        var command = new Command("functions", "Print the statements that let Snowflake's SQL call Sophia.") { form, url, schema, role, tenant, application, service, gateway };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var ddl = new FunctionDdl
            {
                Url = parse.GetValue(url)!, Schema = parse.GetValue(schema)!, AwsRole = parse.GetValue(role), AzureTenant = parse.GetValue(tenant),
                AzureApplication = parse.GetValue(application), Service = parse.GetValue(service)!,
            };
            try
            {
                var text = parse.GetValue(gateway) ? ddl.Gateway(parse.GetValue(form)) : ddl.Statements(parse.GetValue(form));
                await parse.InvocationConfiguration.Output.WriteAsync(text ?? throw new UsageException("Nothing stands between Snowflake and Sophia in the form udf.", "Leave --gateway out."));
                return ExitCodes.Ok;
            }
            catch (ArgumentException e)
            {
                throw new UsageException(e.Message, "sophia snowflake functions --help shows what it takes.");
            }
        });
        return command;
    }
}
