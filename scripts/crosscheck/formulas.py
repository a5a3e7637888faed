"""Reads the golden data file of shared/lake/datafile with PyArrow, and prints the columns that hold other than formulas() of its test says."""

import datetime
import decimal
import sys

import pyarrow.parquet

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def nano(n):
    return decimal.Decimal(n).scaleb(-9)


REQUIRED = {
    "n": lambda n: n,
    "id": lambda n: f"usr_{n * 7919 % 1000003:x}",
    "step": lambda n: n % 10 / 4,
    "price": lambda n: decimal.Decimal(n % 5 * 199).scaleb(-2),
    "weekday": lambda n: EPOCH.date() + datetime.timedelta(days=n % 7),
}
NULLABLE = {
    "city": lambda n: ["Wien", "Graz", "Linz"][n % 3],
    "note": lambda n: f"note {n} of {n % 9}",
    "plan": lambda n: n % 4 * 1_000_000_007,
    "ratio": lambda n: n / 7,
    "money": lambda n: nano((n - 1500) * 1_000_000_007),
    "yes": lambda n: n % 3 == 0,
    "day": lambda n: EPOCH.date() + datetime.timedelta(days=n * 17 - 20_000),
    "moment": lambda n: EPOCH + (n - 1000) * 1_000_003_000_017 * MICROSECOND,
    "clock": lambda n: (EPOCH + n * 28_000_001 * MICROSECOND).time(),
    "raw": lambda n: str(n * 31).encode(),
    "nothing": lambda n: None,
}

table = pyarrow.parquet.read_table(sys.argv[1])
wanted = {name: [f(n) for n in range(3000)] for name, f in REQUIRED.items()}
wanted |= {name: [None if n % 5 == 0 else f(n) for n in range(3000)] for name, f in NULLABLE.items()}
assert sorted(wanted) == sorted(table.column_names), table.column_names
for name, values in wanted.items():
    if table.column(name).to_pylist() != values:
        print(name)
