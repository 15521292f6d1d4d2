"""polars-run.py P|J LOG OUTPUT: polars, split on `][`, fields behind the url counted from the right, on two threads."""

import os
import sys

os.environ["POLARS_MAX_THREADS"] = "2"

import polars  # noqa: E402  (reads its thread count when imported)

FROM_LEFT = {"host": 1, "pid": 2, "org": 3, "env": 4}
FROM_RIGHT = {
    "clientIp": -10,
    "clientId": -9,
    "correlationId": -8,
    "component": -7,
    "message": -6,
    "method": -5,
    "status": -4,
    "errorMessage": -3,
    "errorCode": -2,
}


def main(job, log, output):
    lines = polars.scan_csv(
        log, has_header=False, separator="\x01", quote_char=None, new_columns=["line"], schema={"line": polars.String}
    )
    events = parse(lines.filter(wanted(job)))
    (events if job == "P" else join(events)).sink_ndjson(output)


def wanted(job):
    rest = polars.col("line").str.slice(24, 9)
    if job == "P":
        return rest.str.starts_with(" [")
    return rest.str.starts_with(" [warn][") | rest.str.starts_with(" [error][")


def parse(lines):
    part = polars.col("part")
    split = lines.select(polars.col("line").str.split("][").alias("part"))
    return split.select(
        part.list.get(0).str.slice(0, 24).alias("timestamp"),
        part.list.get(0).str.slice(26).alias("level"),
        part.list.slice(5, part.list.len() - 15).list.join("][").alias("url"),
        part.list.get(-1).str.strip_chars_end("]").alias("timeTakenMs"),
        *[part.list.get(index).alias(name) for name, index in (FROM_LEFT | FROM_RIGHT).items()],
    )


def join(events):
    client = events.filter(polars.col("component") == "microgateway-core", polars.col("correlationId") != "")
    target = events.filter(
        polars.col("component") == "plugins-middleware", polars.col("message") == "targetRequest error"
    ).select(
        "correlationId",
        polars.col("host").alias("target"),
        polars.col("errorCode").alias("targetCode"),
        polars.col("timeTakenMs").alias("targetTimeTakenMs"),
    )
    joined = client.join(target, on="correlationId")
    return joined.select(
        *["timestamp", "correlationId", "target", "host", "url", "method", "status", "errorMessage"],
        polars.col("errorCode").alias("code"),
        "targetCode",
        polars.col("targetTimeTakenMs").alias("timeTakenMs"),
    )


main(*sys.argv[1:4])
