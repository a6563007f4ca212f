using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Sophia.Console.Tests.Harness;

/// <summary>Answers of the service that a test holds back, changes or makes up.</summary>
internal static class Answers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Never lets these requests through. The task is done when the page has given one up, and fails when it does not.</summary>
    public static async Task<Task> HoldAsync(this Tab tab, Func<IRequest, bool> which)
    {
        var givenUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        tab.Page.RequestFailed += (_, request) =>
        {
            if (which(request))
            {
                givenUp.TrySetResult();
            }
        };
        await tab.Page.RouteAsync("**/*", route => which(route.Request) ? Task.CompletedTask : route.FallbackAsync());
        return givenUp.Task.WaitAsync(Patience);
    }

    /// <summary>Lets these requests through when what is returned is called.</summary>
    public static async Task<Action> DelayAsync(this Tab tab, Func<IRequest, bool> which)
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await tab.Page.RouteAsync("**/*", async route =>
        {
            if (which(route.Request))
            {
                await released.Task;
            }

            await route.FallbackAsync();
        });
        return () => released.TrySetResult();
    }

    /// <summary>Lets the answer to one of them come, and the page do with it what it will.</summary>
    public static async Task ReleaseAsync(this Tab tab, Action release, Func<IRequest, bool> which)
    {
        var response = await tab.Page.RunAndWaitForResponseAsync(
            () =>
            {
                release();
                return Task.CompletedTask;
            },
            response => which(response.Request));
        await response.FinishedAsync();
        // In the first turn of its loop the page may still be given the end of the answer.
        await tab.Page.EvaluateAsync("() => new Promise(done => setTimeout(() => setTimeout(done)))");
    }

    /// <summary>Refuses these requests as the service would.</summary>
    public static Task RefuseAsync(this Tab tab, Func<IRequest, bool> which, int status, string code) =>
        tab.Page.RouteAsync("**/*", route => which(route.Request)
            ? route.FulfillAsync(new()
            {
                Status = status,
                ContentType = "application/problem+json",
                Body = new JsonObject { ["title"] = "Refused", ["detail"] = "As the test wants it.", ["code"] = code, ["traceId"] = "0" }.ToJsonString(),
            })
            : route.FallbackAsync());

    /// <summary>Lets the service answer and changes what it says.</summary>
    public static Task ChangeAsync(this Tab tab, string address, Func<JsonNode, JsonNode> change) =>
        tab.Page.RouteAsync(address, async route =>
        {
            var answer = await route.FetchAsync();
            await route.FulfillAsync(new() { Response = answer, Body = change(JsonNode.Parse(await answer.TextAsync())!).ToJsonString() });
        });
}
