#!/usr/bin/env python3
"""A function's package from a program: bootstrap, the program, and every library that it needs, the loader included,
so that it starts on any x86-64 or arm64 Linux (AWS's provided.al2023 has an older C library than the builder may have).
The same input makes the same bytes, so that the digest tells whether anything changed.

    tools/package_function.py PROGRAM ARGUMENT OUT.zip
"""
import os
import re
import subprocess
import sys
import zipfile

BOOTSTRAP = """#!/bin/sh
cd "${{LAMBDA_TASK_ROOT:-$(dirname "$0")}}" || exit 1
exec lib/{loader} --library-path lib bin/{program} {argument}
"""


def libraries(program):
    """The files that the dynamic loader would load, the loader among them."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    missing = re.findall(r"^\s*(\S+) => not found", listed, re.MULTILINE)
    if missing:
        sys.exit(f"{program}: not found: {', '.join(missing)}")
    return sorted(set(re.findall(r"(/\S+) \(0x", listed)))


def stripped(program, to):
    subprocess.run(["strip", "--strip-unneeded", "-o", to, program], check=True)
    with open(to, "rb") as file:
        content = file.read()
    os.unlink(to)
    return content


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    program, argument, out = sys.argv[1:]
    files = {}
    loader = None
    for path in libraries(program):
        name = os.path.basename(path)
        if name.startswith("ld-linux"):
            loader = name
        with open(path, "rb") as file:
            files[f"lib/{name}"] = (file.read(), 0o755)
    if loader is None:
        sys.exit(f"{program}: no dynamic loader")
    name = os.path.basename(program)
    files[f"bin/{name}"] = (stripped(program, out + ".program"), 0o755)
    files["bootstrap"] = (BOOTSTRAP.format(loader=loader, program=name, argument=argument).encode(), 0o755)
    with zipfile.ZipFile(out + ".part", "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for path, (content, mode) in sorted(files.items()):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    os.replace(out + ".part", out)


if __name__ == "__main__":
    main()
