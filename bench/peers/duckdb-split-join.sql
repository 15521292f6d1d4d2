-- J by splitting on `][` the warn and error lines.
COPY (
  WITH event AS MATERIALIZED (
    SELECT part[1][1:24] AS timestamp, part[1][27:] AS level, part[2] AS host, part[3] AS pid, part[4] AS org, part[5] AS env,
      array_to_string(part[6:len(part) - 10], '][') AS url, part[-10] AS clientIp, part[-9] AS clientId, part[-8] AS correlationId,
      part[-7] AS component, part[-6] AS message, part[-5] AS method, part[-4] AS status, part[-3] AS errorMessage,
      part[-2] AS errorCode, part[-1][:-2] AS timeTakenMs
    FROM (
      SELECT string_split(line, '][') AS part
      FROM read_csv('{log}', columns = {'line': 'VARCHAR'}, delim = E'\x01', quote = '', escape = '', header = false, auto_detect = false)
      WHERE substr(line, 25, 8) = ' [warn][' OR substr(line, 25, 9) = ' [error]['
    )
  )
  SELECT client.timestamp, client.correlationId, target.host AS target, client.host, client.url, client.method, client.status,
    client.errorMessage, client.errorCode AS code, target.errorCode AS targetCode, target.timeTakenMs
  FROM event AS client JOIN event AS target USING (correlationId)
  WHERE client.component = 'microgateway-core' AND client.correlationId <> ''
    AND target.component = 'plugins-middleware' AND target.message = 'targetRequest error'
) TO '{output}' (FORMAT json)
