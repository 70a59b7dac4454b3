"""Goal: AWS's SDK and command line, which know nothing of us, find S3. Method: boto3, aws and plain HTTP against
`cloudshelf-region objects`, started here on an address and in a folder of its own; what is expected is what the API
reference documents.

    python3 conformance.py PROGRAM [unittest's arguments]

Ends with 77, skipped, where boto3 is not installed."""
import os
import sys
import unittest

import support

if len(sys.argv) > 1:
    support.PROGRAM = sys.argv.pop(1)

from aws_cases import *  # noqa: E402,F401,F403
from list_cases import *  # noqa: E402,F401,F403
from multipart_cases import *  # noqa: E402,F401,F403
from object_cases import *  # noqa: E402,F401,F403
from permission_cases import *  # noqa: E402,F401,F403
from region_cases import *  # noqa: E402,F401,F403
from setting_cases import *  # noqa: E402,F401,F403
from version_cases import *  # noqa: E402,F401,F403
from wire_cases import *  # noqa: E402,F401,F403


def main():
    support.Case.region = support.Region("--lifecycle-day-seconds", "1", host=f"127.67.{os.getpid() % 250}.1")
    try:
        ended = unittest.main(verbosity=2, exit=False)
    finally:
        support.Case.region.stop()
    return 0 if ended.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
