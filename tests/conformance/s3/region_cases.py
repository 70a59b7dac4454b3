"""Two regions: what one is given, the other has, as S3's replication tells it."""
import os

from support import Case, Region, eventually

ROLE = "arn:aws:iam::111122223333:role/replication"


class Regions(Case):
    @classmethod
    def setUpClass(cls):
        number = os.getpid() % 250
        hosts = {"us-east-1": f"127.68.{number}.1", "us-west-2": f"127.68.{number}.2"}
        cls.regions = {}
        for name, host in hosts.items():
            other = next(each for each in hosts if each != name)
            region = Region("--peer", f"{other}=http://{hosts[other]}:9000", host=host, region=name)
            cls.addClassCleanup(region.stop)
            cls.regions[name] = region
        cls.east, cls.west = (cls.regions[name].client() for name in hosts)

    def pair(self, name, rules=({},), both=False):
        """A bucket in each region, the first replicated to the second by these rules."""
        places = ((self.east, f"{name}-east", {}),
                  (self.west, f"{name}-west", {"CreateBucketConfiguration": {"LocationConstraint": "us-west-2"}}))
        for client, bucket, more in places:
            client.create_bucket(Bucket=bucket, **more)
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        ways = [(self.east, f"{name}-east", f"{name}-west"), (self.west, f"{name}-west", f"{name}-east")]

        for client, source, target in ways[:2 if both else 1]:
            client.put_bucket_replication(Bucket=source, ReplicationConfiguration={"Role": ROLE, "Rules": [
                {"ID": f"r{i}", "Priority": i, "Status": "Enabled", "Filter": {"Prefix": ""},
                 "DeleteMarkerReplication": {"Status": "Enabled"},
                 **rule, "Destination": {"Bucket": f"arn:aws:s3:::{target}", **rule.get("Destination", {})}}
                for i, rule in enumerate(rules)]})
        return f"{name}-east", f"{name}-west"

    def completed(self, client, bucket, key):
        return eventually(lambda: client.head_object(Bucket=bucket, Key=key).get("ReplicationStatus") == "COMPLETED")

    def test_versions_cross_as_they_are(self):
        east, west = self.pair("cross")
        body = os.urandom(6 << 20)
        put = self.east.put_object(
            Bucket=east, Key="k", Body=body, Metadata={"a": "b"}, Tagging="t=1", ContentType="text/x")
        self.completed(self.east, east, "k")
        got = self.west.get_object(Bucket=west, Key="k")
        self.assertEqual(got["Body"].read(), body)
        self.assertEqual(got["ReplicationStatus"], "REPLICA")
        for name in ("VersionId", "ETag"):
            self.assertEqual(got[name], put[name])
        self.assertEqual((got["Metadata"], got["TagCount"], got["ContentType"]), ({"a": "b"}, 1, "text/x"))

    def test_markers_cross_and_deletes_of_versions_do_not(self):
        east, west = self.pair("deletes")
        version = self.east.put_object(Bucket=east, Key="k", Body=b"x")["VersionId"]
        self.completed(self.east, east, "k")
        marker = self.east.delete_object(Bucket=east, Key="k")["VersionId"]
        eventually(lambda: [each["VersionId"] for each in self.west.list_object_versions(
            Bucket=west).get("DeleteMarkers", [])] == [marker])
        self.east.delete_object(Bucket=east, Key="k", VersionId=version)
        self.east.put_object(Bucket=east, Key="after", Body=b"x")
        self.completed(self.east, east, "after")
        self.west.get_object(Bucket=west, Key="k", VersionId=version)

    def test_rules_choose(self):
        east, west = self.pair("rules", [
            {"Filter": {"Prefix": "yes/"}, "Destination": {"StorageClass": "STANDARD_IA"}}])
        self.east.put_object(Bucket=east, Key="no", Body=b"x")
        self.east.put_object(Bucket=east, Key="yes/k", Body=b"x")
        self.completed(self.east, east, "yes/k")
        self.assertEqual(self.west.head_object(Bucket=west, Key="yes/k")["StorageClass"], "STANDARD_IA")
        self.assertNotIn("ReplicationStatus", self.east.head_object(Bucket=east, Key="no"))
        self.assertEqual([each["Key"] for each in self.west.list_objects_v2(Bucket=west)["Contents"]], ["yes/k"])

    def test_both_directions_make_no_loop(self):
        east, west = self.pair("both", both=True)
        self.east.put_object(Bucket=east, Key="a", Body=b"from east")
        self.west.put_object(Bucket=west, Key="b", Body=b"from west")
        self.completed(self.east, east, "a"), self.completed(self.west, west, "b")
        for client, bucket in ((self.east, east), (self.west, west)):
            listed = client.list_object_versions(Bucket=bucket)["Versions"]
            self.assertEqual([each["Key"] for each in listed], ["a", "b"])
        self.assertEqual(self.east.head_object(Bucket=east, Key="b")["ReplicationStatus"], "REPLICA")

    def test_what_replication_asks_for(self):
        self.east.create_bucket(Bucket="not-versioned")
        with self.refused("ReplicationConfigurationNotFoundError", status=404):
            self.east.get_bucket_replication(Bucket="not-versioned")
        rule = {"ID": "r", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
                "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": "arn:aws:s3:::somewhere"}}
        with self.refused("InvalidRequest", "Versioning must be 'Enabled' on the bucket", 400):
            self.east.put_bucket_replication(
                Bucket="not-versioned", ReplicationConfiguration={"Role": ROLE, "Rules": [rule]})
