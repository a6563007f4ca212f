using System.Diagnostics;
using System.Net;
using Sophia.Snowflake.ExternalFunctions.Ddl;
using Sophia.Tests.Api;
using Sophia.Tests.Cli;

namespace Sophia.Tests.ExternalFunctions;

public sealed class FunctionDdlTests(FunctionHost api) : IClassFixture<FunctionHost>
{
    private static readonly FunctionDdl Ddl = new()
    {
        Url = "https://sophia.example.com", AwsRole = "arn:aws:iam::123456789012:role/snowflake",
        AzureTenant = "6f0f4f9c-8d8e-4a3a-9d3c-1b2a3c4d5e6f", AzureApplication = "7f0f4f9c-8d8e-4a3a-9d3c-1b2a3c4d5e6f",
    };

    [Theory]
    [InlineData(FunctionForm.Amazon, "API_PROVIDER = aws_api_gateway", "AS 'https://sophia.example.com/sophia_rerank';")]
    [InlineData(FunctionForm.Azure, "API_PROVIDER = azure_api_management", "AS 'https://sophia.example.com/sophia_rerank';")]
    [InlineData(FunctionForm.Udf, "VALUE_LIST = ('sophia.example.com:443')", "URL = 'https://sophia.example.com/v1/snowflake/functions/sophia_rerank'")]
    [InlineData(FunctionForm.Spcs, "SERVICE = SOPHIA_AI_MEMORY.SOPHIA", "AS '/v1/snowflake/functions/sophia_rerank';")]
    public void Each_form_makes_every_function(FunctionForm form, string how, string where)
    {
        var sql = Ddl.Statements(form);

        Assert.Contains(how, sql, StringComparison.Ordinal);
        Assert.Contains(where, sql, StringComparison.Ordinal);
        Assert.Equal(5, sql.Split("FUNCTION SOPHIA_AI_MEMORY.SOPHIA_").Length - 1);
        Assert.DoesNotContain("{{", sql, StringComparison.Ordinal);
    }

    [Fact]
    public void The_gateways_add_the_secret_and_hold_none()
    {
        Assert.Contains("integration.request.header.Sophia-Integration-Secret: !Sub \"'${Secret}'\"", Ddl.Gateway(FunctionForm.Amazon), StringComparison.Ordinal);
        var azure = Ddl.Gateway(FunctionForm.Azure)!;
        Assert.Contains(Ddl.AzureTenant!, azure, StringComparison.Ordinal);
        // What stays is the name of the gateway's own secret value.
        Assert.Equal(["{{sophia-integration-secret}}"], System.Text.RegularExpressions.Regex.Matches(azure, @"\{\{[^}]*\}\}").Select(m => m.Value));
        Assert.NotNull(System.Xml.Linq.XDocument.Parse(azure).Root);
        Assert.Null(Ddl.Gateway(FunctionForm.Udf));
    }

    [Theory]
    [InlineData("http://sophia.example.com")]
    [InlineData("https://sophia.example.com/")]
    [InlineData("https://x'); DROP DATABASE d; --")]
    [InlineData("https://x/$$")]
    public void An_address_that_could_end_a_statement_is_refused(string url) =>
        Assert.Throws<ArgumentException>(() => (Ddl with { Url = url }).Statements(FunctionForm.Udf));

    [Fact]
    public async Task The_command_prints_the_statements_or_says_what_is_missing()
    {
        using var cli = new CliRun();
        var printed = await cli.RunAsync(new Uri("http://127.0.0.1:1"), ["snowflake", "functions", "udf", "--at", "https://sophia.example.com"]);
        Assert.Equal((0, Ddl.Statements(FunctionForm.Udf)), (printed.ExitCode, printed.Output));

        var missing = await cli.RunAsync(new Uri("http://127.0.0.1:1"), ["snowflake", "functions", "amazon", "--at", "https://sophia.example.com"]);
        Assert.Equal((2, ""), (missing.ExitCode, missing.Output));
        Assert.Contains("the role is missing", missing.Error, StringComparison.Ordinal);
    }

    // Snowflake's own runtime cannot be had here: the modules that it brings are stood in for by the few members that the handler uses.
    [SkippableFact]
    public async Task The_python_handler_answers_a_frame_through_the_service()
    {
        Skip.IfNot(File.Exists("/usr/bin/python3"), "python3 is not installed (Debian: apt-get install python3-minimal).");
        using var client = api.CreateClient();
        var folder = Directory.CreateTempSubdirectory("sophia-udf-");
        try
        {
            var handler = (Ddl with { Url = "https://placeholder" }).Handler("sophia_similarity").Replace("https://placeholder", $"http://127.0.0.1:{client.BaseAddress!.Port}", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "handler.py"), handler);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "pandas.py"), "class DataFrame:\n    pass\n");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "_snowflake.py"), "def get_generic_secret_string(name):\n    assert name == 'sophia'\n    return 'red-secret'\n\ndef vectorized(input, max_batch_size):\n    return lambda handler: handler\n");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "main.py"), """
                import handler

                class Values:
                    def __init__(self, rows): self.rows = rows
                    def tolist(self): return self.rows

                class Frame:
                    def __init__(self, rows): self.values = Values(rows)

                result = handler.answer(Frame([['a heron', 'a heron'], [None, 'x'], ['a', float('nan')]]))
                assert abs(result[0] - 1) < 1e-5 and result[1] is None and result[2] is None, result
                try:
                    handler.answer(Frame([[1, 2]]))
                    raise SystemExit('a number was taken for a text')
                except Exception as error:
                    assert 'invalid-argument' in str(error), error
                print('right')
                """);
            using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["main.py"]) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = python.StandardError.ReadToEndAsync();
            var output = await python.StandardOutput.ReadToEndAsync();
            await python.WaitForExitAsync();
            Assert.True(python.ExitCode == 0, output + await errors);
            Assert.Equal("right\n", output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
