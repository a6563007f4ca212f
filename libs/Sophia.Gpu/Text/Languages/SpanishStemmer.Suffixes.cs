namespace Sophia.Gpu.Text;

// What the steps look for, longest first.
internal static partial class SpanishStemmer
{
    private static readonly string[] Pronouns =
    [
        "selas", "selos", "sela", "selo", "las", "les", "los", "nos", "la", "le", "lo", "me", "se"
    ];

    private static readonly string[] BeforePronoun =
    [
        "iendo", "iéndo", "yendo", "ando", "ándo", "ar", "er", "ir", "ár", "ér", "ír"
    ];

    private static readonly string[] Derivations =
    [
        "amientos", "imientos", "aciones", "amiento", "imiento", "uciones", "adoras", "adores", "amente", "ancias", "encias",
        "idades", "logías", "ables", "acion", "ación", "adora", "ancia", "antes", "anzas", "encia", "ibles", "ismos", "istas",
        "logía", "mente", "ucion", "ución", "able", "ador", "ante", "anza", "ible", "icas", "icos", "idad", "ismo", "ista",
        "ivas", "ivos", "osas", "osos", "ica", "ico", "iva", "ivo", "osa", "oso"
    ];

    private static readonly string[] YVerbs =
    [
        "yamos", "yendo", "yeron", "yais", "yan", "yas", "yen", "yes", "ya", "ye", "yo", "yó"
    ];

    private static readonly string[] Verbs =
    [
        "aríamos", "eríamos", "iríamos", "iéramos", "iésemos", "aremos", "aríais", "asteis", "eremos", "eríais", "ierais",
        "ieseis", "iremos", "iríais", "isteis", "ábamos", "áramos", "ásemos", "abais", "arais", "aréis", "arían", "arías",
        "aseis", "eréis", "erían", "erías", "iendo", "ieran", "ieras", "ieron", "iesen", "ieses", "iréis", "irían", "irías",
        "íamos", "aban", "abas", "adas", "ados", "amos", "ando", "aran", "aras", "aron", "arán", "arás", "aría", "asen", "ases",
        "aste", "emos", "erán", "erás", "ería", "idas", "idos", "iera", "iese", "imos", "irán", "irás", "iría", "iste", "íais",
        "aba", "ada", "ado", "ara", "ará", "aré", "ase", "erá", "eré", "ida", "ido", "irá", "iré", "áis", "éis", "ían", "ías",
        "ad", "an", "ar", "as", "ed", "en", "er", "es", "id", "ir", "ió", "ía", "ís"
    ];

    private static readonly string[] Rests =
    [
        "os", "a", "e", "o", "á", "é", "í", "ó"
    ];
}
