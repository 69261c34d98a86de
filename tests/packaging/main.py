"""Runs all tests of this folder, or those whose names are given, and prints the sum in one line."""

import concurrent.futures
import io
import os
import sys
import unittest

import shared


def classes(suite: unittest.TestSuite) -> list[unittest.TestSuite]:
    """Returns one suite for each class of tests."""
    found: dict[type, unittest.TestSuite] = {}
    waiting: list = [suite]
    while waiting:
        each = waiting.pop()
        if isinstance(each, unittest.TestSuite):
            waiting.extend(each)
        else:
            found.setdefault(type(each), unittest.TestSuite()).addTest(each)
    return list(found.values())


def run(suite: unittest.TestSuite) -> unittest.TestResult:
    """Runs a suite and prints its report in one piece."""
    report = io.StringIO()
    result = unittest.TextTestRunner(stream=report, verbosity=2).run(suite)
    print(report.getvalue(), flush=True)
    return result


def main() -> int:
    """Returns the exit code."""
    loader = unittest.TestLoader()
    if sys.argv[1:]:
        loader.testNamePatterns = [f"*{name}*" for name in sys.argv[1:]]
    try:
        shared.prepare()
        suites = classes(loader.discover(str(shared.HERE), pattern="test_*.py"))
        # The tests wait for programs that they start: threads are enough to use all cores.
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(run, suites))
    finally:
        shared.clean()
    skipped = [each for result in results for each in result.skipped]
    for test, reason in skipped:
        print(f"SKIPPED: {test.id()}: {reason}")
    failed = sum(len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses) for result in results)
    passed = max(sum(result.testsRun for result in results) - failed - len(skipped), 0)
    print(f"packaging: {passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


sys.exit(main())
