using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Sophia.AppHost.Tests.Model;

/// <summary>What stands in the AppHost's model: resources, what they wait for, what a service is told.</summary>
public sealed class ModelTests
{
    [Fact]
    public async Task With_containers_the_system_is_redis_postgres_snowflake_the_gpu_tier_and_the_api()
    {
        await using var model = await AppHostModel.BuildAsync("LocalEngines=containers");
        var resources = model.Application.Resources();

        Assert.IsType<RedisResource>(resources["redis"]);
        Assert.Equal("sophia", Assert.IsType<PostgresDatabaseResource>(resources["sophia"]).DatabaseName);
        Assert.IsType<SnowflakeResource>(resources["snowflake"]);
        Assert.Equal(["postgres", "redis"], resources.Values.Where(r => r.Annotations.OfType<ContainerLifetimeAnnotation>().Any(l => l.Lifetime == ContainerLifetime.Persistent)).Select(r => r.Name).Order());
        Assert.Contains(resources["postgres"].Annotations.OfType<ContainerMountAnnotation>(), mount => mount.Source == "sophia-postgres");
        Assert.Equal(["gpu-tier", "postgres", "redis", "sophia"], resources["api"].WaitsOf());
        Assert.Equal(["postgres", "sophia"], resources["gpu-tier"].WaitsOf());
        Assert.All(["redis", "postgres", "sophia", "snowflake", "snowflake-emulator", "gpu-tier", "api"], name => Assert.NotEmpty(resources[name].Annotations.OfType<HealthCheckAnnotation>()));
        Assert.All(["load", "sample-data", "redisinsight", "pgweb"], name => Assert.NotEmpty(resources[name].Annotations.OfType<ExplicitStartupAnnotation>()));
        Assert.All(["smoke-test", "flush-l1", "start-sample-data"], command => Assert.Contains(command, resources["api"].CommandsOf()));
        // It would drop nothing: the shards are the GPU tier's.
        Assert.DoesNotContain("flush-l0", resources["api"].CommandsOf());
    }

    [Fact]
    public async Task Embedded_there_is_the_api_and_the_local_snowflake_alone()
    {
        await using var model = await AppHostModel.BuildAsync("LocalEngines=embedded");
        var resources = model.Application.Resources();

        Assert.DoesNotContain(resources.Keys, name => name is "redis" or "postgres" or "gpu-tier");
        Assert.DoesNotContain("ConnectionStrings__postgres", (await model.Application.EnvironmentOfAsync("api")).Keys);
        Assert.Empty(resources["api"].WaitsOf());
        Assert.Contains("flush-l0", resources["api"].CommandsOf());
    }

    [SkippableFact]
    public async Task As_programs_redis_and_postgres_are_on_loopback_with_passwords_that_this_user_alone_can_read()
    {
        Skip.If(LocalPrograms.Redis is null || LocalPrograms.Postgres is null, "redis-server and postgres are not both installed.");
        await using var model = await AppHostModel.BuildAsync("LocalEngines=programs");

        var environment = await model.Application.EnvironmentOfAsync("api");

        // Other users of the machine reach loopback too.
        Assert.Matches($"^localhost:{Recording.RedisPort},password=[0-9a-f]{{32}}$", environment["ConnectionStrings__redis"]);
        Assert.Matches($"^Host=localhost;Port={Recording.PostgresPort};Username=sophia;Password=[0-9a-f]{{32}};Database=postgres$", environment["ConnectionStrings__postgres"]);
        foreach (var secret in new[] { "redis/password", "redis/redis.conf", "postgres/password" }.Where(_ => !OperatingSystem.IsWindows()))
        {
#pragma warning disable CA1416 // Not on Windows, as the line above says.
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Recording.Root, "data", "apphost", secret)));
#pragma warning restore CA1416
        }

        Assert.Equal(["gpu-tier", "postgres", "redis"], model.Application.Resources()["api"].WaitsOf());
    }

    [Fact]
    public async Task An_account_takes_the_emulators_place()
    {
        await using var model = await AppHostModel.BuildAsync(
            "LocalEngines=embedded", "Parameters:snowflake-account=org-name", "Parameters:snowflake-user=SVC", "Parameters:snowflake-private-key=PEM");

        Assert.DoesNotContain("snowflake-emulator", model.Application.Resources().Keys);
        Assert.Equal("account=org-name;user=SVC;authenticator=snowflake_jwt;private_key=PEM;db=SOPHIA;schema=SOPHIA_AI_MEMORY;warehouse=SOPHIA_AI_CORTEX_WH",
            (await model.Application.EnvironmentOfAsync("api"))["ConnectionStrings__snowflake"]);
        Assert.Contains("start-snowflake-migrations", model.Application.Resources()["snowflake"].CommandsOf());
        Assert.NotEmpty(model.Application.Resources()["snowflake-migrations"].Annotations.OfType<ExplicitStartupAnnotation>());
        Assert.StartsWith("account=org-name;user=SVC;", (await model.Application.EnvironmentOfAsync("snowflake-migrations"))["SOPHIA_SNOWFLAKE"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, true, "Programs", "LocalEngines=embedded")]
    [InlineData(false, false, "Embedded", "not both installed")]
    [InlineData(true, true, "Embedded", "privileged user")]
    [InlineData(true, false, "Embedded", "privileged user")]
    public void A_machine_without_a_container_engine_is_told_so_in_one_sentence_and_what_runs_instead(bool isPrivileged, bool hasPrograms, string choice, string because)
    {
        var (chosen, sentence) = LocalEngines.WithoutContainers(isPrivileged, hasPrograms);

        Assert.Equal(choice, chosen.ToString());
        Assert.Matches(@"^No container engine answers \(docker, podman\)[^.]*\.$", sentence);
        Assert.Contains(because, sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_asks_for_programs_as_a_privileged_user_is_told_that_postgres_will_not_run()
    {
        Assert.Contains("LocalEngines=embedded", LocalEngines.Doubt(LocalEngine.Programs, isPrivileged: true), StringComparison.Ordinal);
        Assert.Null(LocalEngines.Doubt(LocalEngine.Programs, isPrivileged: false));
        Assert.Null(LocalEngines.Doubt(LocalEngine.Embedded, isPrivileged: true));
    }

    [Fact]
    public void The_whole_system_stands_on_one_page() =>
        Assert.InRange(File.ReadLines(Path.Combine(Recording.Root, "Sophia.AppHost", "AppHost.cs")).Count(), 1, 120);

    [Fact]
    public async Task A_wrong_choice_of_engines_says_what_may_be_chosen()
    {
        var error = await Record.ExceptionAsync(() => AppHostModel.BuildAsync("LocalEngines=containres"));

        Assert.Contains("containers, programs or embedded", error!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_recording_is_what_the_model_gives()
    {
        await using var model = await AppHostModel.BuildAsync("LocalEngines=containers");
        var services = new Dictionary<string, SortedDictionary<string, string>>();
        foreach (var service in new[] { "gpu-tier", "api" })
        {
            var environment = await model.Application.EnvironmentOfAsync(service);
            // Where telemetry goes, and a folder of this machine: they are of a run, and no service reads more from them.
            foreach (var name in environment.Keys.Where(k => k.StartsWith("OTEL_", StringComparison.Ordinal) || k.StartsWith("LOGGING__", StringComparison.Ordinal) || k == "Sophia__DataDirectory").ToList())
            {
                environment.Remove(name);
            }

            services[service] = environment;
        }

        var recording = new Recording(Recording.HashOfSources(), services);
        if (Environment.GetEnvironmentVariable("SOPHIA_RECORD") == "1")
        {
            await File.WriteAllTextAsync(Recording.File, recording.ToText());
        }

        Assert.Equal(recording.ToText(), (await File.ReadAllTextAsync(Recording.File)).ReplaceLineEndings("\n"));
    }
}
