"""AWS's command line."""
import filecmp
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from support import Case, OWNER


@unittest.skipIf(shutil.which("aws") is None, "the AWS CLI is not installed")
class AwsCli(Case):
    def aws(self, *arguments):
        """What it says."""
        environment = dict(
            os.environ, AWS_ACCESS_KEY_ID=OWNER[0], AWS_SECRET_ACCESS_KEY=OWNER[1], AWS_DEFAULT_REGION="us-east-1",
            AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_PAGER="", AWS_MAX_ATTEMPTS="1")
        ended = subprocess.run(
            ["aws", "--endpoint-url", f"http://{self.region.address}", "--output", "json", *arguments],
            env=environment, capture_output=True, text=True, timeout=60)
        if ended.returncode != 0:
            raise RuntimeError(ended.stderr.strip() or ended.stdout.strip())
        return ended.stdout

    def test_files_go_up_and_come_down(self):
        with tempfile.TemporaryDirectory() as folder:
            up, down = os.path.join(folder, "up"), os.path.join(folder, "down")
            os.makedirs(os.path.join(up, "deep", "er"))
            for name, size in (("a.html", 10), ("deep/b c.bin", 9 << 20), ("deep/er/ü", 0)):
                with open(os.path.join(up, name), "wb") as file:
                    file.write(os.urandom(size))
            self.aws("s3", "mb", "s3://cli-files")
            self.aws("s3", "sync", "--no-progress", up, "s3://cli-files/p")
            self.assertEqual(self.s3.head_object(Bucket="cli-files", Key="p/a.html")["ContentType"], "text/html")
            self.aws("s3", "cp", "--no-progress", "s3://cli-files/p/deep/b c.bin", "s3://cli-files/copy")
            self.aws("s3", "sync", "--no-progress", "s3://cli-files/p", down)
            for name in ("a.html", "deep/b c.bin", "deep/er/ü"):
                self.assertTrue(filecmp.cmp(os.path.join(up, name), os.path.join(down, name), shallow=False), name)
            self.aws("s3", "rb", "--force", "s3://cli-files")
            with self.assertRaisesRegex(RuntimeError, "NoSuchBucket"):
                self.aws("s3api", "list-objects-v2", "--bucket", "cli-files")

    def test_s3api(self):
        bucket = self.bucket()
        self.put(bucket, "k", b"hello")
        got = json.loads(self.aws("s3api", "get-object-attributes", "--bucket", bucket, "--key", "k",
                                  "--object-attributes", "ETag", "ObjectSize"))
        self.assertEqual(got["ObjectSize"], 5)
        with self.assertRaisesRegex(RuntimeError, r"\(NoSuchKey\).*The specified key does not exist"):
            self.aws("s3api", "get-object", "--bucket", bucket, "--key", "none", "/dev/null")
