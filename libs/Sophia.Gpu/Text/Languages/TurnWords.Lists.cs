namespace Sophia.Gpu.Text;

/// <summary>The lists of each language.</summary>
internal sealed partial class TurnWords
{
    public static TurnWords English { get; } = new(
        self: "i im ive my me mine myself we weve our ours us ourselves",
        past: "was were wasnt werent been had hadnt went did didnt got made took saw said told came met gave found bought thought began left felt kept won lost wrote read ate ran",
        pastForms: "-ed", auxiliaries: "",
        times: "yesterday today tomorrow tonight last next ago soon recently morning week weeks weekend month months year years days " +
            "monday tuesday wednesday thursday friday saturday sunday " +
            "january february March april May june july august september october november december",
        numbers: "one two three four five six seven eight nine ten eleven twelve once twice few couple several dozen hundred thousand",
        beforePlaces: "in at to from near around", articles: "the my a",
        when: "when what_date what_day what_month what_year what_time which_date which_day which_month which_year since_when long_ago",
        howMany: "how_many how_much how_long how_old how_often how_far what_time",
        where: "where what_city what_cities what_country what_countries what_state what_town what_place what_places " +
            "which_city which_cities which_country which_countries which_state which_states which_town which_place which_places",
        asking: "ask asks asked asking question questions");

    public static TurnWords German { get; } = new(
        self: "ich mich mir mein meine meinem meinen meiner meines wir uns unser unsere unserem unseren unserer unseres",
        past: "war waren warst hatte hatten wurde wurden ging gingen kam kamen gab fand sah sagte machte",
        pastForms: "ge-t ge-en", auxiliaries: "habe hab hast hat haben habt bin bist ist sind seid",
        times: "gestern vorgestern heute morgen übermorgen letzte letzten letztes letzter nächste nächsten nächstes nächster bald kürzlich " +
            "tag tage tagen woche wochen wochenende monat monate monaten jahr jahre jahren " +
            "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag " +
            "januar jänner februar märz april mai juni juli august september oktober november dezember",
        numbers: "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf einmal zweimal dreimal paar mehrere dutzend hundert tausend",
        beforePlaces: "in im nach aus bei am", articles: "der dem den",
        when: "wann seit_wann welchem_tag welchen_tag welcher_tag welchem_monat welchem_jahr welches_jahr welches_datum",
        howMany: "wieviel wieviele wie_viele wie_viel wie_lange wie_alt wie_oft wie_weit",
        where: "wo wohin woher welche_stadt welcher_stadt welches_land welchem_land welcher_ort welchem_ort",
        asking: "frage fragen fragt fragte gefragt");

    public static TurnWords French { get; } = new(
        self: "je j me moi mon ma mes mien mienne miens miennes nous notre nos",
        past: "étais était étions étaient avais avait avions avaient",
        pastForms: "-é -ée -és -ées", auxiliaries: "ai as a avons avez ont suis es est sommes êtes sont",
        times: "hier demain aujourdhui bientôt récemment prochain prochaine dernier dernière semaine semaines mois an ans année années jour jours matin soir " +
            "lundi mardi mercredi jeudi vendredi samedi dimanche " +
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        numbers: "deux trois quatre cinq six sept huit neuf dix onze douze plusieurs quelques douzaine cent mille",
        beforePlaces: "à au aux en dans chez vers", articles: "la le les l",
        when: "quand depuis_quand quel_jour quelle_date quel_mois quelle_année quelle_annee quelle_heure",
        howMany: "combien quel_âge quel_age quelle_heure",
        where: "où quelle_ville quel_pays quel_endroit quelle_région quelle_region",
        asking: "demande demander demandé demandait question questions");

    public static TurnWords Spanish { get; } = new(
        self: "yo me mi mis mí mío mía míos mías conmigo nosotros nosotras nos nuestro nuestra nuestros nuestras " +
            "soy estoy tengo voy quiero creo somos estamos vamos tenemos fui tuve estuve hice dije vi",
        past: "fue fueron era eran estaba estaban había habían hizo fui tuve estuve hice dije vi",
        pastForms: "-ó -aron -ieron -aba -aban", auxiliaries: "",
        times: "ayer hoy mañana anoche pronto recientemente próximo próxima pasado pasada semana semanas mes meses año años día días " +
            "lunes martes miércoles jueves viernes sábado domingo " +
            "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre",
        numbers: "dos tres cuatro cinco seis siete ocho nueve diez once doce varios varias docena cien mil",
        beforePlaces: "en a desde hacia", articles: "la el los las",
        when: "cuándo cuando desde_cuándo desde_cuando qué_día que_dia qué_fecha que_fecha qué_mes que_mes qué_año que_año qué_hora que_hora",
        howMany: "cuánto cuánta cuántos cuántas cuanto cuanta cuantos cuantas qué_edad que_edad qué_hora que_hora",
        where: "dónde adónde donde adonde qué_ciudad que_ciudad qué_país que_pais qué_lugar que_lugar",
        asking: "pregunta preguntas preguntó preguntar preguntaba");
}
