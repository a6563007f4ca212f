using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Sophia.AppHost.Tests.Model;

/// <summary>The Snowflake integration by itself.</summary>
public sealed class SnowflakeIntegrationTests
{
    private static IDistributedApplicationBuilder Application(bool publish = false) =>
        DistributedApplication.CreateBuilder(publish ? ["--publisher", "manifest", "--output-path", Path.GetTempFileName()] : []);

    [Theory]
    [InlineData("key", "account={a.value};user={u.value};authenticator=snowflake_jwt;private_key={s.value}")]
    [InlineData("token", "account={a.value};user={u.value};authenticator=programmatic_access_token;token={s.value}")]
    [InlineData("oauth", "account={a.value};user={u.value};authenticator=oauth;token={s.value}")]
    [InlineData("password", "account={a.value};user={u.value};authenticator=snowflake;password={s.value}")]
    public void Each_way_to_log_in_is_written_as_the_driver_reads_it(string way, string expected)
    {
        var builder = Application();
        var secret = builder.AddParameter("s", secret: true);
        var credential = way switch
        {
            "key" => SnowflakeCredential.KeyPair(secret),
            "token" => SnowflakeCredential.AccessToken(secret),
            "oauth" => SnowflakeCredential.OAuth(secret),
            _ => SnowflakeCredential.Password(secret),
        };

        var snowflake = builder.AddSnowflake("snow").WithAccount(builder.AddParameter("a"), builder.AddParameter("u"), credential);

        Assert.Equal(expected, snowflake.Resource.ConnectionStringExpression.ValueExpression);
    }

    [Fact]
    public void What_logs_in_must_be_a_secret()
    {
        var builder = Application();

        var error = Assert.Throws<DistributedApplicationException>(() => SnowflakeCredential.Password(builder.AddParameter("open")));

        Assert.Contains("secret: true", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_account_the_connection_string_says_what_to_call()
    {
        var snowflake = Application().AddSnowflake("snow");

        var error = Assert.Throws<DistributedApplicationException>(() => snowflake.Resource.ConnectionStringExpression);

        Assert.Contains("WithAccount", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_adds_its_name_schema_warehouse_and_role()
    {
        var builder = Application();
        var snowflake = builder.AddSnowflake("snow").WithAccount(builder.AddParameter("a"), builder.AddParameter("u"), SnowflakeCredential.OAuth(builder.AddParameter("s", secret: true)));
        var database = snowflake.AddDatabase("lake", "LAKE", schema: "MEM", role: "SERVICE").WithWarehouse(snowflake.AddWarehouse("wh", "WH"));

        Assert.Equal("{snow.connectionString};db=LAKE;schema=MEM;warehouse=WH;role=SERVICE", database.Resource.ConnectionStringExpression.ValueExpression);
        Assert.Equal(["DatabaseName", "Schema", "Warehouse", "Role", "Account", "User", "Authenticator", "Token"],
            ((IResourceWithConnectionString)database.Resource).GetConnectionProperties().Select(p => p.Key));
    }

    [Fact]
    public void A_warehouse_of_another_account_is_refused()
    {
        var builder = Application();
        var warehouse = builder.AddSnowflake("one").AddWarehouse("wh");
        var database = builder.AddSnowflake("two").AddDatabase("db");

        Assert.Throws<DistributedApplicationException>(() => database.WithWarehouse(warehouse));
    }

    [Fact]
    public void The_emulator_is_left_out_of_what_is_published()
    {
        var builder = Application(publish: true);

        builder.AddSnowflake("snow").RunAsEmulator<Emulator>();

        Assert.Equal(["snow"], builder.Resources.Select(r => r.Name));
    }

    private sealed class Emulator : IProjectMetadata
    {
        public string ProjectPath => Path.Combine(Recording.Root, "tools", "Sophia.SnowflakeEmulator", "Sophia.SnowflakeEmulator.csproj");
    }
}
