-- What the running system fills: pools and metrics by the sampler, the cache by use.
-- Snowflake does not hold PRIMARY KEY: every write is a MERGE.
CREATE TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.GPU_MEMORY_POOLS (
  pool_name VARCHAR(50) PRIMARY KEY,
  allocated_memory_gb FLOAT,
  used_memory_gb FLOAT,
  pool_type VARCHAR(50),
  last_updated TIMESTAMP_NTZ DEFAULT CURRENT_TIMESTAMP()
);

CREATE TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.CORTEX_CACHE_ENHANCED (
  cache_key VARCHAR(255) PRIMARY KEY,
  cache_value VARIANT,
  gpu_processed BOOLEAN DEFAULT FALSE,
  processing_time_ms INTEGER,
  gpu_memory_used_mb INTEGER,
  created_at TIMESTAMP_NTZ DEFAULT CURRENT_TIMESTAMP(),
  ttl INTEGER
);

CREATE TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.GPU_PERFORMANCE_METRICS (
  metric_id VARCHAR(255) PRIMARY KEY,
  gpu_id INTEGER,
  memory_utilization FLOAT,
  compute_utilization FLOAT,
  temperature_celsius FLOAT,
  power_usage_watts FLOAT,
  recorded_at TIMESTAMP_NTZ DEFAULT CURRENT_TIMESTAMP()
) CLUSTER BY (recorded_at);
