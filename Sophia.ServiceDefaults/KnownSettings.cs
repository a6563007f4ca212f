using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Sophia.ServiceDefaults;

/// <summary>
/// Refuses what nobody would read: a misspelt setting is an error, not a default. So is an entry of a dictionary or list with a
/// value that cannot be: the binder throws for a setting, but leaves out such an entry as if it were not there.
/// </summary>
public static class KnownSettings
{
    private const string Product = "Sophia";
    private static readonly string[] Connections = ["postgres", "redis", "snowflake"];

    /// <param name="types">Their properties that can be set are the section's settings; those of this product's types are sections themselves.</param>
    /// <exception cref="FormatException">
    /// There is a setting that none of them has; the message names the nearest that there is. Or a value stands where settings of their own belong.
    /// </exception>
    /// <exception cref="InvalidOperationException">A value has the wrong form, a number or within an entry; the message names both.</exception>
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

    // Types of this product are walked into, also as elements of lists and values of dictionaries; of anything else the binder judges the value.
    private static void RefuseUnknownWithin(IConfigurationSection section, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericArguments() is [.., var element])
        {
            RefuseValue(section);
            foreach (var item in section.GetChildren())
            {
                RefuseUnknownWithin(item, element);
                item.Get(element);
            }
        }
        else if (IsOurs(type))
        {
            RefuseValue(section);
            section.RefuseUnknown([type]);
        }
        else if (section.GetChildren().FirstOrDefault() is { } below)
        {
            throw new FormatException($"There is no setting {below.Path}. {section.Path} is one value.");
        }
        else
        {
            WholeNumbers.RefuseOthers(section, type);
        }
    }

    // The value is not shown: a key may have got there.
    private static void RefuseValue(IConfigurationSection section)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            throw new FormatException($"{section.Path} has a value, which nobody reads: what is set is below it, as {section.Path}:…");
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
