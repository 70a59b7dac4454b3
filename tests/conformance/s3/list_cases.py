"""Listings: every key once and in order, whatever the pages, prefixes and delimiters."""
from support import Case, OWNER_ID

KEYS = ["a", "b/1", "b/2", "b/c/3", "d e", "d+e", "photos/2006/1", "photos/2006/2", "photos/2007/1", "z", "ü"]


class Lists(Case):
    def filled(self, keys=KEYS):
        bucket = self.bucket()
        for key in keys:
            self.put(bucket, key)
        return bucket

    def test_pages_see_every_key_once(self):
        bucket = self.filled()
        for size in (1, 2, 3, 1000):
            pages = list(self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, PaginationConfig={"PageSize": size}))
            self.assertEqual([each["Key"] for page in pages for each in page["Contents"]], KEYS)
            self.assertEqual([page["KeyCount"] for page in pages], [len(page["Contents"]) for page in pages])
            pages = self.s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
            self.assertEqual([each["Key"] for page in pages for each in page["Contents"]], KEYS)

    def test_prefixes_and_delimiters(self):
        bucket = self.filled()
        for listing in (self.s3.list_objects, self.s3.list_objects_v2):
            got = listing(Bucket=bucket, Delimiter="/")
            self.assertEqual([each["Key"] for each in got["Contents"]], ["a", "d e", "d+e", "z", "ü"])
            self.assertEqual([each["Prefix"] for each in got["CommonPrefixes"]], ["b/", "photos/"])
            got = listing(Bucket=bucket, Delimiter="/", Prefix="photos/")
            self.assertEqual([each["Prefix"] for each in got["CommonPrefixes"]], ["photos/2006/", "photos/2007/"])
            self.assertNotIn("Contents", got)
            got = listing(Bucket=bucket, Delimiter="006/", Prefix="p")
            self.assertEqual([each["Prefix"] for each in got["CommonPrefixes"]], ["photos/2006/"])
            got = listing(Bucket=bucket, Prefix="none")
            self.assertNotIn("Contents", got)
            self.assertFalse(got["IsTruncated"])

    def test_pages_of_common_prefixes(self):
        bucket = self.filled()
        for name in ("list_objects", "list_objects_v2"):
            seen = []
            pages = self.s3.get_paginator(name).paginate(
                Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
            for page in pages:
                seen += [each["Key"] for each in page.get("Contents", [])]
                seen += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
            self.assertEqual(seen, ["a", "b/", "d e", "d+e", "photos/", "z", "ü"])

    def test_where_a_page_begins(self):
        bucket = self.filled()
        got = self.s3.list_objects_v2(Bucket=bucket, StartAfter="d e", MaxKeys=2)
        self.assertEqual([each["Key"] for each in got["Contents"]], ["d+e", "photos/2006/1"])
        self.assertEqual((got["StartAfter"], got["IsTruncated"], got["MaxKeys"]), ("d e", True, 2))
        again = self.s3.list_objects_v2(Bucket=bucket, ContinuationToken=got["NextContinuationToken"])
        self.assertEqual(again["Contents"][0]["Key"], "photos/2006/2")
        got = self.s3.list_objects(Bucket=bucket, Marker="b/", MaxKeys=2, Delimiter="/")
        self.assertEqual(got["Marker"], "b/")
        self.assertEqual([each["Key"] for each in got["Contents"]], ["d e", "d+e"])
        self.assertEqual(got["NextMarker"], "d+e")
        got = self.s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
        self.assertEqual((got["KeyCount"], got["IsTruncated"]), (0, False))
        with self.refused("InvalidArgument", status=400):
            self.s3.list_objects_v2(Bucket=bucket, MaxKeys=-1)
        with self.refused("InvalidArgument", "The continuation token provided is incorrect", 400):
            self.s3.list_objects_v2(Bucket=bucket, ContinuationToken="no base64!")

    def test_owners_and_encodings(self):
        bucket = self.filled(["a b", "c+d&", "ü"])
        self.assertNotIn("Owner", self.s3.list_objects_v2(Bucket=bucket)["Contents"][0])
        got = self.s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
        self.assertEqual(got["Owner"]["ID"], OWNER_ID)
        self.assertEqual(self.s3.list_objects(Bucket=bucket)["Contents"][0]["Owner"]["ID"], OWNER_ID)
        self.assertEqual((got["Size"], got["StorageClass"]), (1, "STANDARD"))
        answer = self.region.signed("GET", f"/{bucket}?encoding-type=url&list-type=2")
        self.assertIn(b"<EncodingType>url</EncodingType>", answer.body)
        for key in (b"a%20b", b"c%2Bd%26", b"%C3%BC"):
            self.assertIn(b"<Key>" + key + b"</Key>", answer.body)
        answer = self.region.signed("GET", f"/{bucket}?list-type=2")
        self.assertIn("<Key>ü</Key>".encode(), answer.body)
        answer = self.region.signed("GET", f"/{bucket}?encoding-type=base64")
        self.assert_error(answer, 400, "InvalidArgument", "Invalid Encoding Method specified in Request")
