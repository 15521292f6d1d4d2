-- Times are UTC. NULL means: not in the log.

CREATE TABLE failures (
  id VARCHAR PRIMARY KEY,
  "timestamp" TIMESTAMP NOT NULL,
  duration_ns BIGINT,
  request_id VARCHAR,
  method VARCHAR,
  status_code BIGINT,
  path VARCHAR,
  query VARCHAR,
  error_code VARCHAR,
  error_message VARCHAR,
  server_address VARCHAR,
  server_port BIGINT,
  client_ip VARCHAR,
  client_key VARCHAR,
  target VARCHAR,
  target_source VARCHAR NOT NULL,
  proxy VARCHAR,
  org VARCHAR,
  env VARCHAR,
  gateway VARCHAR,
  worker VARCHAR,
  halves VARCHAR NOT NULL,
  phase VARCHAR,
  cause VARCHAR NOT NULL,
  confidence DOUBLE NOT NULL,
  evidence VARCHAR NOT NULL,
  target_halves VARCHAR NOT NULL,
  client_half VARCHAR,
  log_level VARCHAR NOT NULL,
  log_path VARCHAR NOT NULL,
  log_offset BIGINT NOT NULL
);

CREATE TABLE traffic (
  id VARCHAR PRIMARY KEY,
  "timestamp" TIMESTAMP NOT NULL,
  target VARCHAR,
  proxy VARCHAR,
  org VARCHAR,
  env VARCHAR,
  gateway VARCHAR,
  "partition" VARCHAR NOT NULL,
  requests BIGINT NOT NULL,
  responses BIGINT NOT NULL,
  basis VARCHAR NOT NULL
);

CREATE VIEW failures_by_target AS
SELECT target, count(*) AS failures, min("timestamp") AS first_failure, max("timestamp") AS last_failure
FROM failures
GROUP BY target
ORDER BY failures DESC, target;

CREATE VIEW failures_by_cause AS
SELECT cause, error_code, target, count(*) AS failures, min("timestamp") AS first_failure, max("timestamp") AS last_failure
FROM failures
GROUP BY cause, error_code, target
ORDER BY failures DESC, cause, error_code, target;

CREATE VIEW failures_per_minute AS
SELECT date_trunc('minute', "timestamp") AS "minute", target, count(*) AS failures
FROM failures
GROUP BY "minute", target
ORDER BY "minute", failures DESC, target;

CREATE VIEW traffic_per_minute AS
SELECT "timestamp" AS "minute", target, sum(requests)::BIGINT AS requests, sum(responses)::BIGINT AS responses
FROM traffic
GROUP BY "minute", target
ORDER BY "minute", requests DESC, target;

-- A rate stands only where its denominator is known: for a target that is known, of gateways whose requests are all
-- counted, and no fewer than failed.
CREATE VIEW frequency_per_minute AS
WITH failed AS (
  SELECT date_trunc('minute', "timestamp") AS "minute", target, gateway, count(*) AS failures
  FROM failures
  GROUP BY "minute", target, gateway
),
requested AS (
  SELECT "timestamp" AS "minute", target, gateway, sum(requests) AS requests
  FROM traffic
  GROUP BY "minute", target, gateway
),
counted AS (
  SELECT
    coalesce(f."minute", t."minute") AS "minute",
    coalesce(f.target, t.target) AS target,
    coalesce(sum(f.failures), 0)::BIGINT AS failures,
    CASE WHEN NOT bool_or(f.failures IS NOT NULL AND t.requests IS NULL) THEN sum(t.requests)::BIGINT END AS requests
  FROM failed f
  FULL JOIN requested t
    ON f."minute" = t."minute" AND f.target IS NOT DISTINCT FROM t.target AND f.gateway IS NOT DISTINCT FROM t.gateway
  GROUP BY ALL
)
SELECT
  "minute",
  target,
  failures,
  requests,
  CASE WHEN target IS NOT NULL AND failures <= requests THEN failures / nullif(requests, 0) END AS rate
FROM counted
ORDER BY "minute", target;
