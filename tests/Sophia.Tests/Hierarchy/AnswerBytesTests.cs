using Sophia.Memory.Hierarchy;

namespace Sophia.Tests.Hierarchy;

public sealed class AnswerBytesTests
{
    [Fact]
    public void One_part_is_never_refused_and_any_beside_it_is()
    {
        var bytes = new AnswerBytes("The parts", "Ask for fewer.");

        bytes.Add(AnswerBytes.Most + 1);

        Assert.Equal("too-large", Assert.Throws<RefusedException>(() => bytes.Add(0)).Code);
    }

    [Fact]
    public void A_part_that_stands_there_twice_is_two()
    {
        Assert.Equal("too-large", Assert.Throws<RefusedException>(() => new AnswerBytes("The parts", "Ask for fewer.").Add((AnswerBytes.Most / 2) + 1, times: 2)).Code);
        new AnswerBytes("The parts", "Ask for fewer.").Add(AnswerBytes.Most / 2, times: 2);
    }
}
