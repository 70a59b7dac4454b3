"""Goal: AWS's SDK and command line, which know nothing of us, find Lambda. Method: boto3 and aws against
`cloudshelf-region functions`, started here on an address and in a folder of its own; what is expected is what the API
reference documents. The function is a script that answers what it was sent, and fails when it is asked to.

    python3 conformance.py PROGRAM [unittest's arguments]

PROGRAM is cloudshelf-region, or functions_alone with any runner. Ends with 77, skipped, where boto3 is not installed."""
import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import zipfile

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: boto3 is not installed")
    sys.exit(77)

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "bin/cloudshelf-region"
ADDRESS = f"127.69.{os.getpid() % 250}.1:9001"
REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/functions"
KEYS = """[admin]
aws_access_key_id = AKIAADMIN
aws_secret_access_key = admin-secret
[caller]
aws_access_key_id = AKIACALLER
aws_secret_access_key = caller-secret
cloudshelf_permissions = write
[reader]
aws_access_key_id = AKIAREADER
aws_secret_access_key = reader-secret
cloudshelf_permissions = read
"""
# A runtime in a few lines of bash (Lambda developer guide, "Building a custom runtime").
BOOTSTRAP = """#!/bin/bash
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
    head=$(mktemp)
    event=$(curl -sS -LD "$head" "$api/invocation/next") || exit 1
    id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$head" | tr -d '[:space:]' | cut -d: -f2)
    rm -f "$head"
    echo "event $event" >&2
    case $event in
        '{"fail"'*) curl -sS -o /dev/null "$api/invocation/$id/error" -H 'Lambda-Runtime-Function-Error-Type: Asked' \\
            -d '{"errorMessage": "as asked", "errorType": "Asked"}' ;;
        *) curl -sS -o /dev/null "$api/invocation/$id/response" -d "$event" ;;
    esac
done
"""


def package(extra="", mode=0o755, files=None):
    """A zip with a bootstrap; another one for each `extra`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in {"bootstrap": BOOTSTRAP, "extra.txt": extra, **(files or {})}.items():
            info = zipfile.ZipInfo(name, (2026, 11, 23, 0, 0, 0))
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, text)
    return out.getvalue()


def client(key="AKIAADMIN", secret="admin-secret"):
    return boto3.client(
        "lambda", endpoint_url=f"http://{ADDRESS}", region_name=REGION, aws_access_key_id=key,
        aws_secret_access_key=secret, config=Config(retries={"max_attempts": 0}))


def start():
    command = [PROGRAM] if os.path.basename(PROGRAM) == "functions_alone" else [PROGRAM, "functions"]
    server = subprocess.Popen(
        [*command, "--listen", ADDRESS, "--region", REGION, "--data", os.path.join(folder.name, "data"),
         "--credentials", os.path.join(folder.name, "keys"), "--retry-seconds", "1", "--concurrency", "40"],
        stderr=log)
    eventually(lambda: get("/-/health").status == 200)
    return server


def stop():
    server.terminate()
    server.wait(20)


def setUpModule():
    global folder, server, log
    folder = tempfile.TemporaryDirectory()
    os.chmod(folder.name, 0o711)  # functions run as users of their own
    with open(os.open(os.path.join(folder.name, "keys"), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(KEYS)
    log = open(os.path.join(folder.name, "log"), "wb")
    server = start()


def tearDownModule():
    stop()
    log.close()
    folder.cleanup()


def get(path):
    return urllib.request.urlopen(f"http://{ADDRESS}{path}", timeout=10)


def eventually(holds, seconds=20):
    """Asks again until it holds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := holds():
                return found
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError("not in time")
        time.sleep(0.02)


def metric(name):
    for line in get("/-/metrics").read().decode().splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    return 0.0


class Case(unittest.TestCase):
    def setUp(self):
        self.aws = client()
        self.name = self.id().split(".", 1)[1].replace(".", "-")[-60:]

    def create(self, name=None, code=None, **more):
        return self.aws.create_function(
            FunctionName=name or self.name, Runtime="provided.al2023", Role=ROLE, Handler="bootstrap",
            Code={"ZipFile": code or package()}, Timeout=10, **more)

    def refused(self, code, status=None):
        test = self

        class Refusal:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                test.assertIsInstance(error, ClientError, f"{code} was expected")
                test.assertEqual(error.response["Error"]["Code"], code, error)
                if status:
                    test.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], status)
                self.message = error.response["Error"]["Message"]
                self.response = error.response
                return True
        return Refusal()


class Functions(Case):
    def test_is_made_and_found(self):
        code = package()
        made = self.create(code=code, Description="carts", Environment={"Variables": {"TABLE": "Carts"}},
                           Tags={"team": "books"})
        self.assertEqual(made["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assertEqual(made["FunctionArn"], f"arn:aws:lambda:{REGION}:000000000000:function:{self.name}")
        self.assertEqual(made["CodeSha256"], base64.b64encode(hashlib.sha256(code).digest()).decode())
        self.assertEqual(made["CodeSize"], len(code))
        self.assertEqual(made["Version"], "$LATEST")
        self.aws.get_waiter("function_active_v2").wait(FunctionName=self.name)
        self.aws.get_waiter("function_updated_v2").wait(FunctionName=self.name)
        found = self.aws.get_function(FunctionName=made["FunctionArn"])
        self.assertEqual(found["Configuration"]["Environment"]["Variables"], {"TABLE": "Carts"})
        self.assertEqual(found["Configuration"]["MemorySize"], 128)
        self.assertEqual(found["Tags"], {"team": "books"})
        with urllib.request.urlopen(found["Code"]["Location"]) as link:
            self.assertEqual(link.read(), code)
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(found["Code"]["Location"].split("?")[0])
        self.assertEqual(
            self.aws.get_function_configuration(FunctionName=self.name)["RevisionId"], made["RevisionId"])
        with self.refused("ResourceConflictException", 409):
            self.create()

    def test_is_deleted(self):
        self.create()
        self.aws.delete_function(FunctionName=self.name)
        with self.refused("ResourceNotFoundException", 404) as refusal:
            self.aws.get_function(FunctionName=self.name)
        self.assertEqual(
            refusal.message, f"Function not found: arn:aws:lambda:{REGION}:000000000000:function:{self.name}")
        with self.assertRaises(self.aws.exceptions.ResourceNotFoundException):
            self.aws.delete_function(FunctionName=self.name)

    def test_are_listed_in_pages(self):
        names = [f"{self.name}-{number}" for number in range(5)]
        for name in names:
            self.create(name=name)
        pages = self.aws.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
        listed = [each["FunctionName"] for page in pages for each in page["Functions"]]
        self.assertEqual([name for name in listed if name.startswith(self.name)], names)

    def test_configuration_changes(self):
        made = self.create(Environment={"Variables": {"FIRST": "1"}})
        changed = self.aws.update_function_configuration(
            FunctionName=self.name, Timeout=20, MemorySize=256, Environment={"Variables": {"SECOND": "2"}},
            RevisionId=made["RevisionId"])
        self.assertEqual(changed["Environment"]["Variables"], {"SECOND": "2"})
        self.assertEqual((changed["Timeout"], changed["MemorySize"]), (20, 256))
        self.assertNotEqual(changed["RevisionId"], made["RevisionId"])
        with self.refused("PreconditionFailedException", 412):
            self.aws.update_function_configuration(
                FunctionName=self.name, Timeout=30, RevisionId=made["RevisionId"])
        with self.refused("ValidationException", 400):
            self.aws.update_function_configuration(FunctionName=self.name, Timeout=901)
        with self.refused("InvalidParameterValueException", 400):
            self.aws.update_function_configuration(FunctionName=self.name, Runtime="python3.12")

    def test_code_changes(self):
        made = self.create()
        code = package("second")
        dry = self.aws.update_function_code(FunctionName=self.name, ZipFile=code, DryRun=True)
        self.assertNotEqual(dry["CodeSha256"], made["CodeSha256"])
        self.assertEqual(
            self.aws.get_function_configuration(FunctionName=self.name)["CodeSha256"], made["CodeSha256"])
        changed = self.aws.update_function_code(FunctionName=self.name, ZipFile=code, Publish=True)
        self.assertEqual(changed["Version"], "1")
        self.assertEqual(changed["CodeSha256"], dry["CodeSha256"])

    def test_packages_are_looked_into(self):
        for why, code in {
                "no zip": b"no zip", "no bootstrap": package(files={}).replace(b"bootstrap", b"bootsTrap"),
                "not executable": package(mode=0o644), "leads out": package(files={"../out": "x"}),
                "absolute": package(files={"/out": "x"})}.items():
            with self.subTest(why), self.refused("InvalidParameterValueException", 400):
                self.create(code=code)
        with self.refused("InvalidParameterValueException", 400) as refusal:
            self.aws.create_function(
                FunctionName=self.name, Runtime="provided.al2023", Role=ROLE, Handler="bootstrap",
                Code={"S3Bucket": "books", "S3Key": "carts.zip"})
        self.assertIn("--objects", refusal.message)

    def test_large_packages_come_too(self):
        code = package(files={"noise": os.urandom(12 << 20)})
        self.assertEqual(self.create(code=code)["CodeSize"], len(code))

    def test_tags(self):
        arn = self.create()["FunctionArn"]
        self.aws.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
        self.aws.untag_resource(Resource=arn, TagKeys=["a", "c"])
        self.assertEqual(self.aws.list_tags(Resource=arn)["Tags"], {"b": "2"})

    def test_account(self):
        self.create()
        settings = self.aws.get_account_settings()
        self.assertGreater(settings["AccountUsage"]["FunctionCount"], 0)
        self.assertEqual(settings["AccountLimit"]["ConcurrentExecutions"], 40)


class Versions(Case):
    def test_are_published_when_something_changed(self):
        made = self.create()
        first = self.aws.publish_version(FunctionName=self.name, CodeSha256=made["CodeSha256"], Description="one")
        self.assertEqual((first["Version"], first["Description"]), ("1", "one"))
        self.assertTrue(first["FunctionArn"].endswith(":1"))
        self.assertEqual(self.aws.publish_version(FunctionName=self.name)["Version"], "1")
        self.aws.update_function_configuration(FunctionName=self.name, Timeout=20)
        self.assertEqual(self.aws.publish_version(FunctionName=self.name)["Version"], "2")
        listed = self.aws.list_versions_by_function(FunctionName=self.name)["Versions"]
        self.assertEqual([each["Version"] for each in listed], ["$LATEST", "1", "2"])
        self.assertEqual([each["Timeout"] for each in listed], [20, 10, 20])
        with self.refused("InvalidParameterValueException", 400):
            self.aws.publish_version(FunctionName=self.name, CodeSha256="x")
        with self.refused("PreconditionFailedException", 412):
            self.aws.publish_version(FunctionName=self.name, RevisionId="x")

    def test_are_deleted_one_by_one(self):
        self.create(Publish=True)
        self.aws.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        with self.refused("ResourceConflictException", 409):
            self.aws.delete_function(FunctionName=self.name, Qualifier="1")
        self.aws.delete_alias(FunctionName=self.name, Name="live")
        self.aws.delete_function(FunctionName=self.name, Qualifier="1")
        with self.refused("ResourceNotFoundException", 404):
            self.aws.get_function(FunctionName=self.name, Qualifier="1")
        self.aws.update_function_configuration(FunctionName=self.name, Timeout=20)
        self.assertEqual(self.aws.publish_version(FunctionName=self.name)["Version"], "2")

    def test_aliases(self):
        self.create(Publish=True)
        self.aws.update_function_code(FunctionName=self.name, ZipFile=package("2"), Publish=True)
        made = self.aws.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1", Description="d")
        self.assertTrue(made["AliasArn"].endswith(f"{self.name}:live"))
        with self.refused("ResourceConflictException", 409):
            self.aws.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        with self.refused("ResourceNotFoundException", 404):
            self.aws.create_alias(FunctionName=self.name, Name="other", FunctionVersion="7")
        changed = self.aws.update_alias(
            FunctionName=self.name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}},
            RevisionId=made["RevisionId"])
        self.assertEqual(changed["RoutingConfig"], {"AdditionalVersionWeights": {"2": 1.0}})
        answer = self.aws.invoke(FunctionName=self.name, Qualifier="live", Payload=b"{}")
        self.assertEqual(answer["ExecutedVersion"], "2")
        with self.refused("PreconditionFailedException", 412):
            self.aws.update_alias(FunctionName=self.name, Name="live", RevisionId=made["RevisionId"])
        self.aws.update_alias(FunctionName=self.name, Name="live", FunctionVersion="2", RoutingConfig={})
        self.assertEqual(self.aws.get_alias(FunctionName=self.name, Name="live")["FunctionVersion"], "2")
        self.assertEqual(
            [each["Name"] for each in self.aws.list_aliases(FunctionName=self.name)["Aliases"]], ["live"])
        with self.refused("ResourceNotFoundException", 404):
            self.aws.get_alias(FunctionName=self.name, Name="none")


class Invocations(Case):
    def test_answers(self):
        self.create()
        answer = self.aws.invoke(FunctionName=self.name, Payload=b'{"a": [1, 2]}', LogType="Tail")
        self.assertEqual(answer["StatusCode"], 200)
        self.assertEqual(json.load(answer["Payload"]), {"a": [1, 2]})
        self.assertEqual(answer["ExecutedVersion"], "$LATEST")
        self.assertNotIn("FunctionError", answer)
        self.assertIn("START RequestId", base64.b64decode(answer["LogResult"]).decode())

    def test_tells_the_functions_errors(self):
        self.create()
        answer = self.aws.invoke(FunctionName=self.name, Payload=b'{"fail": true}')
        self.assertEqual(answer["StatusCode"], 200)
        self.assertEqual(answer["FunctionError"], "Unhandled")
        self.assertEqual(json.load(answer["Payload"])["errorType"], "Asked")

    def test_dry(self):
        self.create()
        self.assertEqual(self.aws.invoke(FunctionName=self.name, InvocationType="DryRun")["StatusCode"], 204)

    def test_later(self):
        self.create()
        before = metric('cloudshelf_functions_events_ended_total{condition="Success"}')
        answer = self.aws.invoke(FunctionName=self.name, InvocationType="Event", Payload=b"{}")
        self.assertEqual(answer["StatusCode"], 202)
        eventually(lambda: metric('cloudshelf_functions_events_ended_total{condition="Success"}') > before)

    def test_later_and_failing_is_retried_and_told(self):
        self.create()
        self.create(name=self.name + "-dead")
        ended = 'cloudshelf_functions_events_ended_total{condition="RetriesExhausted"}'
        before = metric(ended)
        told = self.aws.put_function_event_invoke_config(
            FunctionName=self.name, MaximumRetryAttempts=1, DestinationConfig={
                "OnFailure": {"Destination": f"arn:aws:lambda:{REGION}:000000000000:function:{self.name}-dead"}})
        self.assertEqual(told["MaximumRetryAttempts"], 1)
        self.aws.invoke(FunctionName=self.name, InvocationType="Event", Payload=b'{"fail": true}')
        eventually(lambda: metric(ended) > before)
        self.assertEqual(
            len(self.aws.list_function_event_invoke_configs(FunctionName=self.name)["FunctionEventInvokeConfigs"]), 1)
        self.aws.delete_function_event_invoke_config(FunctionName=self.name)
        with self.refused("ResourceNotFoundException", 404):
            self.aws.get_function_event_invoke_config(FunctionName=self.name)

    def test_limits(self):
        self.create()
        with self.refused("InvalidRequestContentException", 400):
            self.aws.invoke(FunctionName=self.name, Payload=b"no json")
        with self.refused("RequestEntityTooLargeException", 413):
            self.aws.invoke(FunctionName=self.name, Payload=b'"%s"' % (b"x" * (6 << 20)))
        with self.refused("RequestEntityTooLargeException", 413):
            self.aws.invoke(FunctionName=self.name, Payload=b'"%s"' % (b"x" * (9 << 20)))
        with self.refused("RequestEntityTooLargeException", 413):
            self.aws.invoke(FunctionName=self.name, InvocationType="Event", Payload=b'"%s"' % (b"x" * (1 << 20)))
        with self.refused("ResourceNotFoundException", 404):
            self.aws.invoke(FunctionName=self.name, Qualifier="none")

    def test_large_payloads_come_back(self):
        self.create()
        payload = b'"%s"' % (b"x" * ((64 << 10) - 2))
        self.assertEqual(self.aws.invoke(FunctionName=self.name, Payload=payload)["Payload"].read(), payload)


class Concurrency(Case):
    def test_is_reserved(self):
        self.create()
        self.aws.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=2)
        self.assertEqual(
            self.aws.get_function_concurrency(FunctionName=self.name)["ReservedConcurrentExecutions"], 2)
        self.assertEqual(
            self.aws.get_function(FunctionName=self.name)["Concurrency"], {"ReservedConcurrentExecutions": 2})
        with self.refused("InvalidParameterValueException", 400):
            self.aws.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=40)
        self.aws.delete_function_concurrency(FunctionName=self.name)
        self.assertNotIn("Concurrency", self.aws.get_function(FunctionName=self.name))

    def test_is_provisioned(self):
        self.create(Publish=True)
        self.aws.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        with self.refused("InvalidParameterValueException", 400):
            self.aws.put_provisioned_concurrency_config(
                FunctionName=self.name, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
        with self.refused("ProvisionedConcurrencyConfigNotFoundException", 404):
            self.aws.get_provisioned_concurrency_config(FunctionName=self.name, Qualifier="live")
        put = self.aws.put_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier="live", ProvisionedConcurrentExecutions=2)
        self.assertEqual(put["ResponseMetadata"]["HTTPStatusCode"], 202)
        self.assertEqual(put["RequestedProvisionedConcurrentExecutions"], 2)
        eventually(lambda: self.aws.get_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier="live")["Status"] == "READY")
        listed = self.aws.list_provisioned_concurrency_configs(FunctionName=self.name)
        self.assertTrue(listed["ProvisionedConcurrencyConfigs"][0]["FunctionArn"].endswith(":live"))
        self.aws.delete_provisioned_concurrency_config(FunctionName=self.name, Qualifier="live")
        self.assertEqual(
            self.aws.list_provisioned_concurrency_configs(FunctionName=self.name)["ProvisionedConcurrencyConfigs"], [])


class Permissions(Case):
    def test_policies_are_kept(self):
        self.create()
        with self.refused("ResourceNotFoundException", 404):
            self.aws.get_policy(FunctionName=self.name)
        statement = json.loads(self.aws.add_permission(
            FunctionName=self.name, StatementId="edge", Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com")["Statement"])
        self.assertEqual(statement["Principal"], {"Service": "s3.amazonaws.com"})
        with self.refused("ResourceConflictException", 409):
            self.aws.add_permission(
                FunctionName=self.name, StatementId="edge", Action="lambda:InvokeFunction", Principal="*")
        self.assertEqual(
            json.loads(self.aws.get_policy(FunctionName=self.name)["Policy"])["Statement"], [statement])
        self.aws.remove_permission(FunctionName=self.name, StatementId="edge")
        with self.refused("ResourceNotFoundException", 404):
            self.aws.remove_permission(FunctionName=self.name, StatementId="edge")

    def test_keys_decide(self):
        self.create()
        caller, reader = client("AKIACALLER", "caller-secret"), client("AKIAREADER", "reader-secret")
        self.assertEqual(caller.invoke(FunctionName=self.name)["StatusCode"], 200)
        self.assertEqual(reader.get_function(FunctionName=self.name)["Configuration"]["FunctionName"], self.name)
        with self.refused("AccessDeniedException", 403) as refusal:
            reader.invoke(FunctionName=self.name)
        self.assertIn("lambda:Invoke", refusal.message)
        with self.refused("AccessDeniedException", 403):
            caller.delete_function(FunctionName=self.name)
        with self.refused("InvalidSignatureException", 403):
            client(secret="guessed").list_functions()
        with self.refused("UnrecognizedClientException", 403):
            client(key="AKIANOBODY").list_functions()


class Program(Case):
    def test_keeps_everything(self):
        global server
        made = self.create(Publish=True, Tags={"a": "b"})
        self.aws.create_alias(FunctionName=self.name, Name="live", FunctionVersion="1")
        self.aws.put_function_concurrency(FunctionName=self.name, ReservedConcurrentExecutions=3)
        before = self.aws.get_function(FunctionName=self.name, Qualifier="live")
        stop()
        server = start()
        after = self.aws.get_function(FunctionName=self.name, Qualifier="live")
        self.assertEqual(after["Configuration"], before["Configuration"])
        self.assertEqual(after["Concurrency"], before["Concurrency"])
        self.assertEqual(self.aws.invoke(FunctionName=self.name, Payload=b"[1]")["Payload"].read(), b"[1]")
        self.assertEqual(made["Version"], "1")

    def test_killed_keeps_what_was_acknowledged(self):
        global server
        self.create()
        ended = 'cloudshelf_functions_events_ended_total{condition="RetriesExhausted"}'
        for _ in range(5):
            self.aws.invoke(FunctionName=self.name, InvocationType="Event", Payload=b'{"fail": true}')
        server.kill()
        server.wait(20)
        server = start()
        self.assertEqual(metric(ended), 0)
        self.assertEqual(self.aws.invoke(FunctionName=self.name, Payload=b"[1]")["Payload"].read(), b"[1]")
        eventually(lambda: metric(ended) >= 5)

    @unittest.skipUnless(shutil.which("aws"), "aws is not installed")
    def test_by_command_line(self):
        def aws(*arguments):
            environment = dict(
                os.environ, AWS_ACCESS_KEY_ID="AKIAADMIN", AWS_SECRET_ACCESS_KEY="admin-secret",
                AWS_DEFAULT_REGION=REGION, AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true")
            done = subprocess.run(
                ["aws", "--endpoint-url", f"http://{ADDRESS}", "--output", "json", "lambda", *arguments],
                env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout) if done.stdout.strip() else None

        with tempfile.TemporaryDirectory() as place:
            code, answer = os.path.join(place, "code.zip"), os.path.join(place, "answer.json")
            with open(code, "wb") as file:
                file.write(package())
            aws("create-function", "--function-name", self.name, "--runtime", "provided.al2023", "--handler",
                "bootstrap", "--role", ROLE, "--zip-file", f"fileb://{code}", "--timeout", "10")
            aws("wait", "function-active-v2", "--function-name", self.name)
            told = aws("invoke", "--function-name", self.name, "--log-type", "Tail", answer)
            self.assertEqual(told["StatusCode"], 200)
            with open(answer, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {})
        self.assertEqual(aws("publish-version", "--function-name", self.name)["Version"], "1")
        aws("delete-function", "--function-name", self.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
