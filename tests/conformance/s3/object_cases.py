"""Buckets and objects: what goes in comes out, and what S3 documents comes with it."""
import base64
import datetime
import email.header
import hashlib
import os
import unittest
import urllib.parse
import zlib

from support import Case, OWNER_ID, READER, STRANGER, newer_than

MIB = 1 << 20


def md5(body):
    return hashlib.md5(body).hexdigest()


class Buckets(Case):
    def test_a_bucket_from_its_making_to_its_end(self):
        name = "whole-life"
        made = self.s3.create_bucket(Bucket=name)
        self.assertEqual(made["Location"], f"/{name}")
        head = self.s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]
        self.assertEqual(head["x-amz-bucket-region"], "us-east-1")
        listed = self.s3.list_buckets()
        self.assertIn(name, [each["Name"] for each in listed["Buckets"]])
        self.assertEqual(listed["Owner"]["ID"], OWNER_ID)
        self.assertIsNone(self.s3.get_bucket_location(Bucket=name)["LocationConstraint"])
        self.put(name, "k")
        with self.refused("BucketNotEmpty", "The bucket you tried to delete is not empty", 409):
            self.s3.delete_bucket(Bucket=name)
        self.s3.delete_object(Bucket=name, Key="k")
        self.assertEqual(self.s3.delete_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"], 204)
        with self.refused("404", status=404):
            self.s3.head_bucket(Bucket=name)
        with self.refused("NoSuchBucket", "The specified bucket does not exist", 404) as refusal:
            self.s3.list_objects_v2(Bucket=name)
        self.assertEqual(refusal.response["Error"]["BucketName"], name)

    def test_names_that_are_taken_or_none(self):
        name = self.bucket()
        with self.refused("BucketAlreadyExists", status=409):
            self.stranger.create_bucket(Bucket=name)
        self.s3.create_bucket(Bucket=name)  # us-east-1 answers the owner as if it were made
        for bad in ("ab", "Upper.case", "-x-", "a..b", "192.168.0.1", "xn--a", "a" * 64):
            answer = self.region.signed("PUT", f"/{bad}")
            self.assert_error(answer, 400, "InvalidBucketName", "The specified bucket is not valid")
        with self.refused("IllegalLocationConstraintException", status=400):
            self.s3.create_bucket(
                Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "mars-east-1"})

    def test_a_bucket_is_a_name_too(self):
        name = self.bucket()
        self.put(name, "k", b"by name")
        url = self.s3.generate_presigned_url("get_object", {"Bucket": name, "Key": "k"})
        answer = self.region.http("GET", url[url.index("/", 8):])
        self.assertEqual(answer.body, b"by name")
        answer = self.region.signed("GET", "/k", headers={"host": f"{name}.s3.test"})
        self.assertEqual((answer.status, answer.body), (200, b"by name"))
        answer = self.region.signed("GET", "/", headers={"host": f"{name}.s3.test"})
        self.assertIn(b"<Key>k</Key>", answer.body)


class Objects(Case):
    def test_bytes_come_back(self):
        bucket = self.bucket()
        for key, body in (("empty", b""), ("small", b"hello"), ("large", os.urandom(6 * MIB))):
            put = self.put(bucket, key, body)
            self.assertEqual(put["ETag"], f'"{md5(body)}"')
            self.assertEqual(put["ServerSideEncryption"], "AES256")
            got = self.s3.get_object(Bucket=bucket, Key=key)
            self.assertEqual(got["Body"].read(), body)
            self.assertEqual((got["ContentLength"], got["ETag"]), (len(body), put["ETag"]))
            self.assertEqual(got["ContentType"], "binary/octet-stream")
            self.assertEqual(got["AcceptRanges"], "bytes")
        self.put(bucket, "small", b"again")
        self.assertEqual(self.read(bucket, "small"), b"again")
        for key in ("none", "small/none"):
            with self.refused("NoSuchKey", "The specified key does not exist.", 404) as refusal:
                self.s3.get_object(Bucket=bucket, Key=key)
            self.assertEqual(refusal.response["Error"]["Key"], key)
        with self.refused("404"):
            self.s3.head_object(Bucket=bucket, Key="none")
        self.assertEqual(self.s3.delete_object(Bucket=bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"], 204)

    def test_ranges(self):
        bucket = self.bucket()
        body = os.urandom(3 * MIB)
        size = len(body)
        self.put(bucket, "k", body)
        for text, first, last in (
                ("bytes=0-0", 0, 0), ("bytes=10-", 10, size - 1), ("bytes=-5", size - 5, size - 1),
                (f"bytes={MIB - 1}-{MIB}", MIB - 1, MIB), (f"bytes=5-{size * 2}", 5, size - 1)):
            got = self.s3.get_object(Bucket=bucket, Key="k", Range=text)
            self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 206)
            self.assertEqual(got["ContentRange"], f"bytes {first}-{last}/{size}")
            self.assertEqual(got["Body"].read(), body[first:last + 1])
        for text in ("bytes=9-3", "lines=1-2", "bytes=a-b"):  # no range: the whole
            got = self.s3.get_object(Bucket=bucket, Key="k", Range=text)
            self.assertEqual((got["ResponseMetadata"]["HTTPStatusCode"], got["ContentLength"]), (200, size))
            got["Body"].close()
        for text in (f"bytes={size}-", "bytes=-0"):
            with self.refused("InvalidRange", "The requested range is not satisfiable", 416) as refusal:
                self.s3.get_object(Bucket=bucket, Key="k", Range=text)
            self.assertEqual(refusal.response["Error"]["ActualObjectSize"], str(size))
        head = self.s3.head_object(Bucket=bucket, Key="k", Range="bytes=1-3")
        self.assertEqual(head["ContentLength"], 3)

    def test_conditions(self):
        bucket = self.bucket()
        tag = self.put(bucket, "k")["ETag"]
        made = self.s3.head_object(Bucket=bucket, Key="k")["LastModified"]
        before, after = made - datetime.timedelta(days=1), made + datetime.timedelta(seconds=1)

        def get(**conditions):
            return self.s3.get_object(Bucket=bucket, Key="k", **conditions)
        get(IfMatch=tag), get(IfNoneMatch='"other"'), get(IfModifiedSince=before), get(IfUnmodifiedSince=after)
        get(IfMatch=tag, IfUnmodifiedSince=before)
        for conditions in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": before}):
            with self.refused("PreconditionFailed", "At least one of the pre-conditions", 412) as refusal:
                get(**conditions)
            self.assertIn("If-", refusal.response["Error"]["Condition"])
        for conditions in ({"IfNoneMatch": tag}, {"IfModifiedSince": made}, {"IfNoneMatch": tag, "IfModifiedSince": before}):
            with self.refused("304", status=304) as refusal:
                get(**conditions)
            self.assertEqual(refusal.response["ResponseMetadata"]["HTTPHeaders"]["etag"], tag)

    @unittest.skipUnless(newer_than((1, 36)), "boto3 has no conditional writes yet")
    def test_conditional_writes(self):
        bucket = self.bucket()
        tag = self.put(bucket, "k", IfNoneMatch="*")["ETag"]
        with self.refused("PreconditionFailed", status=412):
            self.put(bucket, "k", b"y", IfNoneMatch="*")
        with self.refused("PreconditionFailed", status=412):
            self.put(bucket, "k", b"y", IfMatch='"other"')
        self.put(bucket, "k", b"y", IfMatch=tag)
        with self.refused("NoSuchKey", status=404):
            self.put(bucket, "none", b"y", IfMatch=tag)
        self.assertEqual(self.read(bucket, "k"), b"y")

    def test_headers_and_metadata(self):
        bucket = self.bucket()
        expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        given = {
            "CacheControl": "max-age=60", "ContentDisposition": 'attachment; filename="b.txt"', "ContentEncoding": "gzip",
            "ContentLanguage": "de", "ContentType": "text/plain; charset=utf-8", "StorageClass": "STANDARD_IA",
            "WebsiteRedirectLocation": "/other", "Metadata": {"plain": "a, b", "camelcase": "X"}}
        self.put(bucket, "k", Expires=expires, **given)
        for got in (self.s3.get_object(Bucket=bucket, Key="k"), self.s3.head_object(Bucket=bucket, Key="k")):
            for name, value in given.items():
                self.assertEqual(got[name], value, name)
            self.assertEqual(got["ResponseMetadata"]["HTTPHeaders"]["expires"], "Wed, 02 Jan 2030 03:04:05 GMT")
        got = self.s3.get_object(
            Bucket=bucket, Key="k", ResponseContentType="text/x", ResponseCacheControl="no-cache",
            ResponseContentDisposition="inline")
        self.assertEqual((got["ContentType"], got["CacheControl"], got["ContentDisposition"]),
                         ("text/x", "no-cache", "inline"))
        with self.refused("InvalidStorageClass", status=400):
            self.put(bucket, "k", StorageClass="SOME")

    def test_metadata_that_is_no_ascii_is_told_as_rfc_2047_does(self):
        bucket = self.bucket()
        raw = "Käse".encode()
        answer = self.region.http(
            "PUT", f"/{bucket}/k", b"x", sign_latin(self.region, f"/{bucket}/k", {"x-amz-meta-name": raw.decode("latin-1")}))
        self.assertEqual(answer.status, 200, answer.body)
        head = self.s3.head_object(Bucket=bucket, Key="k")
        told = email.header.decode_header(head["Metadata"]["name"])
        self.assertEqual(told, [(raw, "utf-8")])

    def test_metadata_has_a_limit(self):
        bucket = self.bucket()
        self.put(bucket, "k", Metadata={"a": "x" * 2047})
        with self.refused("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400):
            self.put(bucket, "k", Metadata={"a": "x" * 2048})

    def test_keys_of_all_kinds(self):
        bucket = self.bucket()
        keys = ["a b", "a+b", "ü/\U0001f4da", "a//b", "/lead", "trail/", "..", "../x", "./y", "%2e%2e", "a%2Fb", "q?x=1&y",
                "hash#", "x" * 1024, "'\"<>&", "tab\there", "*~!()", "café"]
        for key in keys:
            self.put(bucket, key, key.encode())
        for key in keys:
            self.assertEqual(self.read(bucket, key), key.encode())
        self.assertEqual(self.keys(bucket), sorted(keys, key=lambda each: each.encode()))
        with self.refused("KeyTooLongError", "Your key is too long", 400):
            self.put(bucket, "x" * 1025)

    def test_copies(self):
        bucket = self.bucket()
        body = os.urandom(100_000)
        put = self.put(bucket, "from ü", body, Metadata={"a": "1"}, ContentType="text/x", Tagging="t=1")
        copied = self.s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from ü"})
        self.assertEqual(copied["CopyObjectResult"]["ETag"], put["ETag"])
        got = self.s3.get_object(Bucket=bucket, Key="to")
        self.assertEqual((got["Body"].read(), got["Metadata"], got["ContentType"], got["TagCount"]),
                         (body, {"a": "1"}, "text/x", 1))
        self.s3.copy_object(
            Bucket=bucket, Key="to", CopySource=f"{bucket}/to", MetadataDirective="REPLACE", Metadata={"b": "2"},
            TaggingDirective="REPLACE", Tagging="u=2")
        self.assertEqual(self.s3.head_object(Bucket=bucket, Key="to")["Metadata"], {"b": "2"})
        tags = self.s3.get_object_tagging(Bucket=bucket, Key="to")["TagSet"]
        self.assertEqual(tags, [{"Key": "u", "Value": "2"}])
        with self.refused("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself"):
            self.s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/to")
        with self.refused("PreconditionFailed", status=412):
            self.s3.copy_object(Bucket=bucket, Key="z", CopySource=f"{bucket}/to", CopySourceIfMatch='"x"')
        with self.refused("NoSuchKey", status=404):
            self.s3.copy_object(Bucket=bucket, Key="z", CopySource=f"{bucket}/none")
        with self.refused("NoSuchBucket", status=404):
            self.s3.copy_object(Bucket=bucket, Key="z", CopySource="no-such-bucket-here/none")

    def test_many_deleted_at_once(self):
        bucket = self.bucket()
        keys = [f"k{i}" for i in range(30)] + ["a&b", "ü"]
        for key in keys:
            self.put(bucket, key)
        quiet = self.s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[:10]], "Quiet": True})
        self.assertNotIn("Deleted", quiet)
        told = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[10:] + ["none"]]})
        self.assertEqual([each["Key"] for each in told["Deleted"]], keys[10:] + ["none"])
        self.assertEqual(self.keys(bucket), [])
        with self.refused("MalformedXML", status=400):
            self.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"k{i}"} for i in range(1001)]})

    def test_tags(self):
        bucket = self.bucket()
        self.put(bucket, "k", Tagging="a=1&b=x%20y")
        self.assertEqual(self.s3.get_object(Bucket=bucket, Key="k")["TagCount"], 2)
        tags = [{"Key": "c", "Value": "3"}, {"Key": "ü", "Value": ""}]
        self.s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"], tags)
        self.s3.delete_object_tagging(Bucket=bucket, Key="k")
        self.assertEqual(self.s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"], [])
        for bad in ([{"Key": f"k{i}", "Value": ""} for i in range(11)],):
            with self.refused("BadRequest", "Object tags cannot be greater than 10", 400):
                self.s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": bad})
        for bad in ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], [{"Key": "x" * 129, "Value": ""}],
                    [{"Key": "x", "Value": "x" * 257}]):
            with self.refused("InvalidTag", status=400):
                self.s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": bad})

    def test_attributes(self):
        bucket = self.bucket()
        put = self.put(bucket, "k", b"123", ChecksumAlgorithm="SHA256")
        got = self.s3.get_object_attributes(
            Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass"])
        self.assertEqual((got["ETag"], got["ObjectSize"], got["StorageClass"]), (put["ETag"].strip('"'), 3, "STANDARD"))
        self.assertEqual(got["Checksum"]["ChecksumSHA256"], base64.b64encode(hashlib.sha256(b"123").digest()).decode())


def sign_latin(region, target, headers):
    """Headers whose bytes are no ASCII, signed as they go over the wire."""
    import support
    utf8 = {name: value.encode("latin-1").decode() for name, value in headers.items()}
    signed = support.sign(region, "PUT", target, b"x", utf8)
    return {**signed, **headers}


class Checksums(Case):
    def test_all_algorithms_go_and_come(self):
        bucket = self.bucket()
        body = os.urandom(200_000)
        wanted = {
            "CRC32": zlib.crc32(body).to_bytes(4, "big"), "SHA1": hashlib.sha1(body).digest(),
            "SHA256": hashlib.sha256(body).digest()}
        known = ["CRC32", "SHA1", "SHA256"]
        try:
            import awscrt.checksums  # noqa: F401
            known += ["CRC32C", "CRC64NVME"] if newer_than((1, 36)) else ["CRC32C"]
        except ImportError:
            pass
        for algorithm in known:
            put = self.put(bucket, algorithm, body, ChecksumAlgorithm=algorithm)
            name = f"Checksum{algorithm}"
            if algorithm in wanted:
                self.assertEqual(put[name], base64.b64encode(wanted[algorithm]).decode())
            got = self.s3.get_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")
            self.assertEqual(got[name], put[name])
            self.assertEqual(got["Body"].read(), body)
            self.assertNotIn(name, self.s3.head_object(Bucket=bucket, Key=algorithm))
        # Those that the client can't calculate go as they are given.
        for header, value in (("crc32c", "4waSgw=="), ("crc64nvme", "rosUhgp5mIg=")):
            answer = self.region.signed(
                "PUT", f"/{bucket}/{header}", b"123456789", {f"x-amz-checksum-{header}": value})
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.headers[f"x-amz-checksum-{header}"], value)

    def test_wrong_ones_are_refused_and_leave_nothing(self):
        bucket = self.bucket()
        sha = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        with self.refused("BadDigest", "did not match", 400):
            self.put(bucket, "k", ChecksumSHA256=sha)
        with self.refused("InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid", 400):
            self.put(bucket, "k", ChecksumSHA256="short")
        with self.refused("BadDigest", status=400):
            self.put(bucket, "k", ContentMD5=base64.b64encode(hashlib.md5(b"other").digest()).decode())
        with self.refused("InvalidDigest", "The Content-MD5 you specified", 400):
            self.put(bucket, "k", ContentMD5="nonsense")
        self.assertEqual(self.keys(bucket), [])

    @unittest.skipUnless(newer_than((1, 36)), "boto3 adds no checksum by itself yet")
    def test_new_clients_add_one_behind_the_body(self):
        bucket = self.bucket()
        seen = {}
        client = self.region.client()
        client.meta.events.register("before-send.s3.PutObject", lambda request, **_: seen.update(request.headers))
        put = client.put_object(Bucket=bucket, Key="k", Body=b"hello")
        self.assertEqual(put["ChecksumCRC32"], base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode())
        self.assertIn("x-amz-checksum-crc32", {str(name).lower() for name in seen} | {
            (value.decode() if isinstance(value, bytes) else str(value)).lower() for value in seen.values()})
        when_required = self.region.client(request_checksum_calculation="when_required")
        # Then S3 adds a CRC64NVME of its own.
        put = when_required.put_object(Bucket=bucket, Key="k", Body=b"123456789")
        self.assertEqual(put["ChecksumCRC64NVME"], "rosUhgp5mIg=")


class Signatures(Case):
    def test_presigned(self):
        bucket = self.bucket()
        put = self.s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b/ü"}, ExpiresIn=60)
        target = put[put.index("/", 8):]
        answer = self.region.http("PUT", target, b"body")
        self.assertEqual(answer.status, 200, answer.body)
        get = self.s3.generate_presigned_url(
            "get_object", {"Bucket": bucket, "Key": "a b/ü", "ResponseContentType": "text/html"}, ExpiresIn=60)
        answer = self.region.http("GET", get[get.index("/", 8):])
        self.assertEqual((answer.status, answer.body, answer.headers["Content-Type"]), (200, b"body", "text/html"))
        answer = self.region.http("DELETE", target)
        self.assert_error(answer, 403, "SignatureDoesNotMatch")
        answer = self.region.http("GET", get[get.index("/", 8):].replace("Expires=60", "Expires=61"))
        self.assert_error(answer, 403, "SignatureDoesNotMatch")

    def test_presigned_long_ago(self):
        bucket = self.bucket()
        self.put(bucket, "k")
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
        from unittest import mock
        old = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=2)
        name = "botocore.auth.get_current_datetime" if hasattr(botocore.auth, "get_current_datetime") else None
        with mock.patch(name) if name else mock.patch("botocore.auth.datetime.datetime") as clock:
            if name:
                clock.return_value = old
            else:
                clock.utcnow.return_value = old
            url = self.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
        answer = self.region.http("GET", url[url.index("/", 8):])
        self.assert_error(answer, 403, "AccessDenied", "Request has expired")
        week = self.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=604801)
        answer = self.region.http("GET", week[week.index("/", 8):])
        self.assert_error(answer, 400, "AuthorizationQueryParametersError", "X-Amz-Expires must be")

    def test_who_may_not(self):
        bucket = self.bucket()
        with self.refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records", 403):
            self.region.client(("AKIANOBODY", "x")).list_buckets()
        with self.refused("SignatureDoesNotMatch", "The request signature we calculated does not match", 403):
            self.region.client(("AKIAADMIN", "wrong")).list_buckets()
        reader = self.region.client(READER)
        self.put(bucket, "k")
        self.assertEqual(reader.get_object(Bucket=bucket, Key="k")["Body"].read(), b"x")
        with self.refused("AccessDenied", "Access Denied", 403):
            reader.put_object(Bucket=bucket, Key="k", Body=b"y")
        with self.refused("AccessDenied", status=403):
            self.region.client(STRANGER).get_object(Bucket=bucket, Key="k")
        self.assert_error(self.region.http("GET", f"/{bucket}/k"), 403, "AccessDenied", "Access Denied")

    def test_chunks_that_are_signed(self):
        bucket = self.bucket()
        client = self.region.client(s3={"addressing_style": "path", "payload_signing_enabled": True})
        client.put_object(Bucket=bucket, Key="k", Body=os.urandom(MIB), ChecksumAlgorithm="SHA256")
        self.assertEqual(self.s3.head_object(Bucket=bucket, Key="k")["ContentLength"], MIB)

    def test_a_browser_s_form(self):
        bucket = self.bucket()
        form = self.s3.generate_presigned_post(
            bucket, "up/${filename}", Fields={"success_action_status": "201"},
            Conditions=[["content-length-range", 1, 10], {"success_action_status": "201"}])

        def post(body):
            edge = "edge7"
            text = "".join(
                f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in form["fields"].items())
            text += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
            return self.region.http(
                "POST", urllib.parse.urlparse(form["url"]).path, text.encode() + body + f"\r\n--{edge}--\r\n".encode(),
                {"Content-Type": f"multipart/form-data; boundary={edge}"})
        answer = post(b"formed")
        self.assertEqual(answer.status, 201, answer.body)
        self.assertIn(b"<Key>up/f.txt</Key>", answer.body)
        self.assertEqual(self.read(bucket, "up/f.txt"), b"formed")
        self.assert_error(post(b"much too long"), 400, "EntityTooLarge")
