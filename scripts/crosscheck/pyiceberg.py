"""Reads an Iceberg table with PyIceberg, a reader that shares no code with Headwater.

    python scripts/crosscheck/pyiceberg.py s3://bucket/path/metadata/00001-….metadata.json [--rows]

The bucket is reached as the AWS variables say: AWS_ENDPOINT_URL_S3,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION; on the
laptop stack also AWS_RESPONSE_CHECKSUM_VALIDATION=when_required, since its S3
answers a range with the checksum of the whole object.
Prints one JSON object:

    {"rows": 4, "snapshots": 2, "run_ids": ["run_1"], "columns": {"n": {"type": "long",
     "required": false, "nulls": 1, "distinct": 3, "min": "1", "max": "7"}}}

With --rows it has the rows too, as "data": [{"n": "1"}], values as text.
"""

import json
import os
import sys

if not sys.flags.safe_path:
    sys.path.pop(0)  # this file's directory: the file has the name of the package

import pyarrow.compute as pc  # noqa: E402
from pyiceberg.table import StaticTable  # noqa: E402

SETTINGS = {
    "s3.endpoint": "AWS_ENDPOINT_URL_S3",
    "s3.access-key-id": "AWS_ACCESS_KEY_ID",
    "s3.secret-access-key": "AWS_SECRET_ACCESS_KEY",
    "s3.session-token": "AWS_SESSION_TOKEN",
    "s3.region": "AWS_REGION",
}


def text(value):
    """A value as text; bytes in hex."""
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else str(value)


def column(values, field):
    summary = {
        "type": str(field.field_type),
        "required": field.required,
        "nulls": values.null_count,
        "distinct": pc.count_distinct(values, mode="only_valid").as_py(),
    }
    present = [v for v in values.to_pylist() if v is not None]
    summary["min"] = text(min(present, default=None))
    summary["max"] = text(max(present, default=None))
    return summary


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--rows"]):
        sys.exit("usage: pyiceberg.py METADATA_LOCATION [--rows]")
    properties = {key: os.environ[name] for key, name in SETTINGS.items() if os.environ.get(name)}
    table = StaticTable.from_metadata(sys.argv[1], properties)
    rows = table.scan().to_arrow()
    runs = [s.summary.additional_properties.get("headwater.run-id") for s in table.metadata.snapshots]
    summary = {
        "rows": rows.num_rows,
        "snapshots": len(runs),
        "run_ids": runs,
        "columns": {f.name: column(rows[f.name], f) for f in table.schema().fields},
    }
    if sys.argv[2:]:
        summary["data"] = [{name: text(value) for name, value in row.items()} for row in rows.to_pylist()]
    print(json.dumps(summary, ensure_ascii=False))


main()
