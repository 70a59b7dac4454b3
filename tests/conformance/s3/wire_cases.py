"""Bad input, over a plain socket: S3's own codes, and nothing left behind."""
import hashlib
import time

from support import Case, sign


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Wire(Case):
    def test_errors_are_documents(self):
        bucket = self.bucket()
        document = self.assert_error(
            self.region.signed("GET", f"/{bucket}/none"), 404, "NoSuchKey", "The specified key does not exist.")
        self.assertEqual(document.findtext("Key"), "none")
        self.assertEqual(document.findtext("Resource"), f"/{bucket}/none")
        head = self.region.signed("HEAD", f"/{bucket}/none")
        self.assertEqual((head.status, head.body), (404, b""))
        self.assert_error(self.region.signed("POST", f"/{bucket}/k"), 405, "MethodNotAllowed")
        self.assert_error(self.region.signed("DELETE", "/"), 405, "MethodNotAllowed")
        self.assert_error(self.region.http("GET", "/"), 403, "AccessDenied")

    def test_paths_that_would_climb(self):
        bucket = self.bucket()
        self.put(bucket, "k", b"mine")
        for path in (f"/{bucket}/../../etc/passwd", f"/{bucket}/%2e%2e/%2e%2e/etc/passwd", f"/{bucket}/..%2f..%2fkeys",
                     f"/{bucket}/k/../k", f"/{bucket}/%00"):
            answer = self.region.signed("GET", path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn(b"root:", answer.body)
            self.assertNotIn(b"secret", answer.body)
        answer = self.region.signed("PUT", f"/{bucket}/../climbed", b"x")
        self.assertEqual(answer.status, 200, answer.body)  # a key like any other
        self.assertEqual(self.keys(bucket), ["../climbed", "k"])
        self.assertEqual(self.region.signed("GET", "/../../etc/passwd").status, 404)  # no bucket has that name

    def test_what_is_no_utf_8(self):
        bucket = self.bucket()
        self.assert_error(self.region.signed("PUT", f"/{bucket}/%ff", b"x"), 400, "InvalidURI")
        self.assert_error(self.region.signed("PUT", f"/{bucket}/%zz", b"x"), 400, "InvalidURI")

    def test_headers_that_are_too_long(self):
        self.assertEqual(self.region.http("GET", "/", headers={"x-amz-meta-a": "x" * 100_000}).status, 431)
        self.assertEqual(self.region.http("GET", "/" + "x" * 100_000).status, 431)

    def test_lengths(self):
        bucket = self.bucket()
        headers = sign(self.region, "PUT", f"/{bucket}/k", b"", {})
        with self.region.socket() as connection:
            text = f"PUT /{bucket}/k HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(text.encode() + b"\r\n")
            got = connection.makefile("rb").readline()
        self.assertIn(b"411", got)
        for length in ("-1", "x", "1x"):
            self.assertEqual(self.region.http("PUT", f"/{bucket}/k", b"", {"Content-Length": length}).status, 400)
        answer = self.region.signed("PUT", f"/{bucket}/k", b"", {"Content-Length": str(6 << 40)}, digest="UNSIGNED-PAYLOAD")
        self.assertIn(answer.status, (400, 413))

    def test_a_body_that_ends_early_leaves_nothing(self):
        bucket = self.bucket()
        body = b"x" * (1 << 20)
        headers = sign(self.region, "PUT", f"/{bucket}/k", body, {"Content-Length": str(len(body))})
        with self.region.socket() as connection:
            text = f"PUT /{bucket}/k HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(text.encode() + b"\r\n" + body[:-1])
        self.assert_error(self.region.signed("GET", f"/{bucket}/k"), 404, "NoSuchKey")
        self.s3.delete_bucket(Bucket=bucket)

    def test_digests(self):
        bucket = self.bucket()
        digest = hashlib.sha256(b"other").hexdigest()
        answer = self.region.signed("PUT", f"/{bucket}/k", b"body", digest=digest)
        self.assert_error(
            answer, 400, "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed")
        answer = self.region.signed("PUT", f"/{bucket}/k", b"body", digest="nonsense")
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.keys(bucket), [])
        self.assertEqual(self.region.signed("PUT", f"/{bucket}/k", b"body", digest="UNSIGNED-PAYLOAD").status, 200)

    def test_clocks(self):
        for when in (time.time() - 1000, time.time() + 1000):
            answer = self.region.signed("GET", "/", when=when)
            document = self.assert_error(
                answer, 403, "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.")
            self.assertTrue(document.findtext("ServerTime"))
        self.assertEqual(self.region.signed("GET", "/", when=time.time() - 600).status, 200)

    def test_documents_that_are_none(self):
        bucket = self.bucket()
        bomb = '<!DOCTYPE a [<!ENTITY a "' + "x" * 100 + '">' + "".join(
            f'<!ENTITY a{i} "{"&a" + (str(i - 1) if i else "") + ";"}">' for i in range(10)) + "]>"
        for body in (b"", b"<", b"<Tagging>", b"\xff\xfe", b"<a>" * 10_000, b"not xml",
                     (bomb + "<Tagging><TagSet><Tag><Key>&a9;</Key><Value/></Tag></TagSet></Tagging>").encode(),
                     b'<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/passwd">]><Tagging>&e;</Tagging>'):
            answer = self.region.signed("PUT", f"/{bucket}?tagging", body)
            self.assertIn(answer.status, (400,), body[:40])
            self.assertRegex(answer.body, b"MalformedXML|MissingRequestBodyError")
            self.assertNotIn(b"root:", answer.body)

    def test_chunks_that_are_none(self):
        bucket = self.bucket()
        streaming = {"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": "5"}
        trailing = {**streaming, "x-amz-trailer": "x-amz-checksum-crc32"}

        def put(body, headers):
            return self.region.signed(
                "PUT", f"/{bucket}/k", body, headers, digest="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        right = chunk(b"hello") + b"0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
        for body, code in (
                (right.replace(b"NhCm", b"AhCm"), "BadDigest"), (right.replace(b"hello", b"hellO"), "BadDigest"),
                (chunk(b"hell") + right[right.index(b"\r\n0\r\n") + 2:], "IncompleteBody"),
                (b"zz\r\nhello\r\n0\r\n\r\n", None), (right[:6], "IncompleteBody")):
            answer = put(body, trailing)
            self.assertEqual(answer.status, 400, (body, answer.body))
            if code:
                self.assert_error(answer, 400, code)
        self.assertEqual(self.keys(bucket), [])
        answer = put(right, trailing)
        self.assertEqual((answer.status, answer.headers["x-amz-checksum-crc32"]), (200, "NhCmhg=="), answer.body)
        self.assertEqual(self.read(bucket, "k"), b"hello")
        self.assertNotIn("ContentEncoding", self.s3.head_object(Bucket=bucket, Key="k"))
