-- Once per account, by its administrator, in a worksheet: what the migrations cannot make because they must be it, and what only the
-- administrator may. Then, as a user with the role SOPHIA_MIGRATIONS: sophia snowflake apply --connection "…;role=SOPHIA_MIGRATIONS;warehouse=SOPHIA_AI_MIRROR_WH".
-- It was not run in an account; the local Snowflake takes part 1.

-- 1. The database, the role of the migrations with the rights to make what they make, and a warehouse to begin with.
USE ROLE ACCOUNTADMIN;
CREATE ROLE IF NOT EXISTS SOPHIA_MIGRATIONS COMMENT = 'Applies Sophia''s migrations.';
CREATE DATABASE IF NOT EXISTS SOPHIA;
GRANT USAGE, CREATE SCHEMA ON DATABASE SOPHIA TO ROLE SOPHIA_MIGRATIONS;
GRANT CREATE WAREHOUSE ON ACCOUNT TO ROLE SOPHIA_MIGRATIONS;
GRANT CREATE ROLE ON ACCOUNT TO ROLE SOPHIA_MIGRATIONS;
GRANT ROLE SOPHIA_MIGRATIONS TO ROLE SYSADMIN;
CREATE WAREHOUSE IF NOT EXISTS SOPHIA_AI_MIRROR_WH WITH WAREHOUSE_SIZE = 'X-SMALL' AUTO_SUSPEND = 60 AUTO_RESUME = TRUE INITIALLY_SUSPENDED = TRUE;
-- With the right to grant it on: the migrations let the service use it.
GRANT USAGE, OPERATE ON WAREHOUSE SOPHIA_AI_MIRROR_WH TO ROLE SOPHIA_MIGRATIONS WITH GRANT OPTION;
GRANT USAGE ON DATABASE SOPHIA TO ROLE SOPHIA_MIGRATIONS WITH GRANT OPTION;

-- 2. After the migrations: a limit on what the warehouses may cost in a month, and the right to call models. No resource monitor
-- covers AI credits: Sophia's own budgets do (docs/configuration.md, Cortex).
CREATE RESOURCE MONITOR IF NOT EXISTS SOPHIA_WAREHOUSES WITH CREDIT_QUOTA = 100 FREQUENCY = MONTHLY START_TIMESTAMP = IMMEDIATELY
  TRIGGERS ON 80 PERCENT DO NOTIFY ON 100 PERCENT DO SUSPEND;
ALTER WAREHOUSE SOPHIA_AI_H200_WH SET RESOURCE_MONITOR = SOPHIA_WAREHOUSES;
ALTER WAREHOUSE SOPHIA_AI_CORTEX_WH SET RESOURCE_MONITOR = SOPHIA_WAREHOUSES;
ALTER WAREHOUSE SOPHIA_AI_ANALYTICS_WH SET RESOURCE_MONITOR = SOPHIA_WAREHOUSES;
ALTER WAREHOUSE SOPHIA_AI_MIRROR_WH SET RESOURCE_MONITOR = SOPHIA_WAREHOUSES;
GRANT DATABASE ROLE SNOWFLAKE.CORTEX_USER TO ROLE SOPHIA_SERVICE;

-- 3. The service's user: no password, a key pair. Put the public key in place of the dots.
-- CREATE USER SOPHIA TYPE = SERVICE DEFAULT_ROLE = SOPHIA_SERVICE DEFAULT_WAREHOUSE = SOPHIA_AI_MIRROR_WH RSA_PUBLIC_KEY = '…';
-- GRANT ROLE SOPHIA_SERVICE TO USER SOPHIA;

-- 4. So that SQL can call the GPU, the integration or the access rule that `sophia snowflake functions` prints for your form.
