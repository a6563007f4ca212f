-- Which node a pool and a reading are of. pool_name is {node}/{gpu}/{pool}, with a long node's name shortened to fit its 50 characters.
ALTER TABLE SOPHIA_AI_MEMORY.GPU_MEMORY_POOLS ADD COLUMN IF NOT EXISTS node_id VARCHAR(253);
ALTER TABLE SOPHIA_AI_MEMORY.GPU_PERFORMANCE_METRICS ADD COLUMN IF NOT EXISTS node_id VARCHAR(253);
