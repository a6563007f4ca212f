namespace Sophia.Gpu.Text;

/// <summary>
/// Letters that are one character with their mark: Unicode's canonical compositions up to U+1EFF, lower case, of the Latin,
/// Greek and Cyrillic scripts. A letter with two marks is made of one with the first.
/// </summary>
internal static class Compositions
{
    // By mark: a letter, and what it is with the mark.
    private static readonly (char Mark, string Letters)[] Rows =
    [
        ('\u0300', "aàeèiìoòuùüǜnǹеѐиѝēḕōṑwẁâầăằêềôồơờưừyỳ"),
        ('\u0301', "aáeéiíoóuúyýcćlĺnńrŕsśzźüǘgǵåǻæǽøǿϊΐαάεέηήιίϋΰοόυύωώгѓкќçḉēḗïḯkḱmḿõṍōṓpṕũṹwẃâấăắêếôốơớưứ"),
        ('\u0302', "aâeêiîoôuûcĉgĝhĥjĵsŝwŵyŷzẑạậẹệọộ"),
        ('\u0303', "aãnñoõiĩuũvṽâẫăẵeẽêễôỗơỡưữyỹ"),
        ('\u0304', "aāeēiīoōuūüǖäǟȧǡæǣǫǭöȫõȭȯȱyȳиӣуӯgḡḷḹṛṝ"),
        ('\u0306', "aăeĕgğiĭoŏuŭийуўжӂаӑеӗȩḝạặ"),
        ('\u0307', "cċeėgġzżaȧoȯbḃdḋfḟhḣmṁnṅpṗrṙsṡśṥšṧṣṩtṫwẇxẋyẏſẛ"),
        ('\u0308', "aäeëiïoöuüyÿιϊυϋеёіїаӓәӛжӝзӟиӥоӧөӫэӭуӱчӵыӹhḧõṏūṻwẅxẍtẗ"),
        ('\u0309', "aảâẩăẳeẻêểiỉoỏôổơởuủưửyỷ"),
        ('\u030a', "aåuůwẘyẙ"),
        ('\u030b', "oőuűуӳ"),
        ('\u030c', "cčdďeělľnňrřsštťzžaǎiǐoǒuǔüǚgǧkǩʒǯjǰhȟ"),
        ('\u030f', "aȁeȅiȉoȍrȑuȕѵѷ"),
        ('\u0311', "aȃeȇiȋoȏrȓuȗ"),
        ('\u031b', "oơuư"),
        ('\u0323', "bḅdḍhḥkḳlḷmṃnṇrṛsṣtṭvṿwẉzẓaạeẹiịoọơợuụưựyỵ"),
        ('\u0324', "uṳ"),
        ('\u0325', "aḁ"),
        ('\u0326', "sștț"),
        ('\u0327', "cçgģkķlļnņrŗsştţeȩdḑhḩ"),
        ('\u0328', "aąeęiįuųoǫ"),
        ('\u032d', "dḓeḙlḽnṋtṱuṷ"),
        ('\u032e', "hḫ"),
        ('\u0330', "eḛiḭuṵ"),
        ('\u0331', "bḇdḏkḵlḻnṉrṟtṯzẕhẖ"),
    ];

    // Letters whose mark is a stroke have no other form.
    private const string Stroked = "oødđhħlłtŧ";

    private static readonly Dictionary<(char Letter, char Mark), char> Composed =
        Rows.SelectMany(static row => row.Letters.Chunk(2).Select(pair => ((pair[0], row.Mark), pair[1]))).ToDictionary();

    private static readonly Dictionary<char, char> Bases =
        Rows.Select(static row => row.Letters).Append(Stroked).SelectMany(static letters => letters.Chunk(2)).ToDictionary(static pair => pair[1], static pair => pair[0]);

    public static bool TryCompose(char letter, char mark, out char composed) => Composed.TryGetValue((letter, mark), out composed);

    /// <summary>The letter without all of its marks if that is ASCII, else the letter.</summary>
    public static char BareOf(char letter)
    {
        var bare = letter;
        while (Bases.TryGetValue(bare, out var under))
        {
            bare = under;
        }

        return bare < 128 ? bare : letter;
    }
}
