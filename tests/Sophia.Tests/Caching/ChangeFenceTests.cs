using CsCheck;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;

namespace Sophia.Tests.Caching;

public sealed class ChangeFenceTests
{
    [Fact]
    public void What_was_read_before_a_change_is_refused_and_what_was_read_after_it_is_allowed()
    {
        var fence = new ChangeFence();
        fence.Note(Sequence.Of(3, 9), 77);

        Assert.False(fence.Allows(Sequence.Of(3, 5), 77, cursorBeforeRead: 8));
        Assert.True(fence.Allows(Sequence.Of(3, 5), 77, cursorBeforeRead: 9));
        Assert.True(fence.Allows(Sequence.Of(3, 9), 77, cursorBeforeRead: 2));
        Assert.True(fence.Allows(Sequence.Of(3, 5), 78, cursorBeforeRead: 8));
        Assert.True(fence.Allows(Sequence.Of(4, 5), 77, cursorBeforeRead: 8));
    }

    [Fact]
    public void A_change_of_an_unknown_record_fences_its_whole_partition()
    {
        var fence = new ChangeFence();
        fence.Note(Sequence.Of(3, 9));

        Assert.False(fence.Allows(Sequence.Of(3, 5), 12345, cursorBeforeRead: 8));
        Assert.True(fence.Allows(Sequence.Of(3, 5), 12345, cursorBeforeRead: 9));
        Assert.True(fence.Allows(Sequence.Of(2, 5), 12345, cursorBeforeRead: 8));
    }

    [Fact]
    public void No_order_of_changes_lets_an_older_value_pass() =>
        Gen.Select(Gen.Long[1, 50].Array[1, 20], Gen.Int, Gen.Long[0, 50], Gen.Long[1, 50]).Sample((changes, hash, cursor, read) =>
        {
            var fence = new ChangeFence();
            foreach (var number in changes)
            {
                fence.Note(Sequence.Of(1, number), hash);
            }

            return !fence.Allows(Sequence.Of(1, read), hash, cursor) == changes.Any(n => n > cursor && n > read);
        });
}
