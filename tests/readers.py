"""Reads reports with readers from outside of the project, and prints how many records each of them has.

    python3 tests/readers.py FILE...

A file that ends with .csv is read by Python's csv module, .prometheus by prometheus_client, .junit by junitparser. Exits with 1
when a reader refuses a file, and with 77 when a reader is not installed.
"""

import csv
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "target" / "tools"))
try:
    import junitparser
    from prometheus_client.parser import text_string_to_metric_families
except ImportError as error:
    print(f"{error.name} is not installed", file=sys.stderr)
    sys.exit(77)


def read_csv(path):
    """Returns the number of rows: each has every column, and no cell is a formula."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, strict=True)
    for row in rows:
        assert len(row) == len(header), (path, row)
        for cell in row:
            assert not cell.lstrip(" ").startswith(tuple("=+-@\t\n\r")), (path, cell)
    return len(rows)


def read_prometheus(path):
    """Returns the number of samples: no two of them are the same series."""
    seen = set()
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        assert family.documentation and family.type == "gauge", (path, family)
        for sample in family.samples:
            series = (sample.name, tuple(sorted(sample.labels.items())))
            assert series not in seen, (path, series)
            seen.add(series)
    return len(seen)


def read_junit(path):
    """Returns the number of cases: the numbers that the file states are those of its cases."""
    stated = junitparser.JUnitXml.fromfile(str(path))
    sums = (stated.tests, stated.failures, stated.errors)
    cases = [case for suite in stated for case in suite]
    results = [result for case in cases for result in case.result]
    counted = (
        len(cases),
        sum(isinstance(result, junitparser.Failure) for result in results),
        sum(isinstance(result, junitparser.Error) for result in results),
    )
    assert sums == counted, (path, sums, counted)
    return len(cases)


readers = {".csv": read_csv, ".prometheus": read_prometheus, ".junit": read_junit}
for name in sys.argv[1:]:
    path = pathlib.Path(name)
    print(path.name, readers[path.suffix](path))
