using System.Buffers;

namespace Sophia.Gpu.Text;

/// <summary>
/// The English stemmer of Snowball ("Porter2"), with the exceptions of its third edition. It works in place, on
/// lower-case words without apostrophes (the word reader takes those off).
/// <list type="number">
/// <item>Mark each y that is a consonant (first letter, or after a vowel) as Y.</item>
/// <item>R1 is what follows the first consonant after a vowel, R2 the same within R1.</item>
/// <item>Steps 1a–5 take the longest suffix that each knows, if it lies in the region that the step asks for.</item>
/// </list>
/// Source: https://snowballstem.org/algorithms/english/stemmer.html.
/// </summary>
internal static partial class EnglishStemmer
{
    private static readonly SearchValues<char> Vowels = SearchValues.Create("aeiouy");

    /// <summary>Stems the first <paramref name="length"/> letters of the buffer in place; returns the stem's length, never more.</summary>
    public static int Stem(Span<char> buffer, int length)
    {
        if (length < 3 || TryException(buffer, ref length))
        {
            return length;
        }

        var word = new Stemming(buffer, length);
        word.MarkConsonantY();
        word.MarkRegions();
        word.TakePlural();
        word.TakePastAndProgressive();
        word.TurnFinalY();
        word.ReplaceInR1(Step2);
        word.ReplaceInR1(Step3);
        word.DeleteInR2();
        word.TakeFinalEOrL();
        word.UnmarkY();
        return word.Length;
    }

    private static bool TryException(Span<char> buffer, ref int length)
    {
        var word = buffer[..length];
        if (length > 6)
        {
            return false;
        }

        foreach (var (form, stem) in Exceptions)
        {
            if (word.SequenceEqual(form))
            {
                stem.CopyTo(buffer);
                length = stem.Length;
                return true;
            }
        }

        return false;
    }

    private ref struct Stemming(Span<char> letters, int length)
    {
        private readonly Span<char> _letters = letters;
        private int _r1;
        private int _r2;

        public int Length { get; private set; } = length;

        private readonly Span<char> Word => _letters[..Length];

        public readonly void MarkConsonantY()
        {
            var afterVowel = true;
            foreach (ref var letter in Word)
            {
                if (letter == 'y' && afterVowel)
                {
                    letter = 'Y';
                }

                afterVowel = IsVowel(letter);
            }
        }

        public readonly void UnmarkY() => Word.Replace('Y', 'y');

        public void MarkRegions()
        {
            _r1 = FixedR1(Word);
            _r1 = _r1 > 0 ? _r1 : AfterSyllable(0);
            _r2 = AfterSyllable(_r1);
        }

        private readonly int AfterSyllable(int from)
        {
            while (from < Length && !IsVowel(_letters[from]))
            {
                from++;
            }

            while (from < Length && IsVowel(_letters[from]))
            {
                from++;
            }

            return from < Length ? from + 1 : Length;
        }

        private static int FixedR1(ReadOnlySpan<char> word)
        {
            foreach (var prefix in PrefixesBeforeR1)
            {
                if (word.StartsWith(prefix))
                {
                    return prefix.Length;
                }
            }

            return 0;
        }

        /// <summary>Step 1a.</summary>
        public void TakePlural()
        {
            if (_letters[Length - 1] == 's')
            {
                if (Word.EndsWith("sses"))
                {
                    Length -= 2;
                }
                else if (Word.EndsWith("ies"))
                {
                    Length -= Length > 4 ? 2 : 1;
                }
                else if (!Word.EndsWith("us") && !Word.EndsWith("ss") && HasVowel(_letters[..(Length - 2)]))
                {
                    Length--;
                }
            }
            else if (Word.EndsWith("ied"))
            {
                Length -= Length > 4 ? 2 : 1;
            }
        }

        /// <summary>Step 1b.</summary>
        public void TakePastAndProgressive()
        {
            var suffix = Word.EndsWith("ingly") ? 5
                : Word.EndsWith("eedly") ? -5
                : Word.EndsWith("edly") ? 4
                : Word.EndsWith("eed") ? -3
                : Word.EndsWith("ing") ? 3
                : Word.EndsWith("ed") ? 2 : 0;
            if (suffix < 0)
            {
                var before = Length + suffix;
                if (!IsOneOf(_letters[..before], BeforeEed) && before >= _r1)
                {
                    Length = before + 2;
                }

                return;
            }

            if (suffix == 0 || (suffix == 3 && TryKeepOrTurnIng()) || !HasVowel(_letters[..(Length - suffix)]))
            {
                return;
            }

            Length -= suffix;
            RestoreEnding();
        }

        private bool TryKeepOrTurnIng()
        {
            var before = _letters[..(Length - 3)];
            if (before.Length == 2 && before[1] == 'y' && !IsVowel(before[0]))
            {
                "ie".CopyTo(_letters[1..]);
                Length = 3;
                return true;
            }

            return IsOneOf(before, BeforeKeptIng);
        }

        private void RestoreEnding()
        {
            if (Word.EndsWith("at") || Word.EndsWith("bl") || Word.EndsWith("iz"))
            {
                _letters[Length++] = 'e';
            }
            else if (Length >= 2 && _letters[Length - 1] == _letters[Length - 2] && "bdfgmnprt".Contains(_letters[Length - 1]))
            {
                // add, egg, off: the double letter is the word's own.
                Length -= Length == 3 && _letters[0] is 'a' or 'e' or 'o' ? 0 : 1;
            }
            else if (Length == _r1 && EndsInShortSyllable(Word))
            {
                _letters[Length++] = 'e';
            }
        }

        /// <summary>Step 1c.</summary>
        public readonly void TurnFinalY()
        {
            if (Length > 2 && _letters[Length - 1] is 'y' or 'Y' && !IsVowel(_letters[Length - 2]))
            {
                _letters[Length - 1] = 'i';
            }
        }

        /// <summary>Steps 2 and 3: the longest suffix of the table is replaced if it lies in R1 and its condition holds.</summary>
        public void ReplaceInR1(ReadOnlySpan<Suffix> table)
        {
            foreach (ref readonly var suffix in table)
            {
                if (!Word.EndsWith(suffix.Ending))
                {
                    continue;
                }

                var start = Length - suffix.Ending.Length;
                var region = suffix.InR2 ? Math.Max(_r1, _r2) : _r1;
                if (start >= region && (suffix.After is null || (start > 0 && suffix.After.Contains(_letters[start - 1]))))
                {
                    suffix.Replacement.CopyTo(_letters[start..]);
                    Length = start + suffix.Replacement.Length;
                }

                return;
            }
        }

        /// <summary>Step 4.</summary>
        public void DeleteInR2()
        {
            foreach (var ending in Step4)
            {
                if (!Word.EndsWith(ending))
                {
                    continue;
                }

                var start = Length - ending.Length;
                if (start >= _r2 && (ending != "ion" || (start > 0 && _letters[start - 1] is 's' or 't')))
                {
                    Length = start;
                }

                return;
            }
        }

        /// <summary>Step 5.</summary>
        public void TakeFinalEOrL()
        {
            var start = Length - 1;
            if (_letters[start] == 'e')
            {
                if (start >= _r2 || (start >= _r1 && !EndsInShortSyllable(_letters[..start])))
                {
                    Length--;
                }
            }
            else if (_letters[start] == 'l' && start >= _r2 && start > 0 && _letters[start - 1] == 'l')
            {
                Length--;
            }
        }

        private static bool EndsInShortSyllable(ReadOnlySpan<char> word) =>
            word.Length == 2 ? IsVowel(word[0]) && !IsVowel(word[1])
            : word.Length > 2 &&
              ((!IsVowel(word[^3]) && IsVowel(word[^2]) && !IsVowel(word[^1]) && word[^1] is not ('w' or 'x' or 'Y')) ||
               word.EndsWith("past"));

        private static bool IsVowel(char letter) => letter is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';

        private static bool HasVowel(ReadOnlySpan<char> word) => word.ContainsAny(Vowels);

        private static bool IsOneOf(ReadOnlySpan<char> word, string[] candidates)
        {
            foreach (var candidate in candidates)
            {
                if (word.SequenceEqual(candidate))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
