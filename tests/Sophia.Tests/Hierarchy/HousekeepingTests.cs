using System.Buffers.Binary;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class HousekeepingTests
{
    [Fact]
    public async Task Idempotency_marks_go_when_their_day_is_over_however_many_there_are()
    {
        const int Marks = 2_500;
        await using var running = await RunningMemory.StartAsync();
        var start = running.Clock.GetUtcNow();
        var marks = Enumerable.Range(0, Marks).Select(i =>
        {
            var key = new byte[32];
            BinaryPrimitives.WriteInt32LittleEndian(key, i);
            return new IdempotencyMark("acme", key, new byte[32], start.AddHours(24));
        }).ToArray();
        var id = RecordId.Of(running.Store.Secret.Span, running.Notes.Id, "none");
        await running.Store.CommitAsync([.. marks.Select(mark => new WriteGroup([new DeleteOperation(running.Notes, "none", id, Precondition.None)], mark))], default);
        Assert.NotNull(await running.Store.FindReplayAsync(marks[^1], start, default));

        running.Clock.Advance(TimeSpan.FromHours(25));

        // One round of the background must be enough; the clock moves no further, so no other comes.
        var left = marks.ToList();
        for (var patience = 0; left.Count > 0 && patience < 200; patience++)
        {
            await Task.Delay(25);
            while (left.Count > 0 && await running.Store.FindReplayAsync(left[^1], start, default) is null)
            {
                left.RemoveAt(left.Count - 1);
            }
        }

        Assert.Empty(left);
    }
}
