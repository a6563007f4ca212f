using System.Text;
using System.Text.RegularExpressions;

namespace Sophia.Snowflake.ExternalFunctions.Ddl;

/// <summary>How Snowflake reaches Sophia.</summary>
public enum FunctionForm
{
    /// <summary>External functions through Amazon's API Gateway.</summary>
    Amazon,

    /// <summary>External functions through Azure's API Management.</summary>
    Azure,

    /// <summary>Python functions with an external access integration: no gateway.</summary>
    Udf,

    /// <summary>Service functions of a service in Snowpark Container Services.</summary>
    Spcs,
}

/// <summary>
/// The statements that make Sophia's functions in Snowflake, and the gateway that stands between, in each form that exists in
/// practice. Sources: docs.snowflake.com, CREATE EXTERNAL FUNCTION, CREATE API INTEGRATION, CREATE FUNCTION, CREATE FUNCTION
/// (Snowpark Container Services), CREATE EXTERNAL ACCESS INTEGRATION.
/// </summary>
public sealed partial record FunctionDdl
{
    private const int BatchRows = 4096;

    /// <summary>https:// and the host of the gateway, or of Sophia where there is none; no slash at the end.</summary>
    public required string Url { get; init; }

    /// <summary>Where the functions are made, in the current database.</summary>
    public string Schema { get; init; } = "SOPHIA_AI_MEMORY";

    /// <summary>For Amazon: the role that Snowflake calls as.</summary>
    public string? AwsRole { get; init; }

    /// <summary>For Azure: the directory.</summary>
    public string? AzureTenant { get; init; }

    /// <summary>For Azure: the application that stands for the API.</summary>
    public string? AzureApplication { get; init; }

    /// <summary>For Snowpark Container Services: the service's name.</summary>
    public string Service { get; init; } = "SOPHIA";

    /// <summary>The statements.</summary>
    /// <exception cref="ArgumentException">A value is missing or could not stand in a statement; the message says which.</exception>
    public string Statements(FunctionForm form)
    {
        Check(form);
        var sql = new StringBuilder();
        sql.Append(form switch
        {
            FunctionForm.Amazon => Integration($"API_PROVIDER = aws_api_gateway\n  API_AWS_ROLE_ARN = '{AwsRole}'"),
            FunctionForm.Azure => Integration($"API_PROVIDER = azure_api_management\n  AZURE_TENANT_ID = '{AzureTenant}'\n  AZURE_AD_APPLICATION_ID = '{AzureApplication}'"),
            FunctionForm.Udf => Access(),
            _ => "",
        });
        foreach (var function in SqlFunction.All)
        {
            sql.Append('\n').Append(form switch
            {
                FunctionForm.Amazon or FunctionForm.Azure => External(function),
                FunctionForm.Udf => Python(function),
                _ => OfService(function),
            });
        }

        return sql.ToString();
    }

    /// <summary>What has to stand between Snowflake and Sophia; null for <see cref="FunctionForm.Udf"/>, which needs nothing.</summary>
    /// <exception cref="ArgumentException"/>
    public string? Gateway(FunctionForm form)
    {
        Check(form);
        return form switch
        {
            FunctionForm.Amazon => Template("amazon-gateway.yaml").Replace("{{url}}", Url, StringComparison.Ordinal),
            FunctionForm.Azure => Template("azure-gateway.xml").Replace("{{url}}", Url, StringComparison.Ordinal)
                .Replace("{{azureTenant}}", AzureTenant, StringComparison.Ordinal).Replace("{{azureApplication}}", AzureApplication, StringComparison.Ordinal),
            FunctionForm.Spcs => Template("container-service.yaml").Replace("{{schema}}", Schema, StringComparison.Ordinal),
            _ => null,
        };
    }

    private string Integration(string provider) =>
        $"""
        -- By the account administrator, once.
        CREATE API INTEGRATION IF NOT EXISTS SOPHIA_GATEWAY
          {provider}
          API_ALLOWED_PREFIXES = ('{Url}/')
          ENABLED = TRUE;

        """;

    private string External(SqlFunction function) =>
        $"""
        CREATE OR REPLACE SECURE EXTERNAL FUNCTION {Schema}.{Upper(function)}({function.Parameters})
          RETURNS {function.Returns} NULL
          VOLATILE
          API_INTEGRATION = SOPHIA_GATEWAY
          MAX_BATCH_ROWS = {BatchRows}
          COMPRESSION = GZIP
          AS '{Url}/{function.Name}';

        """;

    private string Access() =>
        $"""
        -- By the account administrator, once. Put the integration's secret in place of the dots.
        CREATE NETWORK RULE IF NOT EXISTS {Schema}.SOPHIA_HOST MODE = EGRESS TYPE = HOST_PORT VALUE_LIST = ('{HostAndPort()}');
        CREATE SECRET IF NOT EXISTS {Schema}.SOPHIA_SECRET TYPE = GENERIC_STRING SECRET_STRING = '…';
        CREATE EXTERNAL ACCESS INTEGRATION IF NOT EXISTS SOPHIA_ACCESS
          ALLOWED_NETWORK_RULES = ({Schema}.SOPHIA_HOST)
          ALLOWED_AUTHENTICATION_SECRETS = ({Schema}.SOPHIA_SECRET)
          ENABLED = TRUE;

        """;

    private string Python(SqlFunction function) =>
        $"""
        CREATE OR REPLACE SECURE FUNCTION {Schema}.{Upper(function)}({function.Parameters})
          RETURNS {function.Returns}
          LANGUAGE PYTHON
          VOLATILE
          RUNTIME_VERSION = '3.11'
          PACKAGES = ('pandas')
          HANDLER = 'answer'
          EXTERNAL_ACCESS_INTEGRATIONS = (SOPHIA_ACCESS)
          SECRETS = ('sophia' = {Schema}.SOPHIA_SECRET)
          AS $$
        {Handler(function.Name)}$$;

        """;

    private string OfService(SqlFunction function) =>
        $"""
        CREATE OR REPLACE FUNCTION {Schema}.{Upper(function)}({function.Parameters})
          RETURNS {function.Returns} NULL
          VOLATILE
          SERVICE = {Schema}.{Service}
          ENDPOINT = functions
          MAX_BATCH_ROWS = {BatchRows}
          AS '/v1/snowflake/functions/{function.Name}';

        """;

    /// <summary>The body of a function of the form <see cref="FunctionForm.Udf"/>.</summary>
    internal string Handler(string function) =>
        Template("udf.py").Replace("{{url}}", Url, StringComparison.Ordinal).Replace("{{function}}", function, StringComparison.Ordinal);

    private static string Upper(SqlFunction function) => function.Name.ToUpperInvariant();

    private string HostAndPort() => new Uri(Url) is { IsDefaultPort: false } uri ? uri.Authority : $"{new Uri(Url).Host}:443";

    private void Check(FunctionForm form)
    {
        Require(UrlForm().IsMatch(Url), "the address", Url, "https://host, without a slash at the end");
        Require(NameForm().IsMatch(Schema), "the schema", Schema, "an unquoted name, or database and schema with a point between");
        Require(form != FunctionForm.Amazon || RoleForm().IsMatch(AwsRole ?? ""), "the role", AwsRole, "arn:aws:iam::<account>:role/<name>");
        Require(form != FunctionForm.Azure || Guid.TryParse(AzureTenant, out _), "the directory", AzureTenant, "a GUID, the directory's id");
        Require(form != FunctionForm.Azure || Guid.TryParse(AzureApplication, out _), "the application", AzureApplication, "a GUID, the application's id");
        Require(form != FunctionForm.Spcs || NameForm().IsMatch(Service), "the service", Service, "an unquoted name");
    }

    private static void Require(bool holds, string what, string? given, string form)
    {
        if (!holds)
        {
            throw new ArgumentException(given is null ? $"{what} is missing: {form}." : $"{what} is '{given}'; it must be {form}.");
        }
    }

    private static string Template(string name)
    {
        using var stream = typeof(FunctionDdl).Assembly.GetManifestResourceStream($"ExternalFunctions.{name}") ?? throw new InvalidOperationException($"The template {name} is not built in.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\Ahttps://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*\z")]
    private static partial Regex UrlForm();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?\z")]
    private static partial Regex NameForm();

    [GeneratedRegex(@"\Aarn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+\z")]
    private static partial Regex RoleForm();
}
