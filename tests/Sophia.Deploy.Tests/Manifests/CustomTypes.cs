using k8s;
using k8s.Models;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>
/// The fields of other projects' kinds that our manifests use, after their published CRDs: autoscaler 1.4 (VPA v1),
/// prometheus-operator 0.82 (ServiceMonitor, PrometheusRule v1), external-secrets 0.17 (v1), CloudNativePG 1.26. A field that is
/// not here is an error, so that a misspelt one is found.
/// </summary>
internal static class CustomTypes
{
    public static readonly Dictionary<string, Type> Map = new()
    {
        ["autoscaling.k8s.io/v1/VerticalPodAutoscaler"] = typeof(Custom<VpaSpec>),
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(Custom<ServiceMonitorSpec>),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(Custom<RuleSpec>),
        ["external-secrets.io/v1/ExternalSecret"] = typeof(Custom<ExternalSecretSpec>),
        ["postgresql.cnpg.io/v1/Cluster"] = typeof(Custom<ClusterSpec>),
        ["postgresql.cnpg.io/v1/ScheduledBackup"] = typeof(Custom<ScheduledBackupSpec>),
    };

    public sealed class Custom<T> : IKubernetesObject<V1ObjectMeta>
    {
        public string ApiVersion { get; set; } = "";
        public string Kind { get; set; } = "";
        public V1ObjectMeta Metadata { get; set; } = new();
        public T? Spec { get; set; }
    }

    public sealed class VpaSpec
    {
        public Target? TargetRef { get; set; }
        public VpaPolicy? UpdatePolicy { get; set; }
    }

    public sealed class Target
    {
        public string? ApiVersion { get; set; }
        public string? Kind { get; set; }
        public string? Name { get; set; }
    }

    public sealed class VpaPolicy
    {
        public string? UpdateMode { get; set; }
    }

    public sealed class ServiceMonitorSpec
    {
        public V1LabelSelector? Selector { get; set; }
        public List<MonitorEndpoint>? Endpoints { get; set; }
    }

    public sealed class MonitorEndpoint
    {
        public string? Port { get; set; }
        public string? Path { get; set; }
        public string? Interval { get; set; }
        public MonitorAuthorization? Authorization { get; set; }
    }

    public sealed class MonitorAuthorization
    {
        public string? Type { get; set; }
        public V1SecretKeySelector? Credentials { get; set; }
    }

    public sealed class RuleSpec
    {
        public List<RuleGroup>? Groups { get; set; }
    }

    public sealed class RuleGroup
    {
        public string? Name { get; set; }
        public List<AlertRule>? Rules { get; set; }
    }

    public sealed class AlertRule
    {
        public string? Alert { get; set; }
        public string? Expr { get; set; }
        public string? For { get; set; }
        public Dictionary<string, string>? Labels { get; set; }
        public Dictionary<string, string>? Annotations { get; set; }
    }

    public sealed class ExternalSecretSpec
    {
        public string? RefreshInterval { get; set; }
        public SecretStore? SecretStoreRef { get; set; }
        public SecretTarget? Target { get; set; }
        public List<SecretSource>? DataFrom { get; set; }
    }

    public sealed class SecretStore
    {
        public string? Kind { get; set; }
        public string? Name { get; set; }
    }

    public sealed class SecretTarget
    {
        public string? Name { get; set; }
        public string? CreationPolicy { get; set; }
    }

    public sealed class SecretSource
    {
        public SecretExtract? Extract { get; set; }
    }

    public sealed class SecretExtract
    {
        public string? Key { get; set; }
    }

    public sealed class ClusterSpec
    {
        public int? Instances { get; set; }
        public string? ImageName { get; set; }
        public int? MinSyncReplicas { get; set; }
        public int? MaxSyncReplicas { get; set; }
        public Storage? Storage { get; set; }
        public Storage? WalStorage { get; set; }
        public Bootstrap? Bootstrap { get; set; }
        public ClusterAffinity? Affinity { get; set; }
        public V1ResourceRequirements? Resources { get; set; }
        public Backup? Backup { get; set; }
    }

    public sealed class ScheduledBackupSpec
    {
        public string? Schedule { get; set; }
        public bool? Immediate { get; set; }
        public string? BackupOwnerReference { get; set; }
        public string? Method { get; set; }
        public Target? Cluster { get; set; }
    }

    public sealed class Storage
    {
        public string? Size { get; set; }
    }

    public sealed class Bootstrap
    {
        public InitDb? Initdb { get; set; }
    }

    public sealed class InitDb
    {
        public string? Database { get; set; }
        public string? Owner { get; set; }
    }

    public sealed class ClusterAffinity
    {
        public Dictionary<string, string>? NodeSelector { get; set; }
        public bool? EnablePodAntiAffinity { get; set; }
        public string? TopologyKey { get; set; }
    }

    public sealed class Backup
    {
        public string? RetentionPolicy { get; set; }
        public ObjectStore? BarmanObjectStore { get; set; }
    }

    public sealed class ObjectStore
    {
        public string? DestinationPath { get; set; }
        public S3? S3Credentials { get; set; }
        public Wal? Wal { get; set; }
    }

    public sealed class S3
    {
        public V1SecretKeySelector? AccessKeyId { get; set; }
        public V1SecretKeySelector? SecretAccessKey { get; set; }
    }

    public sealed class Wal
    {
        public string? Compression { get; set; }
    }
}
