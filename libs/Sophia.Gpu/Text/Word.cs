namespace Sophia.Gpu.Text;

/// <summary>A word as it was read, and the term that it stands for. Immutable: threads share them through the cache.</summary>
/// <param name="Raw">Lower case, as in the text.</param>
/// <param name="Term">The stem; the same string as <paramref name="Raw"/> where stemming changes nothing.</param>
/// <param name="TermHash">A hash of the term that is the same on every machine and in every process.</param>
internal sealed record Word(string Raw, string Term, ulong TermHash, bool IsStopWord);
