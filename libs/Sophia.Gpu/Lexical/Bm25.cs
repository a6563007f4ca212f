namespace Sophia.Gpu.Lexical;

/// <summary>
/// The score of a document for a query: over the query's terms, idf times a count that saturates and is measured
/// against the document's length. Source: Robertson, Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
/// 2009; idf with 1 added inside the logarithm, so that it is never negative.
/// </summary>
internal readonly struct Bm25
{
    public const double K1 = 1.2;
    public const double B = 0.75;

    private readonly double _base;
    private readonly double _perWord;
    private readonly int _documents;

    /// <param name="documents">Living documents, with and without words.</param>
    /// <param name="words">Of all of them together.</param>
    /// <param name="b">How much a document's length counts against it, 0–1.</param>
    public Bm25(int documents, long words, double b = B)
    {
        _documents = documents;
        _base = K1 * (1 - b);
        _perWord = words == 0 ? 0 : K1 * b * documents / words;
    }

    public double Idf(int documentsWithTerm) => Math.Log(1 + ((_documents - documentsWithTerm + 0.5) / (documentsWithTerm + 0.5)));

    /// <summary>What no count and no length can exceed.</summary>
    public static double Most(double idf) => idf * (K1 + 1);

    public double Score(double idf, int count, int documentLength) =>
        idf * count * (K1 + 1) / (count + _base + (_perWord * documentLength));
}
