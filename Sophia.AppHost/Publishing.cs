namespace Sophia.AppHost;

/// <summary>What a service's part of the manifest leaves out.</summary>
internal static class Publishing
{
    /// <summary>
    /// The service gets connection strings and not their parts beside them, which would be each secret twice. Where it is published
    /// it has no port for HTTPS, since TLS ends before it, and believes no header that says where a request comes from: whoever
    /// reaches its port could write one, and what comes from the service's own machine may see more.
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

        return service.DisableForwardedHeaders().WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString);
    }
}
