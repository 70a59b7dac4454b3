"""What the tests beside it stand on: regions of objects of their own, clients of several accounts, and plain HTTP."""
import collections
import hashlib
import hmac
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import xml.etree.ElementTree

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
    import botocore
except ImportError:
    print("skipped: boto3 is not installed")
    sys.exit(77)

PROGRAM = "bin/cloudshelf-region"  # conformance.py and clients.py say which
REGION = "us-east-1"
OWNER = ("AKIAADMIN", "admin-secret")
READER = ("AKIAREADER", "reader-secret")
STRANGER = ("AKIASTRANGER", "stranger-secret")
OWNER_ID, STRANGER_ID = "a" * 64, "b" * 64
KEYS = f"""[admin]
aws_access_key_id = {OWNER[0]}
aws_secret_access_key = {OWNER[1]}
cloudshelf_account = 111122223333
cloudshelf_canonical_id = {OWNER_ID}
cloudshelf_display_name = owner
[reader]
aws_access_key_id = {READER[0]}
aws_secret_access_key = {READER[1]}
cloudshelf_permissions = read
cloudshelf_account = 111122223333
cloudshelf_canonical_id = {OWNER_ID}
cloudshelf_display_name = owner
[stranger]
aws_access_key_id = {STRANGER[0]}
aws_secret_access_key = {STRANGER[1]}
cloudshelf_account = 444455556666
cloudshelf_canonical_id = {STRANGER_ID}
cloudshelf_display_name = stranger
"""
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"

Answer = collections.namedtuple("Answer", "status headers body")


def objects_command():
    """The program's first words: objects_alone is the part itself."""
    alone = os.path.basename(PROGRAM) == "objects_alone"
    return [PROGRAM] if alone else [PROGRAM, "objects"]


class Region:
    """A region of objects in a temporary folder, on an address of its own, until `stop`."""

    def __init__(self, *more, host, region=REGION, port=9000):
        self.host, self.port, self.region = host, port, region
        self.address = f"{host}:{port}"
        self.folder = tempfile.TemporaryDirectory(prefix="cloudshelf-s3-")
        self.data = os.path.join(self.folder.name, "data")
        keys = os.path.join(self.folder.name, "keys")
        with open(os.open(keys, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(KEYS)
        self.log = open(os.path.join(self.folder.name, "log"), "wb")
        self.process = subprocess.Popen(
            [*objects_command(), "--listen", self.address, "--region", region, "--data", self.data,
             "--credentials", keys, "--domain", "s3.test", *more], stderr=self.log)
        eventually(lambda: self.http("GET", "/-/health").status == 200)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        self.folder.cleanup()

    def client(self, who=OWNER, **more):
        """A client of S3 that asks once. `more`: of botocore's Config."""
        more.setdefault("retries", {"max_attempts": 0})
        more.setdefault("s3", {"addressing_style": "path"})
        more.setdefault("signature_version", "s3v4")
        return boto3.client(
            "s3", endpoint_url=f"http://{self.address}", region_name=self.region, aws_access_key_id=who[0],
            aws_secret_access_key=who[1], config=Config(**more))

    def http(self, method, target, body=None, headers=None, host=None):
        """One request as it is, signed by nobody."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            given = {"Host": host or self.address, **(headers or {})}
            if body is not None and "Content-Length" not in given and "Transfer-Encoding" not in given:
                given["Content-Length"] = str(len(body))
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            got = connection.getresponse()
            return Answer(got.status, got.headers, got.read())
        finally:
            connection.close()

    def signed(self, method, target, body=b"", headers=None, who=OWNER, when=None, digest=None):
        """One request whose every byte is ours, signed now or at `when` (seconds since 1970)."""
        return self.http(method, target, body, sign(self, method, target, body, headers or {}, who, when, digest))

    def socket(self):
        return socket.create_connection((self.host, self.port), timeout=20)


def sign(region, method, target, body, headers, who=OWNER, when=None, digest=None):
    """SigV4 as the documentation tells it, written once more, so that no client tidies a request before it is sent."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(when if when is not None else time.time()))
    signed = {name.lower(): value for name, value in headers.items() if name.lower() != "content-length"}
    signed.setdefault("host", region.address)
    signed["x-amz-date"] = at
    signed["x-amz-content-sha256"] = digest or hashlib.sha256(body or b"").hexdigest()
    names = sorted(signed)
    path, _, query = target.partition("?")
    query = "&".join(sorted(part if "=" in part else part + "=" for part in query.split("&") if part))
    path = "/".join(urllib.parse.quote(urllib.parse.unquote_to_bytes(part), safe="~") for part in path.split("/"))
    canonical = "\n".join(
        [method, path, query, *(f"{name}:{signed[name].strip()}" for name in names), "", ";".join(names),
         signed["x-amz-content-sha256"]])
    scope = f"{at[:8]}/{region.region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{who[1]}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    kept = {name: value for name, value in headers.items() if name.lower() == "content-length"}
    return {
        "Host": signed["host"], **kept, **{name: value for name, value in signed.items() if name != "host"},
        "Authorization": f"AWS4-HMAC-SHA256 Credential={who[0]}/{scope}, SignedHeaders={';'.join(names)}, "
                         f"Signature={signature}"}


def eventually(holds, seconds=20):
    """Asks again until it holds."""
    deadline = time.monotonic() + seconds
    while True:
        last = None
        try:
            last = holds()
            if last:
                return last
        except (OSError, ClientError, http.client.HTTPException) as problem:
            last = problem
        if time.monotonic() > deadline:
            raise AssertionError(f"not in time: {last}")
        time.sleep(0.02)


def newer_than(version):
    """Whether botocore is of that version at least: what clients do by themselves changed with it."""
    return tuple(int(part) for part in botocore.__version__.split(".")[:2]) >= version


class Case(unittest.TestCase):
    """Tests against one region that all of them share."""
    region = None  # set by conformance.py

    @classmethod
    def setUpClass(cls):
        cls.s3 = cls.region.client()
        cls.stranger = cls.region.client(STRANGER)

    def bucket(self, suffix="", by=None, **more):
        """A bucket of this test."""
        name = "-".join(self.id().lower().replace("_", "-").split(".")[-2:] + ([suffix] if suffix else []))[:63].strip("-")
        (by or self.s3).create_bucket(Bucket=name, **more)
        return name

    def refused(self, code, message=None, status=None):
        test = self

        class Refusal:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                test.assertIsInstance(error, ClientError, f"{code} was expected")
                test.assertEqual(error.response["Error"]["Code"], code, error)
                if message:
                    test.assertRegex(error.response["Error"]["Message"], message)
                if status:
                    test.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], status)
                self.response = error.response
                return True
        return Refusal()

    def assert_error(self, answer, status, code, message=None):
        """A refusal as S3 writes it: its document, and nothing else."""
        self.assertEqual(answer.status, status, answer.body[:500])
        self.assertEqual(answer.headers["Content-Type"], "application/xml")
        document = xml.etree.ElementTree.fromstring(answer.body)
        self.assertEqual(document.tag, "Error")
        self.assertEqual(document.findtext("Code"), code)
        self.assertEqual(document.findtext("RequestId"), answer.headers["x-amz-request-id"])
        if message:
            self.assertRegex(document.findtext("Message"), message)
        return document

    def put(self, bucket, key, body=b"x", **more):
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body, **more)

    def read(self, bucket, key, **more):
        return self.s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()

    def keys(self, bucket):
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
