namespace Sophia.AppHost;

/// <summary>What a service's part of the manifest leaves out.</summary>
internal static class Publishing
{
    /// <summary>
    /// The service gets connection strings and not their parts beside them, which would be each secret twice; and it has no port
    /// for HTTPS where it is published, since TLS ends before it.
    /// </summary>
    public static IResourceBuilder<ProjectResource> AsService(this IResourceBuilder<ProjectResource> service)
    {
        if (service.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            foreach (var https in service.Resource.Annotations.OfType<EndpointAnnotation>().Where(e => e.UriScheme == "https").ToList())
            {
                service.Resource.Annotations.Remove(https);
            }
        }

        return service.WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString);
    }
}
