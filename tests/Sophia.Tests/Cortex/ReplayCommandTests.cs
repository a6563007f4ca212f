using Sophia.Tests.Cli;

namespace Sophia.Tests.Cortex;

public sealed class ReplayCommandTests : IAsyncLifetime, IDisposable
{
    private readonly CliRun _cli = new();
    private FakeChatServer _server = null!;
    private CortexHost _host = null!;
    private Uri _address = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeChatServer.StartAsync();
        _host = new CortexHost(_server);
        using var http = _host.CreateClient();
        _address = new Uri($"http://127.0.0.1:{http.BaseAddress!.Port}");
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose()
    {
        _host.Dispose();
        if (Directory.Exists(_cli.Folder))
        {
            _cli.Dispose();
        }
    }

    [Fact]
    public async Task A_replay_prints_the_shares_of_calls_and_cost_that_were_avoided()
    {
        var file = _cli.Write("log.ndjson", """
            {"prompt":"How do I reset my password?"}
            {"prompt":"How do I reset my password?"}

            {"prompt":"how do i reset my password, please"}
            {"prompt":"What does the large plan cost?"}
            """);

        var result = await _cli.RunAsync(_address, ["cortex", "replay", file, "--json"]);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal((4, 2, 1, 1), ((int)result.Json["asked"]!, (int)result.Json["called"]!, (int)result.Json["hit"]!, (int)result.Json["near"]!));
        Assert.Equal(0.5, (double)result.Json["callsAvoidedShare"]!);
        Assert.Equal(0.5, (double)result.Json["costAvoidedShare"]!);
        Assert.Equal(2, _server.Calls);
        Assert.Contains("100.0 % avoided; the goal is 60 %", (await _cli.RunAsync(_address, ["cortex", "replay", file])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_that_fails_is_named_by_its_line_and_the_others_are_asked()
    {
        var file = _cli.Write("log.ndjson", "{\"prompt\":\"a\",\"model\":\"none\"}\n{\"prompt\":\"b\"}\n");
        var result = await _cli.RunAsync(_address, ["cortex", "replay", file, "--json"]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("line 1:", result.Error, StringComparison.Ordinal);
        Assert.Equal((1, 1), ((int)result.Json["called"]!, (int)result.Json["failed"]!));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"prompt\":1}")]
    [InlineData("no json")]
    [InlineData("{\"prompt\":\"a\",\"temperature\":1e400}")]
    public async Task A_line_that_is_no_prompt_is_a_mistake_of_the_caller(string line)
    {
        var result = await _cli.RunAsync(_address, ["cortex", "replay", _cli.Write("log.ndjson", line)]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Line 1", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, _server.Calls);
    }
}
