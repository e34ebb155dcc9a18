"""How a table of rows is written, by the ending of its file: Parquet, text, Arrow."""

import gzip
import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq

ROW_GROUP = 1 << 20
"""Rows of a row group: what DuckDB and pyarrow write by default, within a factor."""


class Parquet:
    def __init__(self, path, schema, options):
        self.writer = pq.ParquetWriter(path, schema, **options)

    def write(self, table):
        self.writer.write_table(table, row_group_size=ROW_GROUP)

    def close(self):
        self.writer.close()


class Csv:
    """Without quotes, as most programs write numbers and plain words."""

    def __init__(self, path, schema, options):
        self.file = self.open(path)
        header = pa.csv.WriteOptions(include_header=True, quoting_style="none")
        self.writer = pa.csv.CSVWriter(self.file, schema, write_options=header)

    def open(self, path):
        return open(path, "wb")

    def write(self, table):
        self.writer.write_table(table)

    def close(self):
        self.writer.close()
        self.file.close()


class GzipCsv(Csv):
    def open(self, path):
        return gzip.open(path, "wb", compresslevel=6)


class JsonLines:
    def __init__(self, path, schema, options):
        self.file = open(path, "w")

    def write(self, table):
        columns = [(json.dumps(name), table[name].to_pylist()) for name in table.column_names]
        form = "{{" + ",".join(name + ":{}" for name, _ in columns) + "}}\n"
        texts = [
            map(json.dumps, values) if isinstance(values[0], str) else values
            for _, values in columns
        ]
        self.file.writelines(map(form.format, *texts))

    def close(self):
        self.file.close()


class Arrow:
    def __init__(self, path, schema, options):
        self.writer = pa.ipc.new_file(str(path), schema)

    def write(self, table):
        self.writer.write_table(table, max_chunksize=ROW_GROUP)

    def close(self):
        self.writer.close()


FORMS = {"parquet": Parquet, "csv": Csv, "csv.gz": GzipCsv, "jsonl": JsonLines, "arrow": Arrow}
