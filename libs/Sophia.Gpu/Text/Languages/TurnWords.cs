using System.Collections.Frozen;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Text;

/// <summary>
/// The words of a language by which a turn shows its <see cref="TurnTraits"/>, and those by which a question shows what it asks for;
/// as the word reader gives them, in lower case and without apostrophes. Only those of English were measured (bench/run.sh quality).
/// </summary>
internal sealed class TurnWords
{
    private const int ShortestWithEnding = 5;

    private readonly FrozenDictionary<string, TurnTraits>.AlternateLookup<ReadOnlySpan<char>> _said;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _beforePlaces;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _articles;
    private readonly FrozenDictionary<string, TurnTraits> _asked;
    private readonly FrozenSet<string> _asking;
    private readonly string[] _pastEndings;

    private TurnWords(
        string self, string past, string pastEndings, string times, string numbers, string beforePlaces, string articles,
        string when, string howMany, string where, string asking)
    {
        _said = FrozenDictionary.ToFrozenDictionary(
                Pairs((self, TurnTraits.OfSelf), (past, TurnTraits.OfPast), (times, TurnTraits.NamesTime), (numbers, TurnTraits.NamesNumber)), StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        _asked = FrozenDictionary.ToFrozenDictionary(
            Pairs((when, TurnTraits.NamesTime), (howMany, TurnTraits.NamesNumber), (where, TurnTraits.NamesPlace)), StringComparer.Ordinal);
        _beforePlaces = Set(beforePlaces).GetAlternateLookup<ReadOnlySpan<char>>();
        _articles = Set(articles).GetAlternateLookup<ReadOnlySpan<char>>();
        _asking = Set(asking);
        _pastEndings = pastEndings.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    public static TurnWords English { get; } = new(
        self: "i im ive my me mine myself we weve our ours us ourselves",
        past: "was were been had went did got made took saw said told came met gave found bought thought began left felt kept won lost wrote read ate ran",
        pastEndings: "ed",
        times: "yesterday today tomorrow tonight last next ago soon recently morning week weeks weekend month months year years days " +
            "monday tuesday wednesday thursday friday saturday sunday " +
            "january february march april may june july august september october november december",
        numbers: "one two three four five six seven eight nine ten eleven twelve once twice few couple several dozen hundred thousand",
        beforePlaces: "in at to from near around", articles: "the my a",
        when: "when what_date what_day what_month what_year what_time which_date which_day which_month which_year since_when long_ago",
        howMany: "how_many how_much how_long how_old how_often how_far",
        where: "where what_city what_country what_state what_town what_place which_city which_cities which_country which_countries which_state which_states which_town which_place which_places what_countries what_cities what_places",
        asking: "ask asks asked asking question questions");

    public static TurnWords German { get; } = new(
        self: "ich mich mir mein meine meinem meinen meiner meines wir uns unser unsere unserem unseren unserer unseres",
        past: "war waren warst hatte hatten wurde wurden gewesen ging gingen kam kamen gab fand sah sagte machte",
        pastEndings: "",
        times: "gestern heute morgen vorgestern übermorgen letzte letzten letztes letzter nächste nächsten nächstes nächster bald kürzlich woche wochen wochenende monat monate monaten jahr jahre jahren tagen " +
            "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag " +
            "januar jänner februar märz april mai juni juli august september oktober november dezember",
        numbers: "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf einmal zweimal dreimal paar mehrere dutzend hundert tausend",
        beforePlaces: "in im nach aus bei am", articles: "der dem den",
        when: "wann seit_wann welchem_tag welchem_monat welchem_jahr welchen_tag welches_jahr welches_datum",
        howMany: "wie_viele wie_viel wieviel wieviele wie_lange wie_alt wie_oft wie_weit",
        where: "wo wohin woher welche_stadt welcher_stadt welches_land welchem_land welcher_ort welchem_ort",
        asking: "frage fragen fragt fragte gefragt");

    public static TurnWords French { get; } = new(
        self: "je j me m moi mon ma mes mien mienne miens miennes nous notre nos",
        past: "étais était étions étaient avais avait avions avaient fut fus furent eu été fait allé allée dit vu pris",
        pastEndings: "é ée és ées",
        times: "hier demain aujourdhui avant-hier bientôt récemment prochain prochaine dernier dernière semaine semaines mois an ans année années jours matin soir " +
            "lundi mardi mercredi jeudi vendredi samedi dimanche " +
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        numbers: "deux trois quatre cinq six sept huit neuf dix onze douze plusieurs quelques douzaine cent mille",
        beforePlaces: "à au aux en dans chez vers", articles: "la le les l",
        when: "quand depuis_quand quel_jour quelle_date quel_mois quelle_année quelle_heure",
        howMany: "combien quel_âge",
        where: "où quelle_ville quel_pays quel_endroit quelle_région",
        asking: "demande demander demandé demandait question questions");

    public static TurnWords Spanish { get; } = new(
        self: "yo me mi mis mí mío mía míos mías conmigo nosotros nosotras nos nuestro nuestra nuestros nuestras soy estoy tengo voy quiero creo fui somos estamos vamos tenemos",
        past: "fue fueron era eran estaba estaban había habían hizo fui tuve estuve hice dije vi",
        pastEndings: "ó é aron ieron aba aban ía ían",
        times: "ayer hoy mañana anoche pronto recientemente próximo próxima pasado pasada semana semanas mes meses año años días " +
            "lunes martes miércoles jueves viernes sábado domingo " +
            "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre",
        numbers: "dos tres cuatro cinco seis siete ocho nueve diez once doce varios varias docena cien mil",
        beforePlaces: "en a desde hacia", articles: "la el los las",
        when: "cuándo cuando desde_cuándo qué_día qué_fecha qué_mes qué_año qué_hora",
        howMany: "cuánto cuánta cuántos cuántas qué_edad",
        where: "dónde adónde donde qué_ciudad qué_país qué_lugar",
        asking: "pregunta preguntas preguntó preguntar preguntaba");

    /// <summary>What the word alone shows.</summary>
    public TurnTraits TraitsOf(ReadOnlySpan<char> word)
    {
        if (char.IsAsciiDigit(word[0]))
        {
            return word is ['1', '9', >= '0' and <= '9', >= '0' and <= '9'] or ['2', '0', >= '0' and <= '9', >= '0' and <= '9']
                ? TurnTraits.NamesNumber | TurnTraits.NamesTime : TurnTraits.NamesNumber;
        }

        return _said.TryGetValue(word, out var traits) ? traits : HasPastEnding(word) ? TurnTraits.OfPast : TurnTraits.None;
    }

    /// <summary>Behind it a word with a capital is a place, as a rule.</summary>
    public bool StandsBeforePlaces(ReadOnlySpan<char> word) => _beforePlaces.Contains(word);

    public bool IsArticle(ReadOnlySpan<char> word) => _articles.Contains(word);

    /// <summary>What is asked for by a word at the beginning of a question, or by two words of one wherever they stand.</summary>
    public TurnTraits AskedBy(string word) => _asked.GetValueOrDefault(word);

    /// <summary>A query with such a word is after what was asked.</summary>
    public bool SpeaksOfAsking(string word) => _asking.Contains(word);

    private bool HasPastEnding(ReadOnlySpan<char> word)
    {
        if (word.Length < ShortestWithEnding)
        {
            return false;
        }

        foreach (var ending in _pastEndings)
        {
            if (word.EndsWith(ending, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static Dictionary<string, TurnTraits> Pairs(params ReadOnlySpan<(string Words, TurnTraits Trait)> lists)
    {
        var pairs = new Dictionary<string, TurnTraits>(StringComparer.Ordinal);
        foreach (var (words, trait) in lists)
        {
            foreach (var word in words.Split(' '))
            {
                pairs[word] = pairs.GetValueOrDefault(word) | trait;
            }
        }

        return pairs;
    }
}
