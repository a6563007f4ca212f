-- The ledger of model calls, made and avoided: sums by day, as they stand in the service's own store.
CREATE TABLE IF NOT EXISTS SOPHIA_AI_MEMORY.MODEL_LEDGER (
  tenant VARCHAR(255) NOT NULL,
  day DATE NOT NULL,
  model VARCHAR(255) NOT NULL,
  operation VARCHAR(50) NOT NULL,
  outcome VARCHAR(20) NOT NULL,
  calls NUMBER(19,0) NOT NULL,
  input_tokens NUMBER(19,0) NOT NULL,
  output_tokens NUMBER(19,0) NOT NULL,
  dollars NUMBER(28,9) NOT NULL,
  ai_credits NUMBER(28,9) NOT NULL,
  latency_ms FLOAT NOT NULL,
  updated_at TIMESTAMP_NTZ NOT NULL,
  PRIMARY KEY (tenant, day, model, operation, outcome)
) CLUSTER BY (day);
