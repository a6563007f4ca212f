-- Times here are UTC, and CURRENT_TIMESTAMP() is the wall clock of whoever asks: SYSDATE() is UTC for everybody.
CREATE OR REPLACE VIEW SOPHIA_AI_MEMORY.MEMORY_CURRENT COPY GRANTS AS
SELECT * FROM (
  SELECT * FROM SOPHIA_AI_MEMORY.MEMORY_LOG
  QUALIFY ROW_NUMBER() OVER (PARTITION BY record_id ORDER BY sequence DESC) = 1
) AS newest
WHERE change = 'put' AND (expires_at IS NULL OR expires_at > SYSDATE());
