#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""validate.py SCHEMA FILE...: checks JSON arrays and JSON Lines against the schema of one result.

Exit 0: all valid, 1: not, 77: python3-jsonschema is not installed. "-" reads standard input.
"""
import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


def refuse_doubles(pairs):
    """A member that stands twice in one object is valid JSON, and wrong."""
    names = [name for name, _ in pairs]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise ValueError(f"members stand twice: {', '.join(sorted(doubles))}")
    return dict(pairs)


def load(path):
    """The results in a file: an array, or one object a line."""
    text = sys.stdin.read() if path == "-" else open(path, encoding="utf-8", errors="strict").read()
    if text.startswith("["):
        return json.loads(text, object_pairs_hook=refuse_doubles)
    return [json.loads(line, object_pairs_hook=refuse_doubles) for line in text.split("\n") if line]


def main(schema_path, paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    failed = total = 0
    for path in paths:
        for index, result in enumerate(load(path)):
            total += 1
            for error in validator.iter_errors(result):
                failed += 1
                print(f"{path}: result {index}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    print(f"{total} results, {failed} errors")
    return 0 if failed == 0 and total > 0 else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
