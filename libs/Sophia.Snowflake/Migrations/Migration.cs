using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sophia.Snowflake.Local;

namespace Sophia.Snowflake.Migrations;

/// <summary>One step of the schema: statements of which each may be repeated, since Snowflake's DDL knows no transactions.</summary>
/// <param name="Number">Its place, from 1, without gaps.</param>
/// <param name="Name">What it makes, in a word.</param>
/// <param name="Sql">The statements.</param>
/// <param name="Checksum">SHA-256 of the statements, 64 hexadecimal digits; line ends do not count.</param>
public sealed record Migration(int Number, string Name, string Sql, string Checksum)
{
    /// <summary>The schema that all objects are in.</summary>
    public const string Schema = "SOPHIA_AI_MEMORY";

    private const string Prefix = "Migrations.";

    /// <summary>All of them, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } = Load();

    /// <summary>The statements, each without its semicolon.</summary>
    public IReadOnlyList<string> Statements => LocalSession.Split(Sql);

    /// <param name="file">0001_tables.sql</param>
    /// <exception cref="FormatException">The name is not of that form.</exception>
    internal static Migration Of(string file, string text)
    {
        if (file.Length < 10 || file[4] != '_' || !file.EndsWith(".sql", StringComparison.Ordinal) || !int.TryParse(file[..4], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"A migration's file is named such as 0001_tables.sql, not {file}.");
        }

        var sql = text.ReplaceLineEndings("\n");
        return new Migration(number, file[5..^4], sql, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))));
    }

    private static Migration[] Load()
    {
        var assembly = typeof(Migration).Assembly;
        var all = assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return Of(name[Prefix.Length..], reader.ReadToEnd());
        }).ToArray();
        return all.Select(static (migration, i) => migration.Number == i + 1).All(static fits => fits) ? all : throw new InvalidOperationException("The migrations are not numbered from 1 without gaps.");
    }
}
