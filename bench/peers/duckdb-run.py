"""duckdb-run.py SQL LOG OUTPUT: runs one of the SQL files of this folder in memory, on two threads."""

import pathlib
import sys

import duckdb

script, log, output = sys.argv[1:4]
connection = duckdb.connect()
connection.execute("SET threads = 2; SET preserve_insertion_order = false")
sql = pathlib.Path(script).read_text()
connection.execute(sql.replace("{log}", log).replace("{output}", output))
