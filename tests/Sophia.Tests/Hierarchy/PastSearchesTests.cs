using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Tests.Hierarchy;

public sealed class PastSearchesTests
{
    private static readonly NamespaceInfo Notes = new(1, "acme", "notes", 3, new NamespaceSettings(), DateTimeOffset.UnixEpoch);
    private readonly PastSearches _searches = new();

    [Fact]
    public async Task Those_that_began_before_an_erasure_are_waited_for_until_the_last_is_over()
    {
        var (one, other) = (_searches.Begin(Notes, 6), _searches.Begin(Notes, 2));

        var waiting = _searches.AreOverAsync(Notes, 7, Timeout.InfiniteTimeSpan, default);
        one.Dispose();
        Assert.False(waiting.IsCompleted);
        other.Dispose();

        Assert.True(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task One_that_takes_longer_than_the_patience_is_told()
    {
        using var search = _searches.Begin(Notes, 6);

        Assert.False(await _searches.AreOverAsync(Notes, 7, TimeSpan.FromMilliseconds(1), default));
    }

    [Fact]
    public async Task Those_that_began_behind_the_erasure_or_read_another_namespace_are_not_waited_for()
    {
        using var later = _searches.Begin(Notes, 7);
        using var elsewhere = _searches.Begin(Notes with { Id = 2 }, 6);

        Assert.True(await _searches.AreOverAsync(Notes, 7, TimeSpan.Zero, default));
    }
}
