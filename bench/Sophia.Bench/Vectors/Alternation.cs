using Sophia.Bench.Reporting;

namespace Sophia.Bench.Vectors;

/// <summary>
/// What is compared runs in turns, forwards and backwards, so that what disturbs the machine disturbs all alike; times are
/// medians over the rounds, and ratios are taken within each round.
/// </summary>
internal sealed class Alternation
{
    private readonly double[][] _seconds;

    /// <param name="turns">Each returns the seconds that its work took.</param>
    public Alternation(int rounds, int warmUps, params Func<double>[] turns)
    {
        _seconds = [.. turns.Select(_ => new double[rounds])];
        for (var round = -warmUps; round < rounds; round++)
        {
            for (var i = 0; i < turns.Length; i++)
            {
                var turn = round % 2 == 0 ? i : turns.Length - 1 - i;
                var seconds = turns[turn]();
                if (round >= 0)
                {
                    _seconds[turn][round] = seconds;
                }
            }
        }
    }

    public double Seconds(int turn) => Statistics.Median(_seconds[turn]);

    /// <summary>How many times as fast one is as another.</summary>
    public double Speed(int turn, int other) => Statistics.Median(_seconds[turn].Zip(_seconds[other], (own, others) => others / own));
}
