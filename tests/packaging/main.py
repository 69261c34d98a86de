"""Runs all tests of this folder, or those whose names are given, and prints the sum in one line."""

import sys
import unittest

import shared


def main() -> int:
    """Returns the exit code."""
    shared.prepare()
    loader = unittest.TestLoader()
    if sys.argv[1:]:
        loader.testNamePatterns = [f"*{name}*" for name in sys.argv[1:]]
    suite = loader.discover(str(shared.HERE), pattern="test_*.py")
    try:
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    finally:
        shared.clean()
    for test, reason in result.skipped:
        print(f"SKIPPED: {test.id()}: {reason}")
    # An error in the preparation of a class counts once.
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    passed = max(result.testsRun - failed - len(result.skipped), 0)
    print(f"packaging: {passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


sys.exit(main())
