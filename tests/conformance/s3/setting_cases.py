"""What a bucket is told to do by itself: CORS, its website, lifecycle, encryption, tags."""
import json

from support import Case, eventually


class Settings(Case):
    def test_cors(self):
        bucket = self.bucket()
        with self.refused("NoSuchCORSConfiguration", "The CORS configuration does not exist", 404):
            self.s3.get_bucket_cors(Bucket=bucket)
        rules = [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"], "AllowedHeaders": ["x-*"],
                  "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}]
        self.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
        self.assertEqual(self.s3.get_bucket_cors(Bucket=bucket)["CORSRules"], rules)
        asked = {"Origin": "https://www.example.com", "Access-Control-Request-Method": "PUT",
                 "Access-Control-Request-Headers": "x-some"}
        answer = self.region.http("OPTIONS", f"/{bucket}/k", headers=asked)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "https://www.example.com")
        self.assertEqual(answer.headers["Access-Control-Allow-Methods"], "GET, PUT")
        self.assertEqual(answer.headers["Access-Control-Max-Age"], "60")
        answer = self.region.http("OPTIONS", f"/{bucket}/k", headers={**asked, "Origin": "https://example.org"})
        self.assert_error(answer, 403, "AccessForbidden", "CORSResponse: This CORS request is not allowed")
        answer = self.region.signed("GET", f"/{bucket}", headers={"Origin": "https://www.example.com"})
        self.assertEqual(answer.headers["Access-Control-Expose-Headers"], "ETag")
        self.s3.delete_bucket_cors(Bucket=bucket)
        answer = self.region.http("OPTIONS", f"/{bucket}/k", headers=asked)
        self.assert_error(answer, 403, "AccessForbidden")

    def test_a_website(self):
        bucket = self.bucket()
        with self.refused("NoSuchWebsiteConfiguration", status=404):
            self.s3.get_bucket_website(Bucket=bucket)
        self.s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "oops.html"},
            "RoutingRules": [{"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}}]})
        readable = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        listable = {**readable, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}

        def permit(*statements):
            self.s3.put_bucket_policy(
                Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        permit(readable)
        self.put(bucket, "index.html", b"front", ContentType="text/html")
        self.put(bucket, "shelf/index.html", b"shelf")
        self.put(bucket, "oops.html", b"oops", ContentType="text/html")
        self.put(bucket, "moved", WebsiteRedirectLocation="/index.html")

        def visit(path, method="GET"):
            return self.region.http(method, path, host=f"{bucket}.s3-website.us-east-1.s3.test")
        for path, body in (("/", b"front"), ("/index.html", b"front"), ("/shelf/", b"shelf")):
            answer = visit(path)
            self.assertEqual((answer.status, answer.body), (200, body), path)
        self.assertEqual(visit("/").headers["Content-Type"], "text/html")
        answer = visit("/shelf")
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "/shelf/"))
        self.assertEqual(visit("/none").status, 403)  # what is not there is told only to who may list
        permit(readable, listable)
        answer = visit("/none")
        self.assertEqual((answer.status, answer.body, answer.headers["Content-Type"]), (404, b"oops", "text/html"))
        answer = visit("/moved")
        self.assertEqual((answer.status, answer.headers["Location"]), (301, "/index.html"))
        answer = visit("/old/a")
        self.assertEqual(answer.status, 301)
        self.assertTrue(answer.headers["Location"].endswith("/new/a"), answer.headers["Location"])
        self.assertEqual(visit("/index.html", "POST").status, 405)

    def test_encryption(self):
        bucket = self.bucket()
        rules = self.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        key = "default"  # the one that the program makes itself
        put = self.put(bucket, "k", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
        self.assertEqual((put["ServerSideEncryption"], put["SSEKMSKeyId"]), ("aws:kms", key))
        self.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
        self.put(bucket, "default")
        head = self.s3.head_object(Bucket=bucket, Key="default")
        self.assertEqual((head["ServerSideEncryption"], head["SSEKMSKeyId"]), ("aws:kms", key))
        with self.refused("KMS.NotFoundException", status=400):
            self.put(bucket, "k", ServerSideEncryption="aws:kms", SSEKMSKeyId="nobodys")
        answer = self.region.signed("PUT", f"/{bucket}/k", b"x", {"x-amz-server-side-encryption": "rot13"})
        self.assert_error(answer, 400, "InvalidArgument")

    def test_lifecycle_removes_what_is_due(self):
        bucket = self.bucket()
        with self.refused("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404):
            self.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        self.put(bucket, "tmp/k"), self.put(bucket, "kept")
        self.s3.create_multipart_upload(Bucket=bucket, Key="tmp/upload")
        rules = [
            {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1},
             "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
        self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        self.assertEqual(self.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"], rules)
        eventually(lambda: self.keys(bucket) == ["kept"])
        eventually(lambda: "Uploads" not in self.s3.list_multipart_uploads(Bucket=bucket))
        with self.refused("InvalidArgument", status=400):
            self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
                {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 0}}]})

    def test_lifecycle_removes_versions_that_are_no_longer_current(self):
        bucket = self.bucket()
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.put(bucket, "k", b"1")
        last = self.put(bucket, "k", b"2")["VersionId"]
        self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
            {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""},
             "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]})
        eventually(lambda: [each["VersionId"] for each in self.s3.list_object_versions(Bucket=bucket)["Versions"]] == [last])

    def test_tags_of_a_bucket(self):
        bucket = self.bucket()
        with self.refused("NoSuchTagSet", "The TagSet does not exist", 404):
            self.s3.get_bucket_tagging(Bucket=bucket)
        tags = [{"Key": "team", "Value": "books + more"}]
        self.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_bucket_tagging(Bucket=bucket)["TagSet"], tags)
        self.s3.delete_bucket_tagging(Bucket=bucket)
        with self.refused("NoSuchTagSet"):
            self.s3.get_bucket_tagging(Bucket=bucket)

    def test_what_is_asked_for_and_not_kept(self):
        bucket = self.bucket()
        self.assertNotIn("LoggingEnabled", self.s3.get_bucket_logging(Bucket=bucket))
        self.assertEqual(self.s3.get_bucket_request_payment(Bucket=bucket)["Payer"], "BucketOwner")
        self.assertNotIn("Status", self.s3.get_bucket_accelerate_configuration(Bucket=bucket))
        self.assertNotIn("TopicConfigurations", self.s3.get_bucket_notification_configuration(Bucket=bucket))
