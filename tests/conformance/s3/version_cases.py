"""Versions, their markers and their locks."""
import datetime

from support import Case


class Versions(Case):
    def versioned(self):
        bucket = self.bucket()
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        return bucket

    def test_versions_and_markers(self):
        bucket = self.bucket()
        self.assertNotIn("Status", self.s3.get_bucket_versioning(Bucket=bucket))
        self.assertNotIn("VersionId", self.put(bucket, "k", b"null"))
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.assertEqual(self.s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
        first = self.put(bucket, "k", b"1")["VersionId"]
        second = self.put(bucket, "k", b"2")["VersionId"]
        marker = self.s3.delete_object(Bucket=bucket, Key="k")
        self.assertTrue(marker["DeleteMarker"])
        with self.refused("NoSuchKey", status=404) as refusal:
            self.s3.get_object(Bucket=bucket, Key="k")
        headers = refusal.response["ResponseMetadata"]["HTTPHeaders"]
        self.assertEqual((headers["x-amz-delete-marker"], headers["x-amz-version-id"]), ("true", marker["VersionId"]))
        with self.refused("MethodNotAllowed", "The specified method is not allowed against this resource", 405) as refusal:
            self.s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
        self.assertEqual(refusal.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
        for version, body in ((first, b"1"), (second, b"2"), ("null", b"null")):
            self.assertEqual(self.read(bucket, "k", VersionId=version), body)
        listed = self.s3.list_object_versions(Bucket=bucket)
        self.assertEqual([(each["VersionId"], each["IsLatest"]) for each in listed["Versions"]],
                         [(second, False), (first, False), ("null", False)])
        self.assertEqual([(each["VersionId"], each["IsLatest"]) for each in listed["DeleteMarkers"]],
                         [(marker["VersionId"], True)])
        gone = self.s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
        self.assertEqual((gone["DeleteMarker"], gone["VersionId"]), (True, marker["VersionId"]))
        self.assertEqual(self.read(bucket, "k"), b"2")
        self.s3.delete_object(Bucket=bucket, Key="k", VersionId=second)
        self.assertEqual(self.read(bucket, "k"), b"1")
        for version in ("nonsense", first[:-1]):
            with self.refused("InvalidArgument", "Invalid version id specified", 400):
                self.s3.get_object(Bucket=bucket, Key="k", VersionId=version)
        with self.refused("NoSuchVersion", "The specified version does not exist", 404):
            self.s3.get_object(Bucket=bucket, Key="k", VersionId=second)

    def test_suspended_has_one_null_version(self):
        bucket = self.versioned()
        kept = self.put(bucket, "k", b"kept")["VersionId"]
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        self.put(bucket, "k", b"1"), self.put(bucket, "k", b"2")
        versions = [each["VersionId"] for each in self.s3.list_object_versions(Bucket=bucket)["Versions"]]
        self.assertEqual(versions, ["null", kept])
        marker = self.s3.delete_object(Bucket=bucket, Key="k")
        self.assertEqual((marker["DeleteMarker"], marker["VersionId"]), (True, "null"))
        listed = self.s3.list_object_versions(Bucket=bucket)
        self.assertEqual([each["VersionId"] for each in listed["Versions"]], [kept])
        self.assertEqual([each["VersionId"] for each in listed["DeleteMarkers"]], ["null"])

    def test_lists_page_through_versions(self):
        bucket = self.versioned()
        wanted = []
        for key in ("a", "b/1", "b/2", "c"):
            wanted += [(key, version) for version in reversed(
                [self.put(bucket, key, str(i).encode())["VersionId"] for i in range(3)])]
        for size in (1, 2, 5):
            seen = []
            for page in self.s3.get_paginator("list_object_versions").paginate(
                    Bucket=bucket, PaginationConfig={"PageSize": size}):
                seen += [(each["Key"], each["VersionId"]) for each in page["Versions"]]
            self.assertEqual(seen, wanted)
        got = self.s3.list_object_versions(Bucket=bucket, Delimiter="/")
        self.assertEqual([each["Prefix"] for each in got["CommonPrefixes"]], ["b/"])
        self.assertEqual(len(got["Versions"]), 6)
        got = self.s3.list_object_versions(Bucket=bucket, Prefix="b/", KeyMarker="b/1")
        self.assertEqual({each["Key"] for each in got["Versions"]}, {"b/2"})
        got = self.s3.list_object_versions(
            Bucket=bucket, KeyMarker="a", VersionIdMarker=wanted[0][1], MaxKeys=1)
        self.assertEqual(got["Versions"][0]["VersionId"], wanted[1][1])

    def test_deletes_and_copies_of_versions(self):
        bucket = self.versioned()
        old = self.put(bucket, "k", b"old")["VersionId"]
        self.put(bucket, "k", b"new")
        copied = self.s3.copy_object(
            Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k", "VersionId": old})
        self.assertEqual(copied["CopySourceVersionId"], old)
        self.assertEqual(self.read(bucket, "copy"), b"old")
        told = self.s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": old}, {"Key": "copy"}]})["Deleted"]
        self.assertEqual(told[0], {"Key": "k", "VersionId": old})
        self.assertEqual((told[1]["Key"], told[1]["DeleteMarker"]), ("copy", True))


class Locks(Case):
    def locked(self):
        return self.bucket(ObjectLockEnabledForBucket=True)

    def test_retention_holds(self):
        bucket = self.locked()
        self.assertEqual(self.s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
        until = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=1)
        version = self.put(bucket, "k", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
        head = self.s3.head_object(Bucket=bucket, Key="k")
        self.assertEqual((head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]), ("GOVERNANCE", until))
        with self.refused("AccessDenied", status=403):
            self.s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
        with self.refused("AccessDenied", status=403):
            self.s3.put_object_retention(
                Bucket=bucket, Key="k",
                Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until - datetime.timedelta(hours=1)})
        self.s3.delete_object(Bucket=bucket, Key="k", VersionId=version, BypassGovernanceRetention=True)
        version = self.put(bucket, "k", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)["VersionId"]
        with self.refused("AccessDenied", status=403):
            self.s3.delete_object(Bucket=bucket, Key="k", VersionId=version, BypassGovernanceRetention=True)
        self.s3.delete_object(Bucket=bucket, Key="k")  # a marker is no loss

    def test_legal_holds(self):
        bucket = self.locked()
        version = self.put(bucket, "k")["VersionId"]
        self.s3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "ON"})
        self.assertEqual(self.s3.get_object_legal_hold(Bucket=bucket, Key="k")["LegalHold"], {"Status": "ON"})
        with self.refused("AccessDenied", status=403):
            self.s3.delete_object(Bucket=bucket, Key="k", VersionId=version, BypassGovernanceRetention=True)
        self.s3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "OFF"})
        self.s3.delete_object(Bucket=bucket, Key="k", VersionId=version)

    def test_defaults_of_the_bucket(self):
        bucket = self.locked()
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 2}}
        self.s3.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
        got = self.s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        self.assertEqual(got, {"ObjectLockEnabled": "Enabled", "Rule": rule})
        self.put(bucket, "k")
        self.assertEqual(self.s3.get_object_retention(Bucket=bucket, Key="k")["Retention"]["Mode"], "COMPLIANCE")
        with self.refused("InvalidBucketState", status=409):
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})

    def test_where_there_is_no_lock(self):
        bucket = self.bucket()
        with self.refused("ObjectLockConfigurationNotFoundError", status=404):
            self.s3.get_object_lock_configuration(Bucket=bucket)
        self.put(bucket, "k")
        with self.refused("InvalidRequest", "Bucket is missing Object Lock Configuration", 400):
            self.s3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "ON"})
