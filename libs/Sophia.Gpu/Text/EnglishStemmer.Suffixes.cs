namespace Sophia.Gpu.Text;

// What the steps look for, longest first where one ending is part of another.
internal static partial class EnglishStemmer
{
    private static readonly (string Form, string Stem)[] Exceptions =
    [
        ("skis", "ski"), ("skies", "sky"),
        ("idly", "idl"), ("gently", "gentl"), ("ugly", "ugli"), ("early", "earli"), ("only", "onli"), ("singly", "singl"),
        ("sky", "sky"), ("news", "news"), ("howe", "howe"),
        ("atlas", "atlas"), ("cosmos", "cosmos"), ("bias", "bias"), ("andes", "andes"),
    ];

    private static readonly string[] PrefixesBeforeR1 =
        ["gener", "commun", "arsen", "past", "univers", "later", "emerg", "organ", "inter"];

    private static readonly string[] BeforeEed = ["proc", "exc", "succ"];

    private static readonly string[] BeforeKeptIng = ["inn", "out", "cann", "herr", "earr", "even"];

    private static readonly Suffix[] Step2 =
    [
        new("ational", "ate"), new("fulness", "ful"), new("iveness", "ive"), new("ization", "ize"), new("ousness", "ous"),
        new("biliti", "ble"), new("lessli", "less"), new("tional", "tion"),
        new("alism", "al"), new("aliti", "al"), new("ation", "ate"), new("entli", "ent"), new("fulli", "ful"),
        new("iviti", "ive"), new("ogist", "og"), new("ousli", "ous"),
        new("abli", "able"), new("alli", "al"), new("anci", "ance"), new("ator", "ate"), new("enci", "ence"), new("izer", "ize"),
        new("bli", "ble"), new("ogi", "og", After: "l"),
        new("li", "", After: "cdeghkmnrt"),
    ];

    private static readonly Suffix[] Step3 =
    [
        new("ational", "ate"), new("tional", "tion"), new("alize", "al"), new("ative", "", InR2: true),
        new("icate", "ic"), new("iciti", "ic"), new("ical", "ic"), new("ness", ""), new("ful", ""),
    ];

    private static readonly string[] Step4 =
    [
        "ement", "able", "ance", "ence", "ible", "ment", "ant", "ate", "ent", "ion", "ism", "iti", "ive", "ize", "ous", "al", "er", "ic",
    ];

    /// <param name="After">If set, the letter before the ending must be one of these.</param>
    private readonly record struct Suffix(string Ending, string Replacement, string? After = null, bool InR2 = false);
}
