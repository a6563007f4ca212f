using System.Net;
using System.Net.Sockets;
using System.Text;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class TerminatedUnderLoadTests
{
    [Fact]
    public async Task A_stop_answers_what_is_under_way_ends_with_0_and_loses_nothing()
    {
        using var folder = new TestFolder();
        var settings = new SophiaSettings { DataDirectory = folder.Path };
        WriteLoad load;
        await using (var process = await SophiaProcess.StartAsync(settings))
        {
            await using (load = new WriteLoad(process.Http, "notes", "w"))
            {
                await load.WritesAsync(200, process);
                using var underway = await BeginPutAsync(process.Address, "notes", "slow", Texts.Of("slow"));
                process.Terminate();
                await Eventually.IsTrueAsync(() => load.Broken + load.Refusals.Count > 0, "the service stops taking requests", () => process.Shown);
                Assert.StartsWith("HTTP/1.1 201", await underway.FinishAsync(), StringComparison.Ordinal);
                Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromSeconds(10)));
                await load.StopAsync();
            }

            Assert.All(load.Refusals, refusal => Assert.Equal(HttpStatusCode.ServiceUnavailable, refusal.Status));
            Assert.DoesNotContain("fail:", process.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("crit:", process.Output, StringComparison.Ordinal);
        }

        await using var again = await SophiaProcess.StartAsync(settings);
        await Ledger.HoldsAsync(again.Http, "notes", [load]);
        Assert.Equal(Texts.Of("slow"), (await again.Http.GetRecordAsync("notes", "slow")).Require(HttpStatusCode.OK).Content);
    }

    // The server's 100 says that it has begun the request, so it is under way for certain.
    private static async Task<UnderWay> BeginPutAsync(Uri address, string ns, string key, string text)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        var body = Encoding.UTF8.GetBytes(text);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT {Requests.Record(ns, key)} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        var buffer = new byte[256];
        var read = await stream.ReadAsync(buffer);
        Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        return new UnderWay(client, stream, body);
    }

    private sealed class UnderWay(TcpClient client, NetworkStream stream, byte[] body) : IDisposable
    {
        public async Task<string> FinishAsync()
        {
            await stream.WriteAsync(body);
            var buffer = new byte[4096];
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            return Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, patience.Token));
        }

        public void Dispose() => client.Dispose();
    }
}
