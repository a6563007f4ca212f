using System.Reflection;
using CsCheck;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;
using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

public class LexicalIndexTests
{
    /// <summary>Few words in an order of their own, each of which others have too.</summary>
    [Fact]
    public void The_order_of_a_removed_text_is_nowhere_in_the_forward_lists()
    {
        var index = new LexicalIndex();
        var read = new List<Word>();
        TextAnalyzer.Plain.Analyze("alpha beta gamma delta", read);
        index.Add(0, read);
        read.Clear();
        TextAnalyzer.Plain.Analyze("delta beta alpha gamma beta", read);
        var forgotten = index.Add(1, read);
        byte[] order = [3, 1, 0, 2, 1], kept = [0, 1, 2, 3];
        Assert.True(HasInOrder(index, order) && HasInOrder(index, kept), "Terms have other numbers.");

        index.Remove(forgotten);

        Assert.False(HasInOrder(index, order));
        Assert.True(HasInOrder(index, kept));
        Assert.Equal(1, index.DocumentsWith("beta"));
    }

    // Nothing that searches leads there any more.
    private static bool HasInOrder(LexicalIndex index, byte[] terms) =>
        ((ForwardLists)typeof(LexicalIndex).GetField("_forward", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(index)!).From(0).IndexOf(terms) >= 0;

    [Fact]
    public void The_best_are_found_without_reading_every_posting_and_they_are_the_best() =>
        Gen.Select(Gen.Int, Gen.Int[1, 6_000], Gen.Int[1, 40], Gen.Bool).Sample(
            (seed, size, k, filters) =>
            {
                var random = new Random(seed);
                // Whole, and in parts, as it is divided among processors.
                var index = random.Next(2) == 0 ? new LexicalIndex() : new LexicalIndex { PostingsAPart = random.Next(1, 2_000) };
                var documents = new int[size];
                for (var row = 0; row < size; row++)
                {
                    documents[row] = index.Add(row, Words(random, random.Next(1, 25)));
                }

                for (var row = 0; row < size; row++)
                {
                    if (random.Next(5) == 0)
                    {
                        index.Remove(documents[row]);
                        documents[row] = -1;
                    }
                }

                RowSet? rows = filters ? new RowSet(size) : null;
                for (var row = 0; row < size && filters; row += random.Next(1, 30))
                {
                    rows!.Add(row);
                }

                Compare();
                index.Invert();
                var compacted = index.Compacted(documents);
                Compare();
                index.Become(compacted, documents);
                Compare();

                void Compare()
                {
                    for (var round = 0; round < 5; round++)
                    {
                        var query = new LexicalQuery(TextAnalyzer.Plain, string.Join(' ', Words(random, random.Next(1, 5)).Select(word => word.Raw)));
                        var expected = Enumerable.Range(0, size).Where(row => documents[row] >= 0 && rows?.Contains(row) != false)
                            .Select(row => (Row: row, Score: index.Score(query, documents[row], out _)))
                            .Where(hit => hit.Score > 0).OrderByDescending(hit => hit.Score).Take(k).ToList();
                        var top = new TopRows(k, new ChunkedRows<string?>(new string?[size]));
                        index.Search(query, rows, documents, top, default);

                        // Of documents with equal scores any may be kept: scores are compared, not rows.
                        var found = top.Rows.ToArray().Select(row => index.Score(query, documents[row], out _)).OrderDescending().ToList();
                        Assert.Equal(expected.Count, found.Count);
                        Assert.Equal(found.Count, top.Rows.ToArray().Distinct().Count());
                        for (var i = 0; i < found.Count; i++)
                        {
                            Assert.Equal(expected[i].Score, found[i], 1e-9);
                        }
                    }
                }
            },
            iter: 24);

    [Fact]
    public void Terms_keep_their_numbers_whatever_else_comes_and_goes() => Gen.Int.List[0, 400].Sample(steps =>
    {
        var table = new TermTable();
        var truth = new Dictionary<string, int>();
        foreach (var step in steps)
        {
            var term = $"t{step & 63}";
            if (step < 0 && truth.Remove(term, out var number))
            {
                table.Remove(number);
            }
            else if (step >= 0)
            {
                number = table.NumberOf(new Word(term, term, isStopWord: false));
                Assert.Equal(truth.TryGetValue(term, out var known) ? known : number, number);
                truth[term] = number;
            }
        }

        Assert.Equal(truth.Count, table.Count);
        Assert.Equal(truth.Count, truth.Values.Distinct().Count());
        for (var i = 0; i < 64; i++)
        {
            Assert.Equal(truth.GetValueOrDefault($"t{i}", -1), table.Find($"t{i}"));
        }
    });

    [Fact]
    public void Posting_lists_that_grow_in_turns_give_back_what_was_put_in() =>
        Gen.Select(Gen.Int[0, 5], Gen.OneOf(Gen.Int[1, 100], Gen.Int[1, 1 << 14]), Gen.OneOf(Gen.Const(1), Gen.Int[1, 300])).Array[0, 1_200].Sample(steps =>
        {
            var slabs = new PostingSlabs();
            var lists = new PostingList[6];
            var expected = Array.ConvertAll(lists, _ => new List<(int Document, int Count)>());
            var document = -1;
            var lengths = new int[steps.Sum(step => step.Item2) + 1];
            foreach (var (list, distance, count) in steps)
            {
                document += distance;
                lists[list].Append(document, count, lengths, slabs);
                expected[list].Add((document, count));
                if (list == 5 && count > 200)
                {
                    // Its room is the next one's.
                    lists[5].Free(slabs);
                    (lists[5], expected[5]) = (new PostingList(), []);
                }
            }

            for (var list = 0; list < lists.Length; list++)
            {
                var read = new List<(int, int)>();
                var reader = new PostingList.Reader(lists[list].Bytes(slabs));
                while (reader.Next())
                {
                    read.Add((reader.Document, reader.Count));
                }

                Assert.Equal(expected[list], read);
                Assert.Equal(expected[list].Count, lists[list].Count);
                var blocks = expected[list].Count < PostingBlocks.Size ? (int?)null : (expected[list].Count + PostingBlocks.Size - 1) / PostingBlocks.Size;
                Assert.Equal(blocks, lists[list].Blocks?.All.Length);
            }
        }, iter: 300);

    /// <summary>Words of which few are common and many are rare.</summary>
    private static List<Word> Words(Random random, int count)
    {
        var words = new List<Word>();
        for (var i = 0; i < count; i++)
        {
            TextAnalyzer.Plain.Analyze($"w{(int)(300 * Math.Pow(random.NextDouble(), 3))}", words);
        }

        return words;
    }
}
