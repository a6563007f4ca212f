using System.Collections.Concurrent;
using System.Text;
using Microsoft.Playwright;

namespace Sophia.Console.Tests.Harness;

/// <summary>One tab of the browser, which notes every error of the console and every request that failed.</summary>
internal sealed class Tab : IAsyncDisposable
{
    private const float PatienceMs = 30_000;
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly Look _look;

    static Tab() => Assertions.SetDefaultExpectTimeout(PatienceMs);

    private Tab(IBrowserContext context, IPage page, Look look) => (_context, Page, _look) = (context, page, look);

    public IPage Page { get; }

    public static async Task<Tab> OpenAsync(IBrowser browser, Uri address, string route, Look look)
    {
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = address.ToString(),
            ColorScheme = look.Scheme,
            ViewportSize = new() { Width = look.Width, Height = look.Height },
            ReducedMotion = ReducedMotion.Reduce,
            HasTouch = look.Width < 600,
            TimezoneId = "UTC",
        });
        context.SetDefaultTimeout(PatienceMs);
        var tab = new Tab(context, await context.NewPageAsync(), look);
        tab.Watch();
        await tab.GoAsync(route);
        return tab;
    }

    /// <summary>Opens a page of the console and waits until it is drawn.</summary>
    public async Task GoAsync(string route)
    {
        await Page.GotoAsync("/" + route);
        await Page.Locator("main[data-page] h1").First.WaitForAsync();
    }

    /// <summary>Chooses files on the page of the import.</summary>
    public Task ChooseAsync(params (string Name, string Text)[] files) =>
        Page.Locator("input[type=file]").First.SetInputFilesAsync(files.Select(f => new FilePayload { Name = f.Name, MimeType = "text/plain", Buffer = Encoding.UTF8.GetBytes(f.Text) }));

    /// <summary>Leaves the console, so that no page of it asks any more.</summary>
    public Task CloseAsync() => Page.GotoAsync("about:blank");

    public ILocator Role(AriaRole role, string name) => Page.GetByRole(role, new() { Name = name });

    /// <summary>Waits until the locator is there and can be seen.</summary>
    public static Task SeesAsync(ILocator locator) => Assertions.Expect(locator).ToBeVisibleAsync(new() { Timeout = PatienceMs });

    /// <exception cref="Xunit.Sdk.XunitException">The page reported an error, or a request failed.</exception>
    public void AssertClean() => Assert.Empty(_faults);

    /// <summary>Forgets faults that contain the text, which the test has provoked; there must be one.</summary>
    public void Expects(string text)
    {
        var others = _faults.Where(f => !f.Contains(text, StringComparison.Ordinal)).ToList();
        Assert.NotEqual(others.Count, _faults.Count);
        _faults.Clear();
        others.ForEach(_faults.Enqueue);
    }

    /// <summary>Text with too little contrast, controls without a name, what is wider than the screen; each as a line.</summary>
    public async Task AssertAccessibleAsync() => Assert.Empty((await FindAsync("accessibility.js")).Select(line => $"{_look.Name}: {line}"));

    /// <summary>Text that is cut off or lies over other text, and what makes the page scroll sideways; each as a line.</summary>
    public Task<string[]> ClippedAsync() => FindAsync("clipping.js");

    /// <summary>Keeps a picture among the artefacts; all of the page, or what the screen shows.</summary>
    public async Task<byte[]> PictureAsync(string name, bool isWhole = true) =>
        await Page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Artifacts, $"{name}-{_look.Name}.png"), FullPage = isWhole, Animations = ScreenshotAnimations.Disabled });

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private async Task<string[]> FindAsync(string script)
    {
        using var stream = typeof(Tab).Assembly.GetManifestResourceStream(script)!;
        using var reader = new StreamReader(stream);
        return await Page.EvaluateAsync<string[]>(await reader.ReadToEndAsync());
    }

    private void Watch()
    {
        Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _faults.Enqueue($"{message.Type}: {message.Text} {message.Location}");
            }
        };
        Page.PageError += (_, error) => _faults.Enqueue($"exception: {error}");
        Page.RequestFailed += (_, request) =>
        {
            // Leaving a page ends what it had asked for.
            if (request.Failure is not "net::ERR_ABORTED")
            {
                _faults.Enqueue($"no answer: {request.Method} {request.Url} {request.Failure}");
            }
        };
        Page.Response += (_, response) =>
        {
            if (response.Status >= 400)
            {
                _faults.Enqueue($"refused: {response.Status} {response.Request.Method} {response.Url}");
            }

            if (new Uri(response.Url).Authority != new Uri(Page.Url).Authority && Page.Url != "about:blank")
            {
                _faults.Enqueue($"outside: {response.Url}");
            }
        };
    }
}
