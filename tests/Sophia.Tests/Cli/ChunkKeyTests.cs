using CsCheck;
using Sophia.Cli.Import;

namespace Sophia.Tests.Cli;

public sealed class ChunkKeyTests
{
    [Fact]
    public void Keys_fit_the_service_and_say_their_position() =>
        Gen.Select(Gen.Char.Where(c => !char.IsSurrogate(c)).Array[1, 700].Select(c => new string(c)), Gen.Int[0, 2_000_000]).Sample((path, position) =>
        {
            var stem = ChunkKey.Stem("", path);
            var key = ChunkKey.For(stem, position);
            Assert.InRange(key.Length, 1, 512);
            Assert.DoesNotContain(key, char.IsControl);
            Assert.Equal(position, ChunkKey.PositionIn(key, stem));
        });

    [Fact]
    public void Long_paths_that_differ_at_the_end_have_different_keys() =>
        Assert.NotEqual(ChunkKey.Stem("", new string('a', 600) + "1"), ChunkKey.Stem("", new string('a', 600) + "2"));

    [Fact]
    public void A_chunk_of_a_file_whose_name_looks_like_a_chunk_is_not_taken_for_one()
    {
        Assert.Null(ChunkKey.PositionIn("a#0001#0000", "a"));
        Assert.Null(ChunkKey.PositionIn("ab#0001", "a"));
        Assert.Equal(1, ChunkKey.PositionIn("a#0001", "a"));
    }
}
