namespace Sophia.Gpu.Text;

// What the steps look for, longest first.
internal static partial class FrenchStemmer
{
    private static readonly string[] Derivations =
    [
        "issements", "issement", "atrices", "amment", "ateurs", "ations", "atrice", "ements", "emment", "logies", "usions",
        "utions", "ables", "ances", "ateur", "ation", "ement", "ences", "euses", "iqUes", "ismes", "istes", "logie", "ments",
        "usion", "ution", "able", "ance", "eaux", "ence", "euse", "iqUe", "isme", "iste", "ités", "ives", "ment", "aux", "eux",
        "ifs", "ité", "ive", "if"
    ];

    private static readonly string[] BeforeEment =
    [
        "Ièr", "abl", "eus", "iqU", "ièr", "iv"
    ];

    private static readonly string[] IVerbs =
    [
        "issaIent", "issantes", "iraIent", "issante", "issants", "issions", "irions", "issais", "issait", "issant", "issent",
        "issiez", "issons", "irais", "irait", "irent", "iriez", "irons", "iront", "isses", "issez", "irai", "iras", "irez",
        "isse", "îmes", "îtes", "ies", "ira", "ie", "ir", "is", "it", "ît", "i"
    ];

    private static readonly string[] Verbs =
    [
        "assions", "eraIent", "assent", "assiez", "erions", "aIent", "antes", "asses", "erais", "erait", "eriez", "erons",
        "eront", "èrent", "ante", "ants", "asse", "erai", "eras", "erez", "ions", "âmes", "âtes", "ais", "ait", "ant", "era",
        "iez", "ées", "ai", "as", "er", "ez", "ât", "ée", "és", "a", "é"
    ];

    private static readonly string[] Rests =
    [
        "Ière", "ière", "Ier", "ier", "ion", "e"
    ];

    private static readonly string[] Doubled =
    [
        "eill", "ell", "enn", "ett", "onn"
    ];
}
