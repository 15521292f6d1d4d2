# mawk -v job=P|J -f edgemicro.awk LOG
#
# P: every event record as NDJSON. J: joined target and client halves of the warn and error lines as NDJSON.
# Fields stand between `][`. Those behind the url are counted from the right, because a url may hold `][` itself.
# A key or Host that holds `][` is read wrongly: telling those apart takes more than counting.
BEGIN { FS = "\\]\\[" }

job == "J" && $1 !~ / \[(warn|error)$/ { next }
NF < 16 { next }

{
  extra = NF - 16
  blank = index($1, " [")
  timestamp = substr($1, 1, blank - 1)
  level = substr($1, blank + 2)
  url = $6
  for (field = 7; field <= 6 + extra; field++) url = url "][" $field
  correlationId = $(9 + extra)
  component = $(10 + extra)
  message = $(11 + extra)
  timeTakenMs = substr($NF, 1, length($NF) - 1)
}

job == "P" {
  printf "{\"timestamp\":\"%s\",\"level\":\"%s\",\"host\":\"%s\",\"pid\":\"%s\",\"org\":\"%s\",\"env\":\"%s\",\"url\":\"%s\",", timestamp, level, json($2), $3, $4, $5, json(url)
  printf "\"clientIp\":\"%s\",\"clientId\":\"%s\",\"correlationId\":\"%s\",\"component\":\"%s\",\"message\":\"%s\",", json($(7 + extra)), json($(8 + extra)), correlationId, component, json(message)
  printf "\"method\":\"%s\",\"status\":\"%s\",\"errorMessage\":\"%s\",\"errorCode\":\"%s\",\"timeTakenMs\":\"%s\"}\n", $(12 + extra), $(13 + extra), json($(14 + extra)), $(15 + extra), timeTakenMs
  next
}

component == "plugins-middleware" && message == "targetRequest error" {
  target[correlationId] = $2
  targetCode[correlationId] = $(15 + extra)
  took[correlationId] = timeTakenMs
  next
}

component == "microgateway-core" && correlationId in target {
  printf "{\"timestamp\":\"%s\",\"correlationId\":\"%s\",\"target\":\"%s\",\"host\":\"%s\",\"url\":\"%s\",\"method\":\"%s\",", timestamp, correlationId, target[correlationId], json($2), json(url), $(12 + extra)
  printf "\"status\":\"%s\",\"errorMessage\":\"%s\",\"code\":\"%s\",\"targetCode\":\"%s\",\"timeTakenMs\":\"%s\"}\n", $(13 + extra), json($(14 + extra)), $(15 + extra), targetCode[correlationId], took[correlationId]
  delete target[correlationId]
  delete targetCode[correlationId]
  delete took[correlationId]
}

# The text of a JSON string; only what these logs hold needs escaping.
function json(text) {
  if (text ~ /["\\\t]/) {
    gsub(/\\/, "\\\\\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/\t/, "\\t", text)
  }
  return text
}
