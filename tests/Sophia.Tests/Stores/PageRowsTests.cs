using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public sealed class PageRowsTests
{
    [Fact]
    public void Pages_of_small_rows_grow_to_the_most_rows()
    {
        var rows = new PageRows(512, 4 << 20);
        var first = rows.Next;
        for (var page = 0; page < 5; page++)
        {
            rows.Took(rows.Next, rows.Next * 600L);
        }

        Assert.InRange(first, 1, 100);
        Assert.Equal(512, rows.Next);
    }

    [Fact]
    public void A_page_has_about_as_many_bytes_as_it_may_whatever_the_size_of_rows()
    {
        for (var size = 1L; size < 1 << 26; size *= 3)
        {
            var rows = new PageRows(2_000, 4 << 20);
            for (var page = 0; page < 10; page++)
            {
                rows.Took(rows.Next, rows.Next * size);
            }

            Assert.True(rows.Next == 1 || rows.Next * size <= 4 << 20, $"{rows.Next} rows of {size} bytes.");
        }
    }

    [Fact]
    public void A_reader_who_may_have_more_than_a_store_hands_over_asks_for_no_more_than_that()
    {
        var rows = new PageRows(2_000, 16 << 20);
        for (var page = 0; page < 10; page++)
        {
            rows.Took(8, 8 << 20);
        }

        Assert.Equal(RowPage.MostBytes, rows.Bytes);
        Assert.InRange(rows.Next, 7, 8);
    }

    [Fact]
    public void An_empty_page_changes_nothing()
    {
        var rows = new PageRows(2_000, 4 << 20);
        var before = rows.Next;

        rows.Took(0, 0);

        Assert.Equal(before, rows.Next);
    }
}
