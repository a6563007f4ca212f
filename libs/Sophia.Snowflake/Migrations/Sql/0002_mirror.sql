-- The mirror of the log: a row for each row of the log, of whatever kind. Transient and without Time Travel, so that what is erased
-- here is gone with the statement: neither Time Travel nor Fail-safe keeps it. A vector stands in the table of its length, so that
-- VECTOR_COSINE_SIMILARITY and its like can read it; one of another length in MEMORY_VECTORS_OTHER.
CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_LOG (
  sequence NUMBER(18,0) NOT NULL PRIMARY KEY,
  namespace_id NUMBER(18,0) NOT NULL,
  tenant VARCHAR(255) NOT NULL,
  namespace VARCHAR(255) NOT NULL,
  record_id VARCHAR(32) NOT NULL,
  record_key VARCHAR(512),
  change VARCHAR(10) NOT NULL,
  version NUMBER(10,0) NOT NULL,
  previous NUMBER(18,0),
  recorded_at TIMESTAMP_NTZ NOT NULL,
  content_kind VARCHAR(5),
  content_type VARCHAR(255),
  content VARCHAR,
  content_bytes BINARY,
  tags ARRAY,
  attributes VARIANT,
  provenance VARIANT,
  vector_model VARCHAR(255),
  dimensions NUMBER(4,0),
  created_at TIMESTAMP_NTZ,
  expires_at TIMESTAMP_NTZ,
  valid_from TIMESTAMP_NTZ,
  valid_to TIMESTAMP_NTZ
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;

CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_VECTORS_256 (
  namespace_id NUMBER(18,0) NOT NULL, sequence NUMBER(18,0) NOT NULL PRIMARY KEY, record_id VARCHAR(32) NOT NULL, vector_model VARCHAR(255), embedding VECTOR(FLOAT, 256)
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;
CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_VECTORS_384 (
  namespace_id NUMBER(18,0) NOT NULL, sequence NUMBER(18,0) NOT NULL PRIMARY KEY, record_id VARCHAR(32) NOT NULL, vector_model VARCHAR(255), embedding VECTOR(FLOAT, 384)
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;
CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_VECTORS_768 (
  namespace_id NUMBER(18,0) NOT NULL, sequence NUMBER(18,0) NOT NULL PRIMARY KEY, record_id VARCHAR(32) NOT NULL, vector_model VARCHAR(255), embedding VECTOR(FLOAT, 768)
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;
CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_VECTORS_1024 (
  namespace_id NUMBER(18,0) NOT NULL, sequence NUMBER(18,0) NOT NULL PRIMARY KEY, record_id VARCHAR(32) NOT NULL, vector_model VARCHAR(255), embedding VECTOR(FLOAT, 1024)
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;
CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_VECTORS_1536 (
  namespace_id NUMBER(18,0) NOT NULL, sequence NUMBER(18,0) NOT NULL PRIMARY KEY, record_id VARCHAR(32) NOT NULL, vector_model VARCHAR(255), embedding VECTOR(FLOAT, 1536)
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;
CREATE TRANSIENT TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MEMORY_VECTORS_OTHER (
  namespace_id NUMBER(18,0) NOT NULL, sequence NUMBER(18,0) NOT NULL PRIMARY KEY, record_id VARCHAR(32) NOT NULL, vector_model VARCHAR(255), embedding ARRAY
) CLUSTER BY (namespace_id, sequence) DATA_RETENTION_TIME_IN_DAYS = 0;

-- The current version of each record that is there, as of the mirror's last flush.
CREATE OR REPLACE VIEW SOPHIA_AI_MEMORY.MEMORY_CURRENT AS
SELECT * FROM (
  SELECT * FROM SOPHIA_AI_MEMORY.MEMORY_LOG
  QUALIFY ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY sequence DESC) = 1
) AS newest
WHERE change = 'put' AND (expires_at IS NULL OR expires_at > CURRENT_TIMESTAMP()::TIMESTAMP_NTZ);
