using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>What is in records is data: nothing of it runs, whatever it looks like.</summary>
[Collection(ConsoleTests.Name)]
public sealed class HostileContentTests(ConsoleHost host)
{
    private const string Namespace = "hostile";
    private const string Markup = "<img src=x onerror=\"window.harmed=1\"><script>window.harmed=1</script><svg onload=\"window.harmed=1\"></svg> javascript:window.harmed=1 </textarea><style>*{display:none}</style>";
    private static readonly string[] MakeMarkup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "createContextualFragment", "setHTMLUnsafe", "DOMParser"];

    [SkippableTheory]
    [InlineData("#/search/hostile?q=harmed&beside=lexical", ".hit")]
    [InlineData("#/browse/hostile", ".record-link")]
    [InlineData("#/changes/hostile?from=beginning", ".change")]
    [InlineData("#/record/hostile/%3Cimg%20src%3Dx%20onerror%3D%22window.harmed%3D1%22%3E", ".facts")]
    [InlineData("#/search/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "main")]
    public async Task Markup_in_keys_content_tags_and_attributes_is_shown_and_never_run(string route, string shows)
    {
        if (ConsoleHost.Chromium is not null)
        {
            var put = await host.PutAsync(Namespace, "<img src=x onerror=\"window.harmed=1\">", new JsonObject
            {
                ["content"] = Markup,
                ["tags"] = new JsonArray("<b onclick=window.harmed=1>tag</b>", "\" onfocus=\"window.harmed=1"),
                ["attributes"] = new JsonObject { ["heading"] = Markup, ["<script>window.harmed=1</script>"] = Markup },
                ["provenance"] = new JsonObject { ["source"] = Markup, ["uri"] = "javascript:window.harmed=1" },
            });
            await host.IsSearchedAsync(Namespace, put);
        }

        await using var tab = await host.OpenAsync(route);
        await Tab.SeesAsync(tab.Page.Locator(shows).First);
        Assert.False(await tab.Page.EvaluateAsync<bool>("() => 'harmed' in window"));
        Assert.Equal(0, await tab.Page.Locator("main img, main script, main style, main [onerror], main [onclick], main [onload], main a[href^='javascript']").CountAsync());
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task The_page_forbids_inline_scripts_and_markup_made_of_text()
    {
        await using var tab = await host.OpenAsync();
        var thrown = await tab.Page.EvaluateAsync<string>("() => { try { document.body.innerHTML = '<p>made of text</p>'; return 'allowed'; } catch (error) { return error.name; } }");
        Assert.Equal("TypeError", thrown);
        using var answer = await host.Http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Accept", "text/html" } } });
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        tab.Expects("TrustedHTML");
        tab.AssertClean();
    }

    [Fact]
    public void No_file_of_the_console_makes_markup_or_code_of_text_or_names_an_outside_address()
    {
        var files = Directory.EnumerateFiles(Repository.Console, "*", SearchOption.AllDirectories).ToList();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var text = File.ReadAllText(file).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
            Assert.All(MakeMarkup, word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
            Assert.DoesNotMatch(@"https?://(?!\$)", text);
            Assert.DoesNotMatch(@"\sstyle=""|\son\w+=""", text);
        }
    }
}
