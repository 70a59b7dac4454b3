"""Objects that come in parts."""
import base64
import hashlib
import io
import os
import zlib

from boto3.s3.transfer import TransferConfig

from support import Case, newer_than

MIB = 1 << 20
PART = 5 * MIB


def tag_of(parts):
    return f'"{hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()}-{len(parts)}"'


class Multipart(Case):
    def upload(self, bucket, key, parts, **more):
        made = self.s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
        done = []
        for number, part in enumerate(parts, 1):
            put = self.s3.upload_part(Bucket=bucket, Key=key, UploadId=made, PartNumber=number, Body=part)
            done.append({"PartNumber": number, "ETag": put["ETag"]})
        return made, done

    def complete(self, bucket, key, upload, parts, **more):
        return self.s3.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **more)

    def test_upload_file_with_threads(self):
        bucket = self.bucket()
        body = os.urandom(16 * MIB + 7)
        config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)
        self.s3.upload_fileobj(
            io.BytesIO(body), bucket, "k", Config=config, ExtraArgs={"Metadata": {"a": "b"}, "ContentType": "text/x"})
        head = self.s3.head_object(Bucket=bucket, Key="k")
        self.assertEqual(head["ETag"], tag_of([body[at:at + PART] for at in range(0, len(body), PART)]))
        self.assertEqual((head["Metadata"], head["ContentType"]), ({"a": "b"}, "text/x"))
        got = io.BytesIO()
        self.s3.download_fileobj(bucket, "k", got, Config=config)
        self.assertEqual(got.getvalue(), body)
        self.s3.copy({"Bucket": bucket, "Key": "k"}, bucket, "copy", Config=config)
        self.assertEqual(self.read(bucket, "copy"), body)

    def test_parts_one_by_one(self):
        bucket = self.bucket()
        parts = [os.urandom(PART), os.urandom(PART), b"end"]
        upload, done = self.upload(bucket, "k", parts, Metadata={"m": "1"})
        listed = self.s3.list_parts(Bucket=bucket, Key="k", UploadId=upload, MaxParts=2)
        self.assertEqual([(each["PartNumber"], each["Size"]) for each in listed["Parts"]], [(1, PART), (2, PART)])
        self.assertEqual((listed["IsTruncated"], listed["NextPartNumberMarker"]), (True, 2))
        self.assertEqual(self.keys(bucket), [])
        answer = self.complete(bucket, "k", upload, done)
        self.assertEqual((answer["ETag"], answer["Bucket"], answer["Key"]), (tag_of(parts), bucket, "k"))
        self.assertEqual(self.read(bucket, "k"), b"".join(parts))
        got = self.s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
        self.assertEqual((got["Body"].read(), got["PartsCount"]), (b"end", 3))
        self.assertEqual(got["ContentRange"], f"bytes {2 * PART}-{2 * PART + 2}/{2 * PART + 3}")
        head = self.s3.head_object(Bucket=bucket, Key="k", PartNumber=1)
        self.assertEqual(head["ContentLength"], PART)
        with self.refused("416", status=416):
            self.s3.head_object(Bucket=bucket, Key="k", PartNumber=4)
        self.complete(bucket, "k", upload, done)  # asked again, as after a lost answer
        with self.refused("NoSuchUpload", "The specified upload does not exist", 404):
            self.s3.upload_part(Bucket=bucket, Key="k", UploadId="nonsense", PartNumber=1, Body=b"x")

    def test_what_a_completion_may_not(self):
        bucket = self.bucket()
        upload, done = self.upload(bucket, "k", [b"small", b"end"])
        with self.refused("EntityTooSmall", "smaller than the minimum allowed", 400):
            self.complete(bucket, "k", upload, done)
        with self.refused("InvalidPartOrder", "The list of parts was not in ascending order", 400):
            self.complete(bucket, "k", upload, done[::-1])
        with self.refused("InvalidPart", "One or more of the specified parts could not be found", 400):
            self.complete(bucket, "k", upload, [{"PartNumber": 1, "ETag": '"x"'}])
        with self.refused("InvalidPart", status=400):
            self.complete(bucket, "k", upload, [{**done[0], "PartNumber": 9}])
        with self.refused("MalformedXML", status=400):
            self.complete(bucket, "k", upload, [])
        for number in (0, 10_001):
            with self.refused("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", 400):
                self.s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=b"x")
        self.complete(bucket, "k", upload, done[1:])  # a part alone is the last one
        self.assertEqual(self.read(bucket, "k"), b"end")

    def test_lists_and_abort(self):
        bucket = self.bucket()
        uploads = {key: self.upload(bucket, key, [b"x"])[0] for key in ("a", "b/1", "b/2")}
        seen = []
        for page in self.s3.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, PaginationConfig={"PageSize": 1}):
            seen += [(each["Key"], each["UploadId"]) for each in page.get("Uploads", [])]
        self.assertEqual(seen, sorted(uploads.items()))
        got = self.s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
        self.assertEqual([each["Prefix"] for each in got["CommonPrefixes"]], ["b/"])
        for key, upload in uploads.items():
            self.s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        self.assertNotIn("Uploads", self.s3.list_multipart_uploads(Bucket=bucket))
        with self.refused("NoSuchUpload", status=404):
            self.s3.list_parts(Bucket=bucket, Key="a", UploadId=uploads["a"])
        self.s3.delete_bucket(Bucket=bucket)

    def test_parts_that_are_copies(self):
        bucket = self.bucket()
        body = os.urandom(PART + 10)
        self.put(bucket, "from", body)
        upload = self.s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
        parts = []
        for number, piece in enumerate((f"bytes=10-{PART + 9}", "bytes=0-9"), 1):
            copied = self.s3.upload_part_copy(
                Bucket=bucket, Key="to", UploadId=upload, PartNumber=number, CopySource=f"{bucket}/from",
                CopySourceRange=piece)
            parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
        with self.refused("InvalidArgument", status=400):
            self.s3.upload_part_copy(
                Bucket=bucket, Key="to", UploadId=upload, PartNumber=3, CopySource=f"{bucket}/from",
                CopySourceRange="bytes=x")
        self.complete(bucket, "to", upload, parts)
        self.assertEqual(self.read(bucket, "to"), body[10:] + body[:10])

    def test_checksums_of_parts(self):
        bucket = self.bucket()
        parts = [os.urandom(PART), b"end"]
        made = self.s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")
        done = []
        for number, part in enumerate(parts, 1):
            put = self.s3.upload_part(
                Bucket=bucket, Key="k", UploadId=made["UploadId"], PartNumber=number, Body=part,
                ChecksumAlgorithm="SHA256")
            done.append({"PartNumber": number, "ETag": put["ETag"], "ChecksumSHA256": put["ChecksumSHA256"]})
        answer = self.complete(bucket, "k", made["UploadId"], done)
        digests = b"".join(hashlib.sha256(part).digest() for part in parts)
        wanted = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2"
        self.assertEqual(answer["ChecksumSHA256"], wanted)
        got = self.s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts", "Checksum"])
        self.assertEqual(got["ObjectParts"]["TotalPartsCount"], 2)
        self.assertEqual([each["Size"] for each in got["ObjectParts"]["Parts"]], [PART, 3])
        if not newer_than((1, 36)):
            return
        made = self.s3.create_multipart_upload(
            Bucket=bucket, Key="whole", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
        done = []
        for number, part in enumerate(parts, 1):
            put = self.s3.upload_part(
                Bucket=bucket, Key="whole", UploadId=made, PartNumber=number, Body=part, ChecksumAlgorithm="CRC32")
            done.append({"PartNumber": number, "ETag": put["ETag"], "ChecksumCRC32": put["ChecksumCRC32"]})
        whole = base64.b64encode(zlib.crc32(b"".join(parts)).to_bytes(4, "big")).decode()
        with self.refused("BadDigest", status=400):
            self.complete(bucket, "whole", made, done, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
        answer = self.complete(bucket, "whole", made, done, ChecksumCRC32=whole, ChecksumType="FULL_OBJECT")
        self.assertEqual((answer["ChecksumCRC32"], answer["ChecksumType"]), (whole, "FULL_OBJECT"))
