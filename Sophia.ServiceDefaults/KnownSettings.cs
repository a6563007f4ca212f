using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Sophia.ServiceDefaults;

/// <summary>Refuses what nobody would read: a misspelt setting is an error, not a default.</summary>
public static class KnownSettings
{
    private const string Product = "Sophia";
    private static readonly string[] Connections = ["postgres", "redis", "snowflake"];

    /// <param name="types">Their properties that can be set are the section's settings; those of this product's types are sections themselves.</param>
    /// <exception cref="FormatException">There is a setting that none of them has; the message names the nearest that there is.</exception>
    public static void RefuseUnknown(this IConfigurationSection section, IReadOnlyList<Type> types)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(types);
        var known = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase);
        foreach (var type in types)
        {
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
            {
                known[property.Name] = property.PropertyType;
            }
        }

        foreach (var child in section.GetChildren())
        {
            if (!known.TryGetValue(child.Key, out var type))
            {
                var near = known.Keys.MinBy(name => Distance(name, child.Key));
                throw new FormatException($"There is no setting {child.Path}. Did you mean {section.Path}:{near}?");
            }

            RefuseUnknownWithin(child, type);
        }
    }

    /// <summary>The same for the section ConnectionStrings: with a misspelt name a service would keep its records in an embedded store, and be believed.</summary>
    /// <exception cref="FormatException">A connection that nothing here reads.</exception>
    public static void RefuseUnknownConnections(this IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        foreach (var child in configuration.GetSection("ConnectionStrings").GetChildren())
        {
            if (!Connections.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                throw new FormatException($"There is no connection {child.Path}. Did you mean ConnectionStrings:{Connections.MinBy(name => Distance(name, child.Key))}?");
            }
        }
    }

    // Types of this product are walked into, also as elements of lists and values of dictionaries; anything else is the binder's to judge.
    private static void RefuseUnknownWithin(IConfigurationSection section, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericArguments() is [.., var element] && IsOurs(element))
        {
            foreach (var item in section.GetChildren())
            {
                item.RefuseUnknown([element]);
            }
        }
        else if (IsOurs(type))
        {
            section.RefuseUnknown([type]);
        }
    }

    private static bool IsOurs(Type type) =>
        type is { IsClass: true, Namespace: { } ns } && (ns == Product || ns.StartsWith(Product + ".", StringComparison.Ordinal));

    // Levenshtein: few short names, once at start.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                var cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
                diagonal = above;
            }
        }

        return row[^1];
    }
}
