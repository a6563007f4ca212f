using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sophia.Tests.Cortex;

public sealed class CortexTenantTests : IAsyncLifetime, IDisposable
{
    private FakeChatServer _server = null!;
    private CortexHost _host = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeChatServer.StartAsync();
        _host = new CortexHost(_server, [.. Key(0, "red", "write", "read"), .. Key(1, "blue", "write", "read"), .. Key(2, "reader", "read")]);
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _host.Dispose();

    private static IEnumerable<(string, string)> Key(int number, string tenant, params string[] scopes) =>
    [
        ($"Sophia:ApiKeys:{number}:Name", tenant), ($"Sophia:ApiKeys:{number}:Tenants:0", tenant),
        ($"Sophia:ApiKeys:{number}:Hash", "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant + "-key")))),
        .. scopes.Select((scope, i) => ($"Sophia:ApiKeys:{number}:Scopes:{i}", scope)),
    ];

    private Task<JsonElement> AskAsync(string tenant, string json, HttpStatusCode expected = HttpStatusCode.OK) =>
        _host.JsonAsync(HttpMethod.Post, "/v1/cortex/complete", json, expected, ("Authorization", $"Bearer {tenant}-key"));

    [Fact]
    public async Task No_tenant_gets_the_answer_of_another_neither_exact_nor_near_nor_in_its_costs()
    {
        await AskAsync("red", """{"prompt":"our secret plan"}""");
        var same = await AskAsync("blue", """{"prompt":"our secret plan"}""");
        var near = await AskAsync("blue", """{"prompt":"please, our secret plan!","cache":"exact"}""");
        var costs = await _host.JsonAsync(HttpMethod.Get, "/v1/costs/cortex", null, HttpStatusCode.OK, ("Authorization", "Bearer red-key"));

        Assert.Equal("called", same.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal("called", near.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal(3, _server.Calls);
        Assert.Equal(1, costs.GetProperty("calls").GetInt32());
    }

    [Fact]
    public async Task Asking_needs_the_right_to_write() =>
        Assert.Equal("forbidden", (await AskAsync("reader", """{"prompt":"x"}""", HttpStatusCode.Forbidden)).GetProperty("code").GetString());

    [Fact]
    public async Task Near_prompts_are_looked_for_in_the_same_namespace_only()
    {
        foreach (var ns in new[] { "one", "two" })
        {
            await _host.JsonAsync(HttpMethod.Put, $"/v1/namespaces/{ns}/memories/k", """{"content":"x"}""", HttpStatusCode.Created, ("Authorization", "Bearer red-key"));
        }

        await AskAsync("red", """{"prompt":"explain the large plan","namespace":"one"}""");
        var other = await AskAsync("red", """{"prompt":"please explain the large plan","namespace":"two"}""");
        var own = await AskAsync("red", """{"prompt":"could you explain a large plan","namespace":"one"}""");

        Assert.Equal("called", other.GetProperty("receipt").GetProperty("outcome").GetString());
        Assert.Equal("near", own.GetProperty("receipt").GetProperty("outcome").GetString());
    }
}
