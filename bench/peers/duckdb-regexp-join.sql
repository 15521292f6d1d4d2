-- J with one regular expression on the warn and error lines.
COPY (
  WITH event AS MATERIALIZED (
    SELECT unnest(regexp_extract(line,
        '^(\S+) \[([a-z_]+)\]\[(.*?)\]\[(\d+)\]\[([^\]]*)\]\[([^\]]*)\]\[(.*?)\]\[((?:\d{1,3}\.){3}\d{1,3}|)\]\[(.*)\]\[([0-9a-f-]{36}|)\]\[(plugins-middleware|microgateway-core)\]\[([^\]]*)\]\[([A-Z]*)\]\[(\d*)\]\[(.*?)\]\[([A-Z_]*)\]\[(\d*)\]$',
        ['timestamp', 'level', 'host', 'pid', 'org', 'env', 'url', 'clientIp', 'clientId', 'correlationId', 'component', 'message',
        'method', 'status', 'errorMessage', 'errorCode', 'timeTakenMs']))
    FROM read_csv('{log}', columns = {'line': 'VARCHAR'}, delim = E'\x01', quote = '', escape = '', header = false, auto_detect = false)
    WHERE substr(line, 25, 8) = ' [warn][' OR substr(line, 25, 9) = ' [error]['
  )
  SELECT client.timestamp, client.correlationId, target.host AS target, client.host, client.url, client.method, client.status,
    client.errorMessage, client.errorCode AS code, target.errorCode AS targetCode, target.timeTakenMs
  FROM event AS client JOIN event AS target USING (correlationId)
  WHERE client.component = 'microgateway-core' AND client.correlationId <> ''
    AND target.component = 'plugins-middleware' AND target.message = 'targetRequest error'
) TO '{output}' (FORMAT json)
