"""Who may: policies, access control lists, and what blocks both."""
import json

from support import ALL_USERS, Case, OWNER_ID, STRANGER_ID


def policy(bucket, *statements):
    def full(statement):
        resource = statement.pop("Resource", f"arn:aws:s3:::{bucket}/*")
        return {"Effect": "Allow", "Principal": "*", "Resource": resource, **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [full(each) for each in statements]})


class Policies(Case):
    def test_everybody_may_read_and_no_more(self):
        bucket = self.bucket()
        self.put(bucket, "public/k", b"open"), self.put(bucket, "secret/k")
        with self.refused("NoSuchBucketPolicy", "The bucket policy does not exist", 404):
            self.s3.get_bucket_policy(Bucket=bucket)
        text = policy(bucket, {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/public/*"})
        self.s3.put_bucket_policy(Bucket=bucket, Policy=text)
        self.assertEqual(json.loads(self.s3.get_bucket_policy(Bucket=bucket)["Policy"]), json.loads(text))
        self.assertTrue(self.s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"])
        answer = self.region.http("GET", f"/{bucket}/public/k")
        self.assertEqual((answer.status, answer.body), (200, b"open"))
        self.assert_error(self.region.http("GET", f"/{bucket}/secret/k"), 403, "AccessDenied")
        self.assert_error(self.region.http("PUT", f"/{bucket}/public/k", b"x"), 403, "AccessDenied")
        self.assert_error(self.region.http("GET", f"/{bucket}/public/none"), 403, "AccessDenied")
        self.s3.delete_bucket_policy(Bucket=bucket)
        self.assert_error(self.region.http("GET", f"/{bucket}/public/k"), 403, "AccessDenied")

    def test_another_account(self):
        bucket = self.bucket()
        self.put(bucket, "k")
        who = {"AWS": "arn:aws:iam::444455556666:root"}
        self.s3.put_bucket_policy(Bucket=bucket, Policy=policy(
            bucket, {"Principal": who, "Action": ["s3:GetObject", "s3:PutObject"]},
            {"Principal": who, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
             "Condition": {"StringEquals": {"s3:prefix": "shared/"}}},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/denied"}))
        self.stranger.get_object(Bucket=bucket, Key="k")
        self.stranger.put_object(Bucket=bucket, Key="denied", Body=b"x")
        self.stranger.list_objects_v2(Bucket=bucket, Prefix="shared/")
        for call in (lambda: self.stranger.list_objects_v2(Bucket=bucket),
                     lambda: self.stranger.delete_object(Bucket=bucket, Key="k"),
                     lambda: self.s3.get_object(Bucket=bucket, Key="denied")):  # a denial is for the owner too
            with self.refused("AccessDenied", status=403):
                call()

    def test_what_is_no_policy(self):
        bucket = self.bucket()
        for text in ("{", "{}", policy("another-bucket", {"Action": "s3:GetObject"}),
                     policy(bucket, {"Action": "ec2:RunInstances"})):
            with self.refused("MalformedPolicy", status=400):
                self.s3.put_bucket_policy(Bucket=bucket, Policy=text)

    def test_public_access_is_blocked(self):
        bucket = self.bucket()
        with self.refused("NoSuchPublicAccessBlockConfiguration", status=404):
            self.s3.get_public_access_block(Bucket=bucket)
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
        with self.refused("AccessDenied", status=403):
            self.s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"Action": "s3:GetObject"}))
        self.s3.delete_public_access_block(Bucket=bucket)
        self.s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"Action": "s3:GetObject"}))
        self.put(bucket, "k")
        self.assertEqual(self.region.http("GET", f"/{bucket}/k").status, 200)
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
        self.assert_error(self.region.http("GET", f"/{bucket}/k"), 403, "AccessDenied")


class AccessLists(Case):
    def test_canned_and_granted(self):
        bucket = self.bucket(ObjectOwnership="ObjectWriter")
        own = self.s3.get_bucket_acl(Bucket=bucket)
        self.assertEqual(own["Owner"]["ID"], OWNER_ID)
        self.assertEqual([(each["Grantee"]["ID"], each["Permission"]) for each in own["Grants"]],
                         [(OWNER_ID, "FULL_CONTROL")])
        self.put(bucket, "public", b"all", ACL="public-read")
        self.assertEqual(self.region.http("GET", f"/{bucket}/public").body, b"all")
        grants = self.s3.get_object_acl(Bucket=bucket, Key="public")["Grants"]
        self.assertIn((ALL_USERS, "READ"), [(each["Grantee"].get("URI"), each["Permission"]) for each in grants])
        self.put(bucket, "k")
        with self.refused("AccessDenied", status=403):
            self.stranger.get_object(Bucket=bucket, Key="k")
        self.s3.put_object_acl(Bucket=bucket, Key="k", GrantRead=f"id={STRANGER_ID}")
        self.stranger.get_object(Bucket=bucket, Key="k")
        with self.refused("AccessDenied", status=403):
            self.stranger.get_object_acl(Bucket=bucket, Key="k")
        with self.refused("AccessDenied", status=403):
            self.stranger.list_objects_v2(Bucket=bucket)
        self.s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
        self.stranger.list_objects_v2(Bucket=bucket)
        self.stranger.put_object(Bucket=bucket, Key="theirs", Body=b"x")
        owner = self.stranger.get_object_acl(Bucket=bucket, Key="theirs")["Owner"]
        self.assertEqual(owner["ID"], STRANGER_ID)
        with self.refused("AccessDenied", status=403):
            self.s3.get_object(Bucket=bucket, Key="theirs")
        with self.refused("InvalidArgument", status=400):
            self.s3.put_object_acl(Bucket=bucket, Key="k", GrantRead="id=nobody")

    def test_the_owner_enforced(self):
        bucket = self.bucket(ObjectOwnership="BucketOwnerEnforced")
        got = self.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        self.assertEqual(got, [{"ObjectOwnership": "BucketOwnerEnforced"}])
        for acl in ("public-read", "authenticated-read"):
            with self.refused("AccessControlListNotSupported", "The bucket does not allow ACLs", 400):
                self.put(bucket, "k", ACL=acl)
        self.put(bucket, "k", ACL="bucket-owner-full-control")
        with self.refused("AccessControlListNotSupported", status=400):
            self.s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
