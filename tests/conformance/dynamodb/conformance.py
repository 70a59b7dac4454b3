"""Goal: AWS's SDK and command line, which know nothing of us, find DynamoDB. Method: boto3 and aws against
`cloudshelf-region tables`, started here on an address and in a folder of its own; what is expected is what the API
reference documents.

    python3 conformance.py PROGRAM [unittest's arguments]

Ends with 77, skipped, where boto3 is not installed."""
import decimal
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
import zlib

try:
    import boto3
    from boto3.dynamodb.conditions import Attr, Key
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    print("skipped: boto3 is not installed")
    sys.exit(77)

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "bin/cloudshelf-region"
ADDRESS = f"127.65.{os.getpid() % 250}.1:8000"
REGION = "us-east-1"
KEYS = """[admin]
aws_access_key_id = AKIAADMIN
aws_secret_access_key = admin-secret
[reader]
aws_access_key_id = AKIAREADER
aws_secret_access_key = reader-secret
cloudshelf_permissions = read
"""


def client(service="dynamodb", key="AKIAADMIN", secret="admin-secret"):
    return boto3.client(
        service, endpoint_url=f"http://{ADDRESS}", region_name=REGION, aws_access_key_id=key,
        aws_secret_access_key=secret, config=Config(retries={"max_attempts": 0}))


def setUpModule():
    global folder, server
    folder = tempfile.TemporaryDirectory()
    keys = os.path.join(folder.name, "keys")
    with open(os.open(keys, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(KEYS)
    server = subprocess.Popen(
        [PROGRAM, "tables", "--listen", ADDRESS, "--region", REGION, "--data", os.path.join(folder.name, "data"),
         "--credentials", keys, "--ttl-scan-seconds", "1"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"http://{ADDRESS}/health", timeout=1).read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def tearDownModule():
    server.terminate()
    server.wait(20)
    folder.cleanup()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.db = client()
        cls.resource = boto3.resource(
            "dynamodb", endpoint_url=f"http://{ADDRESS}", region_name=REGION, aws_access_key_id="AKIAADMIN",
            aws_secret_access_key="admin-secret")

    def table(self, name, sort=None, **more):
        """A table of this test with the hash key "h" (S), made anew; `sort`: the type of its sort key "s"."""
        name = f"{self.id().rsplit('.', 1)[1]}.{name}"
        schema = [{"AttributeName": "h", "KeyType": "HASH"}]
        attributes = [{"AttributeName": "h", "AttributeType": "S"}] + more.pop("attributes", [])
        if sort:
            schema.append({"AttributeName": "s", "KeyType": "RANGE"})
            attributes.append({"AttributeName": "s", "AttributeType": sort})
        self.db.create_table(
            TableName=name, KeySchema=schema, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST", **more)
        self.db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        return self.resource.Table(name)

    def refused(self, code, message=None):
        test = self

        class Refusal:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                test.assertIsInstance(error, ClientError, f"{code} was expected")
                test.assertEqual(error.response["Error"]["Code"], code, error)
                if message:
                    test.assertRegex(error.response["Error"]["Message"], message)
                self.response = error.response
                return True
        return Refusal()


class Items(Case):
    def test_all_types_come_back(self):
        table = self.table("t")
        item = {
            "h": "k", "S": "text ü \U0001f4da", "N": decimal.Decimal("-1.5"), "B": b"\x00\xff", "BOOL": True, "NULL": None,
            "L": ["a", 1, {"deep": [True]}], "M": {"a": {"b": "c"}}, "SS": {"x", "y"}, "NS": {1, decimal.Decimal("2.5")},
            "BS": {b"1", b"2"}, "empty": "", "empty list": [], "empty map": {}}
        table.put_item(Item=item)
        got = table.get_item(Key={"h": "k"}, ConsistentRead=True)["Item"]
        got["B"] = bytes(got["B"].value)
        got["BS"] = {bytes(each.value) for each in got["BS"]}
        self.assertEqual(got, item)

    def test_numbers_keep_38_digits(self):
        table = self.table("t")
        exact = "1234567890.1234567890123456789012345678"
        self.db.put_item(TableName=table.name, Item={"h": {"S": "k"}, "n": {"N": exact}})
        got = self.db.get_item(TableName=table.name, Key={"h": {"S": "k"}})
        self.assertEqual(got["Item"]["n"]["N"], exact)
        with self.refused("ValidationException", "38 significant digits"):
            self.db.put_item(TableName=table.name, Item={"h": {"S": "k"}, "n": {"N": "1" * 39}})
        with self.refused("ValidationException", "cannot be converted to a numeric value"):
            self.db.put_item(TableName=table.name, Item={"h": {"S": "k"}, "n": {"N": "one"}})

    def test_update_expressions(self):
        table = self.table("t")
        table.put_item(Item={"h": "k", "n": 1, "l": ["a", "b", "c"], "set": {"x", "y"}, "was": 1})
        answer = table.update_item(
            Key={"h": "k"},
            UpdateExpression="SET n = n + :two, l[1] = :z, #m = if_not_exists(#m, :m), l2 = list_append(l, :l) "
                             "REMOVE was, l[0] ADD times :two DELETE #set :x",
            ExpressionAttributeNames={"#m": "m", "#set": "set"},
            ExpressionAttributeValues={":two": 2, ":z": "z", ":m": {"a": 1}, ":l": ["d"], ":x": {"x"}},
            ReturnValues="ALL_NEW")
        self.assertEqual(answer["Attributes"], {
            "h": "k", "n": 3, "l": ["z", "c"], "m": {"a": 1}, "l2": ["a", "b", "c", "d"], "times": 2, "set": {"y"}})
        answer = table.update_item(
            Key={"h": "k"}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": 9},
            ReturnValues="UPDATED_OLD")
        self.assertEqual(answer["Attributes"], {"n": 3})
        with self.refused("ValidationException", "reserved keyword"):
            table.update_item(Key={"h": "k"}, UpdateExpression="SET size = :n", ExpressionAttributeValues={":n": 1})
        with self.refused("ValidationException", "part of the key"):
            table.update_item(Key={"h": "k"}, UpdateExpression="SET h = :n", ExpressionAttributeValues={":n": "1"})

    def test_conditions(self):
        table = self.table("t")
        table.put_item(Item={"h": "k", "n": 1}, ConditionExpression="attribute_not_exists(h)")
        more = {}
        known = self.db.meta.service_model.operation_model("PutItem").input_shape.members
        if "ReturnValuesOnConditionCheckFailure" in known:  # not in SDKs from before 2023
            more["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        with self.refused("ConditionalCheckFailedException", "The conditional request failed") as refusal:
            self.db.put_item(
                TableName=table.name, Item={"h": {"S": "k"}}, ConditionExpression="attribute_not_exists(h)", **more)
        if more:
            self.assertEqual(refusal.response["Item"], {"h": {"S": "k"}, "n": {"N": "1"}})
        table.delete_item(Key={"h": "k"}, ConditionExpression=Attr("n").between(0, 2) & Attr("n").is_in([1, 5]))
        self.assertNotIn("Item", table.get_item(Key={"h": "k"}))

    def test_the_older_parameters(self):
        table = self.table("t")
        name = table.name
        self.db.update_item(
            TableName=name, Key={"h": {"S": "k"}},
            AttributeUpdates={"n": {"Action": "ADD", "Value": {"N": "5"}}, "s": {"Value": {"S": "x"}}})
        with self.refused("ConditionalCheckFailedException"):
            self.db.put_item(TableName=name, Item={"h": {"S": "k"}}, Expected={"n": {"Value": {"N": "6"}}})
        got = self.db.get_item(TableName=name, Key={"h": {"S": "k"}}, AttributesToGet=["n"])
        self.assertEqual(got["Item"], {"n": {"N": "5"}})
        with self.refused("ValidationException", "expression and non-expression"):
            self.db.put_item(
                TableName=name, Item={"h": {"S": "k"}}, Expected={"n": {"Exists": False}},
                ConditionExpression="attribute_exists(n)")

    def test_sizes(self):
        table = self.table("t")
        table.put_item(Item={"h": "k", "d": "x" * (400 * 1024 - 3)})
        with self.refused("ValidationException", "Item size has exceeded the maximum allowed size"):
            table.put_item(Item={"h": "k", "d": "x" * (400 * 1024 - 2)})
        with self.refused("ValidationException", "2048 bytes"):
            table.put_item(Item={"h": "k" * 2049})
        with self.refused("ValidationException", "empty string"):
            table.put_item(Item={"h": ""})
        with self.refused("ValidationException", "Missing the key h in the item"):
            table.put_item(Item={"other": "k"})

    def test_consumed_capacity(self):
        table = self.table("t")
        put = table.put_item(Item={"h": "k", "d": "x" * 2000}, ReturnConsumedCapacity="TOTAL")
        self.assertEqual(put["ConsumedCapacity"], {"TableName": table.name, "CapacityUnits": 2.0})
        got = table.get_item(Key={"h": "k"}, ReturnConsumedCapacity="TOTAL")
        self.assertEqual(got["ConsumedCapacity"]["CapacityUnits"], 0.5)


class Many(Case):
    def test_batches(self):
        table = self.table("t", sort="N")
        with table.batch_writer() as batch:
            for i in range(60):
                batch.put_item(Item={"h": "k", "s": i})
        answer = self.resource.batch_get_item(
            RequestItems={table.name: {"Keys": [{"h": "k", "s": i} for i in range(55, 65)]}})
        self.assertEqual(sorted(item["s"] for item in answer["Responses"][table.name]), list(range(55, 60)))
        self.assertEqual(answer["UnprocessedKeys"], {})
        with self.refused("ValidationException", "contains duplicates"):
            self.db.batch_get_item(RequestItems={table.name: {"Keys": [{"h": {"S": "k"}, "s": {"N": "1"}}] * 2}})
        with self.refused("ValidationException"):
            self.db.batch_write_item(RequestItems={table.name: [
                {"PutRequest": {"Item": {"h": {"S": "k"}, "s": {"N": str(i)}}}} for i in range(26)]})

    def test_transactions(self):
        table = self.table("t")
        name = table.name

        def put(key, **more):
            return {"Put": {"TableName": name, "Item": {"h": {"S": key}}, **more}}
        self.db.transact_write_items(TransactItems=[put("a"), put("b")], ClientRequestToken="token-1")
        self.db.transact_write_items(TransactItems=[put("a"), put("b")], ClientRequestToken="token-1")
        with self.refused("IdempotentParameterMismatchException"):
            self.db.transact_write_items(TransactItems=[put("a"), put("c")], ClientRequestToken="token-1")
        with self.refused("TransactionCanceledException", r"\[None, ConditionalCheckFailed\]") as refusal:
            self.db.transact_write_items(
                TransactItems=[put("c"), put("b", ConditionExpression="attribute_not_exists(h)")])
        reasons = [reason["Code"] for reason in refusal.response["CancellationReasons"]]
        self.assertEqual(reasons, ["None", "ConditionalCheckFailed"])
        got = self.db.transact_get_items(TransactItems=[
            {"Get": {"TableName": name, "Key": {"h": {"S": key}}}} for key in "abc"])
        self.assertEqual([each.get("Item") for each in got["Responses"]], [{"h": {"S": "a"}}, {"h": {"S": "b"}}, None])
        with self.refused("ValidationException", "cannot include multiple operations on one item"):
            self.db.transact_write_items(TransactItems=[put("a"), put("a")])

    def test_query_pages_in_order(self):
        table = self.table("t", sort="N")
        for i in range(25):
            table.put_item(Item={"h": "k", "s": i - 10, "even": i % 2 == 0})
        seen, start = [], {}
        while True:
            page = table.query(
                KeyConditionExpression=Key("h").eq("k") & Key("s").gte(-5), FilterExpression=Attr("even").eq(True),
                Limit=4, **start)
            seen += [int(item["s"]) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self.assertEqual(seen, [i for i in range(-4, 15, 2)])
        last = table.query(KeyConditionExpression=Key("h").eq("k"), ScanIndexForward=False, Limit=1)
        self.assertEqual(last["Items"][0]["s"], 14)
        count = table.query(KeyConditionExpression=Key("h").eq("k"), Select="COUNT")
        self.assertEqual((count["Count"], count["ScannedCount"]), (25, 25))
        with self.refused("ValidationException", "missed key schema element: h"):
            self.db.query(
                TableName=table.name, KeyConditionExpression="s = :s", ExpressionAttributeValues={":s": {"N": "1"}})

    def test_parallel_scan_sees_each_item_once(self):
        table = self.table("t")
        with table.batch_writer() as batch:
            for i in range(200):
                batch.put_item(Item={"h": f"k{i}"})
        seen = []
        for segment in range(4):
            start = {}
            while True:
                page = table.scan(Segment=segment, TotalSegments=4, Limit=30, **start)
                seen += [item["h"] for item in page["Items"]]
                if "LastEvaluatedKey" not in page:
                    break
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self.assertEqual(sorted(seen), sorted(f"k{i}" for i in range(200)))

    def test_indexes(self):
        table = self.table(
            "t", sort="N", attributes=[{"AttributeName": "g", "AttributeType": "S"}],
            GlobalSecondaryIndexes=[{
                "IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"}}])
        table.put_item(Item={"h": "a", "s": 1, "g": "x", "other": 1})
        table.put_item(Item={"h": "b", "s": 2, "other": 1})
        found = table.query(IndexName="by-g", KeyConditionExpression=Key("g").eq("x"))
        self.assertEqual(found["Items"], [{"h": "a", "s": 1, "g": "x"}])
        self.assertEqual(table.scan(IndexName="by-g")["Count"], 1)
        with self.refused("ValidationException", "Consistent reads are not supported on global secondary indexes"):
            table.query(IndexName="by-g", KeyConditionExpression=Key("g").eq("x"), ConsistentRead=True)
        with self.refused("ValidationException", "does not have the specified index"):
            table.query(IndexName="none", KeyConditionExpression=Key("g").eq("x"))


class Tables(Case):
    def test_a_tables_life(self):
        table = self.table("t", Tags=[{"Key": "team", "Value": "books"}])
        described = self.db.describe_table(TableName=table.name)["Table"]
        self.assertEqual(described["TableStatus"], "ACTIVE")
        self.assertEqual(described["KeySchema"], [{"AttributeName": "h", "KeyType": "HASH"}])
        arn = described["TableArn"]
        self.assertEqual(arn, f"arn:aws:dynamodb:us-east-1:000000000000:table/{table.name}")
        self.assertEqual(self.db.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "team", "Value": "books"}])
        self.db.untag_resource(ResourceArn=arn, TagKeys=["team"])
        self.assertEqual(self.db.list_tags_of_resource(ResourceArn=arn)["Tags"], [])
        self.assertIn(table.name, self.db.list_tables()["TableNames"])
        with self.refused("ResourceInUseException"):
            self.db.create_table(
                TableName=table.name, KeySchema=[{"AttributeName": "h", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "h", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
        self.db.delete_table(TableName=table.name)
        self.db.get_waiter("table_not_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        with self.refused("ResourceNotFoundException", "Requested resource not found"):
            self.db.describe_table(TableName=table.name)
        with self.refused("ResourceNotFoundException", "Requested resource not found"):
            self.db.get_item(TableName=table.name, Key={"h": {"S": "k"}})

    def test_expired_items_go_and_the_stream_says_so(self):
        table = self.table("t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
        self.db.update_time_to_live(
            TableName=table.name, TimeToLiveSpecification={"AttributeName": "end", "Enabled": True})
        table.put_item(Item={"h": "old", "end": int(time.time()) - 10})
        table.put_item(Item={"h": "new", "end": int(time.time()) + 1000})
        deadline = time.monotonic() + 15
        while "Item" in table.get_item(Key={"h": "old"}):
            self.assertLess(time.monotonic(), deadline, "it does not go")
            time.sleep(0.05)
        self.assertIn("Item", table.get_item(Key={"h": "new"}))
        streams = client("dynamodbstreams")
        arn = self.db.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        self.assertEqual([record["eventName"] for record in records], ["INSERT", "INSERT", "REMOVE"])
        self.assertEqual(records[2]["userIdentity"], {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"})
        self.assertEqual(records[2]["dynamodb"]["OldImage"]["h"], {"S": "old"})

    def test_backups_and_recovery(self):
        table = self.table("t")
        table.put_item(Item={"h": "k", "n": 1})
        self.db.update_continuous_backups(
            TableName=table.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        backup = self.db.create_backup(TableName=table.name, BackupName="before")["BackupDetails"]["BackupArn"]
        table.put_item(Item={"h": "k", "n": 2})
        for name, restore, wanted in (
                ("from-backup", lambda to: self.db.restore_table_from_backup(TargetTableName=to, BackupArn=backup), 1),
                ("latest", lambda to: self.db.restore_table_to_point_in_time(
                    SourceTableName=table.name, TargetTableName=to, UseLatestRestorableTime=True), 2)):
            target = f"{table.name}.{name}"
            restore(target)
            self.db.get_waiter("table_exists").wait(TableName=target, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
            self.assertEqual(self.resource.Table(target).get_item(Key={"h": "k"})["Item"]["n"], wanted)
        with self.refused("InvalidRestoreTimeException"):
            self.db.restore_table_to_point_in_time(
                SourceTableName=table.name, TargetTableName="early.table", RestoreDateTime=1000)
        self.db.delete_backup(BackupArn=backup)
        with self.refused("BackupNotFoundException"):
            self.db.describe_backup(BackupArn=backup)


class Access(Case):
    def raw(self, body, headers=None):
        request = urllib.request.Request(f"http://{ADDRESS}/", data=body, method="POST", headers={
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables",
            **(headers or {})})
        try:
            return urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as error:
            return error

    def test_who_may_not(self):
        with self.refused("UnrecognizedClientException"):
            client(key="AKIANOBODY").list_tables()
        with self.refused("InvalidSignatureException"):
            client(secret="wrong").list_tables()
        table = self.table("t")
        reader = client(key="AKIAREADER", secret="reader-secret")
        self.assertNotIn("Item", reader.get_item(TableName=table.name, Key={"h": {"S": "k"}}))
        with self.refused("AccessDeniedException", "is not authorized to perform: dynamodb:PutItem"):
            reader.put_item(TableName=table.name, Item={"h": {"S": "k"}})
        anonymous = self.raw(b"{}")
        self.assertEqual(anonymous.status, 400)
        self.assertIn(b"MissingAuthenticationTokenException", anonymous.read())

    def test_answers_carry_their_checksum(self):
        answer = self.raw(b"{}")
        self.assertEqual(int(answer.headers["x-amz-crc32"]), zlib.crc32(answer.read()))
        self.assertEqual(len(answer.headers["x-amzn-requestid"]), 52)


def aws(*arguments):
    """What the AWS CLI answers, as it parsed it."""
    environment = dict(
        os.environ, AWS_ACCESS_KEY_ID="AKIAADMIN", AWS_SECRET_ACCESS_KEY="admin-secret", AWS_DEFAULT_REGION=REGION,
        AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_PAGER="", AWS_MAX_ATTEMPTS="1")
    ended = subprocess.run(
        ["aws", "--endpoint-url", f"http://{ADDRESS}", "--output", "json", *arguments], env=environment,
        capture_output=True, text=True, timeout=60)
    if ended.returncode != 0:
        raise RuntimeError(ended.stderr.strip())
    return json.loads(ended.stdout) if ended.stdout.strip() else {}


@unittest.skipIf(shutil.which("aws") is None, "the AWS CLI is not installed")
class AwsCli(unittest.TestCase):
    def test_a_table_from_its_making_to_its_end(self):
        made = aws(
            "dynamodb", "create-table", "--table-name", "Cli", "--billing-mode", "PAY_PER_REQUEST",
            "--attribute-definitions", "AttributeName=p,AttributeType=S", "--key-schema",
            "AttributeName=p,KeyType=HASH", "--tags", "Key=Environment,Value=test")
        self.assertEqual(made["TableDescription"]["TableName"], "Cli")
        aws("dynamodb", "wait", "table-exists", "--table-name", "Cli")
        aws("dynamodb", "put-item", "--table-name", "Cli", "--item", '{"p": {"S": "a"}, "n": {"N": "7"}}')
        count = aws("dynamodb", "scan", "--table-name", "Cli", "--select", "COUNT")
        self.assertEqual(count["Count"], 1)
        got = aws("dynamodb", "get-item", "--table-name", "Cli", "--key", '{"p": {"S": "a"}}')
        self.assertEqual(got["Item"]["n"], {"N": "7"})
        with self.assertRaisesRegex(RuntimeError, "ConditionalCheckFailedException"):
            aws("dynamodb", "delete-item", "--table-name", "Cli", "--key", '{"p": {"S": "a"}}',
                "--condition-expression", "n > :n", "--expression-attribute-values", '{":n": {"N": "9"}}')
        tags = aws("dynamodb", "list-tags-of-resource", "--resource-arn", made["TableDescription"]["TableArn"])
        self.assertEqual(tags["Tags"], [{"Key": "Environment", "Value": "test"}])
        aws("dynamodb", "update-time-to-live", "--table-name", "Cli", "--time-to-live-specification",
            "Enabled=true,AttributeName=until")
        backup = aws("dynamodb", "create-backup", "--table-name", "Cli", "--backup-name", "cli")
        listed = aws("dynamodb", "list-backups", "--table-name", "Cli")
        self.assertEqual(
            [each["BackupArn"] for each in listed["BackupSummaries"]], [backup["BackupDetails"]["BackupArn"]])
        arn = backup["BackupDetails"]["BackupArn"]
        aws("dynamodb", "tag-resource", "--resource-arn", arn, "--tags", "Key=RetentionDays,Value=90")
        tags = aws("dynamodb", "list-tags-of-resource", "--resource-arn", arn)
        self.assertEqual(tags["Tags"], [{"Key": "RetentionDays", "Value": "90"}])
        aws("dynamodb", "untag-resource", "--resource-arn", arn, "--tag-keys", "RetentionDays")
        self.assertEqual(aws("dynamodb", "list-tags-of-resource", "--resource-arn", arn)["Tags"], [])
        aws("dynamodb", "delete-table", "--table-name", "Cli")
        aws("dynamodb", "wait", "table-not-exists", "--table-name", "Cli")
        self.assertNotIn("Cli", aws("dynamodb", "list-tables")["TableNames"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
