using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Sophia.Faults.Tests.Harness;
using Sophia.Memory.Records;

namespace Sophia.Faults.Tests;

/// <summary>What is forgotten while a namespace changes its model is in no byte of the data directory: neither text nor either vector.</summary>
[Collection(FaultTests.Name)]
public sealed class ModelChangeCanaryTests
{
    private const string Notes = "notes";
    private const string Canary = "xqcanaryzvogel";
    private static readonly float[] OfFar = Pattern(0x5a3c_91e7);
    private static readonly float[] OfNear = Pattern(0xc713_2e5b);

    [Theory]
    [InlineData("held")]
    [InlineData("cut-over")]
    public async Task Forgotten_once_both_vectors_are_made_neither_is_in_any_file(string state)
    {
        using var folder = new TestFolder();
        await using var models = await StartModelsAsync();
        await using var process = await StartAsync(models, folder);
        await TwoModels.StartAsync(process.Http, Notes, cutsByItself: state == "cut-over");
        await TwoModels.UntilAsync(process, Notes, state);
        // Unless they are found before, not finding them after says nothing.
        Assert.True(IsInFiles(folder, OfFar));
        Assert.True(IsInFiles(folder, OfNear));

        var forgot = (await process.Http.ForgetAsync(Notes, Canary)).Require(HttpStatusCode.OK);

        Assert.Equal(2, (int)forgot.Json["erased"]!["vectors"]!);
        AssertGone(folder);
        await TwoModels.MoveAsync(process.Http, Notes, "undo");
        await TwoModels.UntilAsync(process, Notes, "undone");
        AssertGone(folder);
        Assert.Empty(await process.Http.SearchAsync(Notes, Canary));
        Assert.DoesNotContain(Canary, process.Output + process.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_vector_that_is_being_made_when_its_record_is_forgotten_is_not_kept()
    {
        using var folder = new TestFolder();
        await using var models = await StartModelsAsync();
        await using var process = await StartAsync(models, folder);
        var (asked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        models.Near.Gate = () =>
        {
            asked.TrySetResult();
            return release.Task;
        };
        await TwoModels.StartAsync(process.Http, Notes, cutsByItself: false);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains(models.Near.Requests, request => request.ToString().Contains(Canary, StringComparison.Ordinal));

        (await process.Http.ForgetAsync(Notes, Canary)).Require(HttpStatusCode.OK);
        release.SetResult();
        await TwoModels.UntilAsync(process, Notes, "held");

        AssertGone(folder);
        await TwoModels.MoveAsync(process.Http, Notes, "cut-over");
        await TwoModels.MoveAsync(process.Http, Notes, "finish");
        await TwoModels.UntilAsync(process, Notes, "finished");
        AssertGone(folder);
        await TwoModels.FindsAsync(process.Http, Notes, TwoModels.Key(3));
        Assert.NotEqual(Canary, (await TwoModels.FindAsync(process.Http, Notes, Canary)).Key);
    }

    private static async Task<TwoModels> StartModelsAsync()
    {
        var models = await TwoModels.StartAsync();
        models.Far.VectorHook = static (_, text, vector) => text.Contains(Canary, StringComparison.Ordinal) ? OfFar : vector;
        models.Near.VectorHook = static (_, text, vector) => text.Contains(Canary, StringComparison.Ordinal) ? OfNear : vector;
        return models;
    }

    private static async Task<SophiaProcess> StartAsync(TwoModels models, TestFolder folder)
    {
        var process = await SophiaProcess.StartAsync(models.Settings(folder.Path));
        await TwoModels.WriteAsync(process.Http, Notes, 20);
        (await process.Http.PutTextAsync(Notes, Canary, $"the secret {Canary}")).Require(HttpStatusCode.Created);
        return process;
    }

    // 64 components of an eighth, whose signs are the seed's: of length 1 exactly, so that no step of making changes a bit.
    private static float[] Pattern(uint seed)
    {
        var vector = new float[256];
        for (var i = 0; i < 64; i++)
        {
            vector[i * 4 + (int)(seed % 3)] = (seed >> (i % 32) & 1) == 0 ? 0.125f : -0.125f;
        }

        return vector;
    }

    private static void AssertGone(TestFolder folder)
    {
        Assert.False(IsInFiles(folder, OfFar));
        Assert.False(IsInFiles(folder, OfNear));
        Assert.False(IsInFiles(folder, Encoding.UTF8.GetBytes(Canary)));
    }

    // As the store writes it, and as plain singles, which a file of originals would have.
    private static bool IsInFiles(TestFolder folder, float[] vector) =>
        IsInFiles(folder, VectorCodec.Encode(vector)) || IsInFiles(folder, MemoryMarshal.AsBytes<float>(vector).ToArray());

    private static bool IsInFiles(TestFolder folder, byte[] sought)
    {
        // Copied by cp, since .NET does not open what the service has locked.
        using var copy = new TestFolder();
        using (var cp = Process.Start("cp", ["-r", folder.Path + "/.", copy.Path]))
        {
            cp.WaitForExit();
            Assert.Equal(0, cp.ExitCode);
        }

        var files = Directory.GetFiles(copy.Path, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        return files.Any(file => File.ReadAllBytes(file).AsSpan().IndexOf(sought) >= 0);
    }
}
