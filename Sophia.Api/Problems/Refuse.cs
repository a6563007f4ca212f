using Sophia.Memory.Records;

namespace Sophia.Api.Problems;

/// <summary>The refusals that several endpoints give.</summary>
internal static class Refuse
{
    public static ProblemException With(int status, string code, string detail, string suggestion) =>
        new(new Problem(status, code, detail, suggestion));

    public static ProblemException Field(string path, string message, string suggestion, int status = 400, string code = "invalid-request") =>
        new(new Problem(status, code, $"{path}: {message}", suggestion) { Errors = [new FieldError(path, message)] });

    public static ProblemException Malformed(string detail) =>
        With(400, "malformed-json", detail, "Send one well-formed JSON value in UTF-8, at most 64 levels deep.");

    public static ProblemException TooLarge(string what, long limit) =>
        With(413, "too-large", $"{what} is over the limit of {limit:N0} bytes.", "Send less at once, or split it.");

    public static ProblemException MediaType(string detail, string suggestion) =>
        With(415, "unsupported-media-type", detail, suggestion);

    public static ProblemException NamespaceNotFound(string name) =>
        With(404, "namespace-not-found", $"There is no namespace '{name}'.", "Write a record to make it, or PUT /v1/namespaces/{ns}.");

    public static ProblemException RecordNotFound() =>
        With(404, "not-found", "There is no record with this key.", "List the namespace's keys with GET …/memories.");

    public static ProblemException SessionNotFound(string id) =>
        With(404, "session-not-found", $"There is no session '{id}', or its time ran out.", "Append a turn to begin it.");

    /// <summary>The answer to a broken rule of records; <paramref name="prefix"/> is the place of the record in the body.</summary>
    public static ProblemException Rule(RuleViolation violation, string prefix = "") =>
        Field(prefix + violation.Path, violation.Message, violation.Suggestion, ProblemMap.StatusOf(violation.Code), violation.Code);
}
