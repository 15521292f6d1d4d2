-- P by splitting on `][` and counting the fields behind the url from the right.
COPY (
  SELECT part[1][1:24] AS timestamp, part[1][27:] AS level, part[2] AS host, part[3] AS pid, part[4] AS org, part[5] AS env,
      array_to_string(part[6:len(part) - 10], '][') AS url, part[-10] AS clientIp, part[-9] AS clientId, part[-8] AS correlationId,
      part[-7] AS component, part[-6] AS message, part[-5] AS method, part[-4] AS status, part[-3] AS errorMessage,
      part[-2] AS errorCode, part[-1][:-2] AS timeTakenMs
  FROM (
    SELECT string_split(line, '][') AS part
    FROM read_csv('{log}', columns = {'line': 'VARCHAR'}, delim = E'\x01', quote = '', escape = '', header = false, auto_detect = false)
    WHERE substr(line, 25, 2) = ' ['
  )
) TO '{output}' (FORMAT json)
