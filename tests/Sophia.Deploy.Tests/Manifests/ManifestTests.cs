namespace Sophia.Deploy.Tests.Manifests;

/// <summary>The manifests are whole and safe, and each check is known to fail when what it checks is broken.</summary>
public sealed class ManifestTests
{
    [SkippableTheory]
    [InlineData("dev")]
    [InlineData("gh200")]
    [InlineData("postgres")]
    public void An_overlay_renders_is_valid_and_complete(string overlay)
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);

        Assert.Empty(Findings(Kustomize.Render(overlay)));
    }

    /// <summary>Each breaks the rendered manifests in one way; the first part of the finding that must come is named.</summary>
    public static TheoryData<string, string, string, string> Breakages => new()
    {
        { "gh200", "maxUnavailable: 0", "maxUnavailible: 0", "maxUnavailible" },
        { "gh200", "updateMode: \"Off\"", "updateMod: \"Off\"", "updateMod" },
        { "gh200", "refreshInterval: 1h", "refreshIntervall: 1h", "refreshIntervall" },
        { "gh200", "expr:", "exp:", "exp is not a field" },
        { "gh200", "updateMode: \"Off\"", "updateMode: Offf", "it may be" },
        { "gh200", "kind: ClusterSecretStore", "kind: Vault", "it may be" },
        { "gh200", "interval: 15s", "interval: 15", "interval is 15, which is no string" },
        { "gh200", "path: /metrics\n    port: http", "path: /metrics", "endpoints[0] lacks port" },
        { "gh200", "for: 10m", "for: ten minutes", "does not match" },
        { "gh200", "kind: PodDisruptionBudget", "kind: PodDisruptionBudgets", "" },
        { "gh200", "minReplicas: 3", "minReplicas: three", "" },
        { "gh200", "updateMode: \"Off\"", "updateMode: Auto", "VerticalPodAutoscaler" },
        { "gh200", "spec:\n  selector:\n    matchLabels:\n      app: gpu-tier\n  strategy:", "spec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: gpu-tier\n  strategy:", "HorizontalPodAutoscaler gpu-tier: its Deployment has a count" },
        { "gh200", "image: registry.example.com/sophia/api:0.1.0", "image: registry.example.com/sophia/api:latest", "Deployment api: the image" },
        { "gh200", "image: registry.example.com/sophia/gpu-tier:0.1.0", "image: registry.example.com/sophia/gpu-tier", "Deployment gpu-tier: the image" },
        { "gh200", "targetPort: 8080", "targetPort: 8443", "Service api: no container" },
        { "gh200", "path: /alive\n            port: http\n          periodSeconds: 2", "path: /health\n            port: http\n          periodSeconds: 2", "Deployment api: a probe asks the wrong" },
        { "gh200", "path: /health", "path: /alive", "Deployment gpu-tier: a probe asks the wrong" },
        { "gh200", "path: /alive\n            port: http\n          periodSeconds: 10", "path: /alive\n            port: https\n          periodSeconds: 10", "Deployment api: a probe asks the port https" },
        { "gh200", "runAsNonRoot: true", "runAsNonRoot: false", "Deployment api may run as root" },
        { "gh200", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "Deployment api: api may do more" },
        { "gh200", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "Deployment api: api may do more" },
        { "gh200", "drop:\n            - ALL", "drop:\n            - NET_RAW", "Deployment api: api may do more" },
        { "gh200", "      enableServiceLinks: false\n", "      enableServiceLinks: false\n      initContainers:\n      - name: first\n        image: busybox:1.37\n", "Deployment api: first may do more" },
        { "gh200", "automountServiceAccountToken: false\n      containers", "containers", "Deployment api mounts" },
        { "gh200", "type: RuntimeDefault", "type: Unconfined", "Deployment api has no seccomp" },
        { "gh200", "serviceAccountName: gpu-tier", "serviceAccountName: gpu", "Deployment gpu-tier: there is no ServiceAccount" },
        { "gh200", "priorityClassName: sophia-gpu-tier", "priorityClassName: gpu", "Deployment gpu-tier: there is no PriorityClass" },
        { "gh200", "port: gateway", "port: gate", "NetworkPolicy api: no container has the port gate" },
        { "gh200", "podSelector:\n    matchLabels:\n      app: gpu-tier\n  policyTypes", "podSelector:\n    matchLabels:\n      app: gpu\n  policyTypes", "NetworkPolicy gpu-tier selects no pods" },
        { "gh200", "selector:\n    app: gpu-tier\n  type: ClusterIP", "selector:\n    app: gpu\n  type: ClusterIP", "Service gpu-tier selects no pods" },
        { "gh200", "labels:\n    app: api\n  name: api\n  namespace: sophia-ai-enhanced\nspec:\n  ports:", "name: api\n  namespace: sophia-ai-enhanced\nspec:\n  ports:", "ServiceMonitor api selects no Service" },
        { "gh200", "path: /metrics\n    port: http", "path: /metrics\n    port: https", "ServiceMonitor api: its Service has no port https" },
        { "gh200", "key: key\n        name: sophia-scrape", "key: key\n        name: scrape", "ServiceMonitor api: there is no Secret scrape with key" },
        { "gh200", "- secretRef:\n            name: sophia-secrets", "- secretRef:\n            name: secrets", "Deployment api: there is no Secret secrets" },
        { "gh200", "- emptyDir:\n          sizeLimit: 1Gi\n        name: tmp", "- secret:\n          secretName: gone\n        name: tmp", "Deployment api: there is no Secret gone" },
        { "gh200", "- emptyDir:\n          sizeLimit: 1Gi\n        name: tmp", "- configMap:\n          name: gone\n        name: tmp", "Deployment api: there is no ConfigMap gone" },
        { "gh200", "- name: Sophia__Announce\n          value: \"false\"", "- name: Sophia__ApiKeys__0__Hash\n          value: x", "Deployment api: Sophia__ApiKeys__0__Hash stands in the open" },
        { "gh200", "- name: Sophia__Announce\n          value: \"false\"", "- name: Sophia__Announce\n          valueFrom:\n            configMapKeyRef:\n              name: gone\n              key: x", "Deployment api: there is no ConfigMap gone" },
        { "gh200", "HTTP_PORTS: \"8080\"", "HTTP_PORTS: \"8080\"\n  Redis: host,password=x", "ConfigMap api-env" },
        { "gh200", "value: cuda", "value: ${DEVICE}", "A placeholder" },
        { "gh200", "value: cuda", "value: \"{{device}}\"", "A placeholder" },
        { "gh200", "value: cuda", "value: TODO", "A placeholder" },
        { "gh200", "namespace: sophia-ai-enhanced", "namespace: default", "ServiceAccount api is in another namespace" },
        { "gh200", "whenUnsatisfiable: DoNotSchedule", "whenUnsatisfiable: DoNotSchedul", "whenUnsatisfiable may not be" },
        { "gh200", "operator: DoesNotExist", "operator: Missing", "operator may not be" },
        { "gh200", "unhealthyPodEvictionPolicy: AlwaysAllow", "unhealthyPodEvictionPolicy: Always", "unhealthyPodEvictionPolicy may not be" },
        { "gh200", "effect: NoSchedule", "effect: NoScheduling", "effect may not be" },
        { "gh200", "pathType: Prefix", "pathType: prefix", "pathType may not be" },
        { "gh200", "- configMapRef:\n            name: sophia-settings", "- configMapRef:\n            name: settings", "Deployment api: there is no ConfigMap settings" },
        { "gh200", "            cpu: \"4\"\n", "", "Deployment api: api does not ask for processor" },
        { "gh200", "          limits:\n            memory: 16Gi\n", "", "Deployment api: api has no limit of memory" },
        { "gh200", "        livenessProbe:\n          failureThreshold: 3\n          httpGet:\n            path: /alive\n            port: http\n          periodSeconds: 10\n          timeoutSeconds: 5\n", "", "Deployment api: api is not probed" },
        { "gh200", "    - sophia.example.com\n    secretName", "    - example.com\n    secretName", "Ingress api: sophia.example.com has no certificate" },
        { "gh200", "              name: http\n        path: /", "              name: https\n        path: /", "Ingress: there is no Service api with the port https" },
        { "gh200", "scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: api", "scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: apis", "HorizontalPodAutoscaler api scales nothing" },
        { "gh200", "targetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: gpu-tier\n  updatePolicy", "targetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: gpu\n  updatePolicy", "VerticalPodAutoscaler gpu-tier sizes nothing" },
        { "gh200", "maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: gpu-tier\n  unhealthy", "maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: gpu\n  unhealthy", "PodDisruptionBudget gpu-tier selects no pods" },
        { "dev", "- emptyDir: {}\n        name: run", "- persistentVolumeClaim:\n          claimName: gone\n        name: run", "StatefulSet postgres: there is no PersistentVolumeClaim gone" },
        { "dev", "accessModes:\n      - ReadWriteOnce", "accessModes:\n      - ReadWrite", "accessModes may not be" },
        { "postgres", "cluster:\n    name: sophia-postgres", "cluster:\n    name: sophia", "Cluster sophia-postgres archives its log" },
        { "postgres", "barmanObjectName: sophia-backup", "barmanObjectName: backup", "there is no ObjectStore backup" },
        { "postgres", "isWALArchiver: true", "isWALArchiver: false", "does not archive its log" },
        { "postgres", "pluginConfiguration:\n    name: barman-cloud.cloudnative-pg.io", "pluginConfiguration:\n    name: barman", "its cluster has no plugin barman" },
        { "postgres", "retentionPolicy: 30d", "retentionPolicy: 30 days", "does not match" },
        { "postgres", "destinationPath:", "destination:", "configuration lacks destinationPath" },
        { "postgres", "instances: 3", "instances: \"3\"", "instances is \"3\", which is no integer" },
        { "postgres", "method: any", "method: some", "it may be" },
        { "postgres", "port: metrics", "ports: metrics", "ports is not a field" },
        { "dev", "key: REDIS_PASSWORD", "key: REDIS_PWD", "Deployment redis: there is no Secret" },
        { "dev", "key: POSTGRES_PASSWORD", "key: PG_PASSWORD", "StatefulSet postgres: there is no Secret" },
        { "dev", "mountPath: /var/run/postgresql\n          name: run", "mountPath: /var/run/postgresql\n          name: runs", "StatefulSet postgres: there is no volume" },
        { "dev", "app: redis\n    spec:", "app: rediss\n    spec:", "Deployment redis does not select" },
    };

    [SkippableTheory]
    [MemberData(nameof(Breakages))]
    public void What_is_broken_is_found(string overlay, string old, string @new, string finding)
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        var whole = Kustomize.Render(overlay);
        var at = whole.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0, $"The manifests have no '{old}' any more; break something else.");
        var findings = Findings(whole[..at] + @new + whole[(at + old.Length)..]).ToList();

        Assert.Contains(findings, f => f.Contains(finding, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Findings(string yaml)
    {
        ManifestSet set;
        try
        {
            set = ManifestSet.Parse(yaml);
        }
        catch (FormatException error)
        {
            return [error.Message];
        }

        return ReferenceChecks.Find(set).Concat(PolicyChecks.Find(set));
    }
}
