-- P with one regular expression. DuckDB reads each line as one column; the delimiter is a byte that cannot occur.
COPY (
  SELECT unnest(regexp_extract(line,
      '^(\S+) \[([a-z_]+)\]\[(.*?)\]\[(\d+)\]\[([^\]]*)\]\[([^\]]*)\]\[(.*?)\]\[((?:\d{1,3}\.){3}\d{1,3}|)\]\[(.*)\]\[([0-9a-f-]{36}|)\]\[(plugins-middleware|microgateway-core)\]\[([^\]]*)\]\[([A-Z]*)\]\[(\d*)\]\[(.*?)\]\[([A-Z_]*)\]\[(\d*)\]$',
      ['timestamp', 'level', 'host', 'pid', 'org', 'env', 'url', 'clientIp', 'clientId', 'correlationId', 'component', 'message',
        'method', 'status', 'errorMessage', 'errorCode', 'timeTakenMs']))
  FROM read_csv('{log}', columns = {'line': 'VARCHAR'}, delim = E'\x01', quote = '', escape = '', header = false, auto_detect = false)
  WHERE substr(line, 25, 2) = ' ['
) TO '{output}' (FORMAT json)
