namespace Sophia.Deploy.Tests.Schemas;

/// <summary>The check by schemas itself, on small schemas.</summary>
public sealed class StructuralSchemaTests
{
    private const string Schema = """
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [name, level, kept]
            properties:
              name: {type: string, pattern: '^[a-z]+$', maxLength: 8}
              kept: {type: boolean, default: true}
              level: {type: integer, minimum: 1, maximum: 9, format: int32}
              ratio: {type: number}
              mode: {type: string, enum: ["On", "Off"]}
              port: {x-kubernetes-int-or-string: true}
              open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: string}}}
              labels: {type: object, additionalProperties: {type: string}}
              tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
              ports: {type: array, minItems: 1, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [port, protocol], items: {type: object, properties: {port: {type: integer}, protocol: {type: string}}}}
              either: {type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}
              none: {type: string, nullable: true}
        """;

    [Theory]
    [InlineData("spec: {name: a, level: 3, ratio: 1.5, mode: 'On', port: 80, open: {known: x, other: 1}, labels: {a: b}, tags: [a, b], ports: [{port: 1, protocol: TCP}, {port: 1, protocol: UDP}], either: {a: x}, none: null}")]
    [InlineData("{apiVersion: v1, kind: K, metadata: {name: n}, spec: {name: a, level: 3, kept: false, port: http}}")]
    public void What_fits_is_let_through(string yaml) => Assert.Empty(Check(yaml));

    [Theory]
    [InlineData("spec: {name: a, level: 3, nam: b}", "spec.nam is not a field.")]
    [InlineData("{spec: {name: a, level: 3}, stats: 1}", "stats is not a field.")]
    [InlineData("spec: {name: 1, level: 3}", "spec.name is 1, which is no string.")]
    [InlineData("spec: {name: a, level: three}", "spec.level is \"three\", which is no integer.")]
    [InlineData("spec: {name: a, level: 3.5}", "spec.level is 3.5, which is no integer.")]
    [InlineData("spec: {name: a, level: '3'}", "spec.level is \"3\", which is no integer.")]
    [InlineData("spec: {name: a, level: 10}", "spec.level is 10; the most is 9.")]
    [InlineData("spec: {name: a, level: 0}", "spec.level is 0; the least is 1.")]
    [InlineData("spec: {name: abcdefghi, level: 3}", "spec.name has 9; the most is 8.")]
    [InlineData("spec: {name: A, level: 3}", "spec.name is 'A', which does not match ^[a-z]+$.")]
    [InlineData("spec: {name: a, level: 3, mode: Off}", "spec.mode is false, which is no string.")]
    [InlineData("spec: {name: a, level: 3, mode: Auto}", "spec.mode is \"Auto\"; it may be \"On\", \"Off\".")]
    [InlineData("spec: {name: a, level: 3, port: 1.5}", "spec.port is 1.5, which is no whole number or text.")]
    [InlineData("spec: {name: a, level: 3, kept: 'true'}", "spec.kept is \"true\", which is no boolean.")]
    [InlineData("spec: {name: a, level: 3, open: {known: 1}}", "spec.open.known is 1, which is no string.")]
    [InlineData("spec: {name: a, level: 3, labels: {a: 1}}", "spec.labels.a is 1, which is no string.")]
    [InlineData("spec: {name: a, level: 3, tags: [a, b, a]}", "spec.tags has \"a\" twice.")]
    [InlineData("spec: {name: a, level: 3, ports: []}", "spec.ports has 0; the least is 1.")]
    [InlineData("spec: {name: a, level: 3, ports: [{port: 1, protocol: TCP}, {port: 1, protocol: TCP}]}", "spec.ports has 1/\"TCP\" twice.")]
    [InlineData("spec: {name: a, level: 3, either: {a: x, b: y}}", "spec.either does not fit one of oneOf.")]
    [InlineData("spec: {name: null, level: 3}", "spec.name is null.")]
    [InlineData("spec: {level: 3}", "spec lacks name.")]
    [InlineData("{metadata: {}}", "The object lacks spec.")]
    public void What_does_not_fit_is_named(string yaml, string error) => Assert.Equal([error], Check(yaml));

    private static IReadOnlyList<string> Check(string yaml) => StructuralSchema.Check(Yaml.Documents(yaml).Single(), Yaml.Documents(Schema).Single()).Errors;
}
