using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>How a user proves to a Snowflake account who it is. The values come from secret parameters.</summary>
public sealed class SnowflakeCredential
{
    private readonly string _authenticator;
    private readonly (string Key, string Property, ParameterResource Secret)[] _secrets;

    private SnowflakeCredential(string authenticator, params (string, string, ParameterResource)[] secrets)
    {
        _authenticator = authenticator;
        _secrets = secrets;
    }

    /// <summary>A key pair: the private key in PEM (PKCS#8), and its passphrase where it has one.</summary>
    public static SnowflakeCredential KeyPair(IResourceBuilder<ParameterResource> privateKey, IResourceBuilder<ParameterResource>? passphrase = null) =>
        passphrase is null
            ? new("snowflake_jwt", ("private_key", "PrivateKey", Secret(privateKey)))
            : new("snowflake_jwt", ("private_key", "PrivateKey", Secret(privateKey)), ("private_key_pwd", "PrivateKeyPassphrase", Secret(passphrase)));

    /// <summary>A programmatic access token.</summary>
    public static SnowflakeCredential AccessToken(IResourceBuilder<ParameterResource> token) =>
        new("programmatic_access_token", ("token", "Token", Secret(token)));

    /// <summary>An OAuth access token; it must be renewed by whoever gives it.</summary>
    public static SnowflakeCredential OAuth(IResourceBuilder<ParameterResource> token) => new("oauth", ("token", "Token", Secret(token)));

    /// <summary>A password. Accounts of today refuse it without a second factor.</summary>
    public static SnowflakeCredential Password(IResourceBuilder<ParameterResource> password) => new("snowflake", ("password", "Password", Secret(password)));

    internal void AppendTo(ReferenceExpressionBuilder connectionString)
    {
        connectionString.AppendLiteral($";authenticator={_authenticator}");
        foreach (var (key, _, secret) in _secrets)
        {
            connectionString.AppendLiteral($";{key}=");
            connectionString.AppendFormatted(secret);
        }
    }

    internal IEnumerable<KeyValuePair<string, ReferenceExpression>> Properties =>
        _secrets.Select(s => new KeyValuePair<string, ReferenceExpression>(s.Property, ReferenceExpression.Create($"{s.Secret}")))
            .Prepend(new("Authenticator", ReferenceExpression.Create($"{_authenticator}")));

    private static ParameterResource Secret(IResourceBuilder<ParameterResource> parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return parameter.Resource.Secret
            ? parameter.Resource
            : throw new DistributedApplicationException($"The parameter '{parameter.Resource.Name}' logs in to Snowflake and must be a secret: AddParameter(\"{parameter.Resource.Name}\", secret: true).");
    }
}
