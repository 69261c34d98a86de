#!/usr/bin/env python3
"""The end-to-end test of the example: the page has a greeting."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
    page = answer.read().decode()
if "<h1>Hello" not in page:
    sys.exit(f"no greeting in {page!r}")
print("the page has its greeting")
