"""Writes the Parquet files beside itself with the C++ writer: pip install pyarrow==17.0.0."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

inner = pa.struct([
    ("dec", pa.decimal128(38, 10)), ("wide", pa.decimal256(50, 3)), ("big", pa.int64()), ("u", pa.uint64()), ("at", pa.timestamp("us", "UTC")),
    ("local", pa.timestamp("ms")), ("raw", pa.binary()), ("day", pa.date32()), ("f", pa.float32()), ("x", pa.float64()), ("t", pa.time64("us")), ("s", pa.string()),
])
schema = pa.schema([
    ("n", pa.int32()),
    ("tag", pa.dictionary(pa.int32(), pa.string())),
    ("half", pa.float16()),
    ("s", inner),
    ("l", pa.list_(inner)),
    ("m", pa.map_(pa.string(), pa.list_(pa.int64()))),
    ("ll", pa.list_(pa.list_(pa.string()))),
])
utc = dt.timezone.utc
value = {
    "dec": Decimal("0.0000000001"), "wide": Decimal("12345678901234567890123456789012345678901234567.891"), "big": 9007199254740993, "u": 18446744073709551615,
    "at": dt.datetime(1969, 12, 31, 23, 59, 59, 999999, utc), "local": dt.datetime(2024, 5, 1, 10), "raw": b"\xff\x00", "day": dt.date(1582, 10, 15),
    "f": 0.1, "x": float("nan"), "t": dt.time(23, 59, 59, 1), "s": "\u00e9\"\\\n<\u2028",
}
rows = [
    {"n": 1, "tag": "red", "half": None, "s": value, "l": [value, None], "m": [("b", [1, None]), ("a", None)], "ll": [["x"], [], None]},
    {"n": 2, "tag": None, "half": None, "s": None, "l": [], "m": None, "ll": None},
    {"n": 3, "tag": "red", "half": None, "s": {k: None for k in value}, "l": None, "m": [], "ll": [[None]]},
]
table = pa.Table.from_pylist(rows, schema=schema)
pq.write_table(table, "pyarrow.parquet", store_schema=False, data_page_version="2.0", compression="zstd", row_group_size=2)

old = pa.table({"old": pa.array([dt.datetime(2024, 5, 1, 0, 0, 0, 1), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999999)], pa.timestamp("ns"))})
pq.write_table(old, "int96.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
