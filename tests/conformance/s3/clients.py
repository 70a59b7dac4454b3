"""Goal: rclone and pgBackRest, which know nothing of us, find S3. Method: both, unchanged, against `cloudshelf-region
objects`, started here on addresses and in folders of its own; pgBackRest comes over TLS, as it always does.

    python3 clients.py PROGRAM [unittest's arguments]

Ends with 77, skipped, where neither is installed."""
import filecmp
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import unittest

import support
from support import OWNER, eventually

POSTGRES = "/usr/lib/postgresql/15/bin"


def host(number):
    return f"127.70.{os.getpid() % 250}.{number}"


def run(*command, expected=0, **more):
    """What it says."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, **more)
    if ended.returncode != expected:
        raise AssertionError(f"{' '.join(command)}: {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.stdout


@unittest.skipIf(shutil.which("rclone") is None, "rclone is not installed")
class Rclone(unittest.TestCase):
    def test_a_tree_goes_up_and_stays_the_same(self):
        region = support.Region(host=host(1))
        self.addCleanup(region.stop)
        folder = tempfile.TemporaryDirectory(prefix="cloudshelf-rclone-")
        self.addCleanup(folder.cleanup)
        tree = os.path.join(folder.name, "tree")
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder.name, "RCLONE_CONFIG": os.path.join(folder.name, "none"),
            "RCLONE_CONFIG_S_TYPE": "s3", "RCLONE_CONFIG_S_PROVIDER": "Other", "RCLONE_CONFIG_S_REGION": "us-east-1",
            "RCLONE_CONFIG_S_ACCESS_KEY_ID": OWNER[0], "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": OWNER[1],
            "RCLONE_CONFIG_S_ENDPOINT": f"http://{region.address}", "RCLONE_RETRIES": "1", "RCLONE_LOW_LEVEL_RETRIES": "1",
            "RCLONE_S3_UPLOAD_CUTOFF": "6M", "RCLONE_S3_CHUNK_SIZE": "5M"}

        def rclone(*arguments, **more):
            return run("rclone", *arguments, env=environment, **more)
        sizes = {"a": 10, "deep/b c": 7 << 20, "deep/er/ü+&": 1000, "empty": 0}
        for name, size in sizes.items():
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            with open(os.path.join(tree, name), "wb") as file:
                file.write(os.urandom(size))
        rclone("mkdir", "s:books")
        rclone("copy", tree, "s:books/tree")
        rclone("check", "--download", tree, "s:books/tree")
        listed = json.loads(rclone("lsjson", "--recursive", "--files-only", "s:books/tree"))
        self.assertEqual({each["Path"]: each["Size"] for each in listed}, sizes)
        rclone("copy", "s:books/tree", "s:books/copy")  # the server copies
        rclone("check", tree, "s:books/copy")
        os.remove(os.path.join(tree, "a"))
        with open(os.path.join(tree, "empty"), "wb") as file:
            file.write(b"no more")
        rclone("check", tree, "s:books/tree", expected=1)
        rclone("sync", tree, "s:books/tree")
        rclone("check", tree, "s:books/tree")
        self.assertNotIn("tree/a\n", rclone("lsf", "--recursive", "s:books"))
        down = os.path.join(folder.name, "down")
        rclone("copy", "s:books/tree", down)
        self.assertTrue(filecmp.cmp(os.path.join(tree, "deep/b c"), os.path.join(down, "deep/b c"), shallow=False))
        rclone("purge", "s:books")
        self.assertEqual(rclone("lsd", "s:"), "")


@unittest.skipIf(shutil.which("pgbackrest") is None, "pgBackRest is not installed")
@unittest.skipUnless(os.path.exists(f"{POSTGRES}/postgres"), "PostgreSQL 15 is not installed")
@unittest.skipUnless(os.geteuid() == 0, "needs root, to become postgres")
class PgBackRest(unittest.TestCase):
    def as_postgres(self, *command, **more):
        user = pwd.getpwnam("postgres")
        return run(*command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd=self.folder,
                   env={"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8"}, **more)

    def pgbackrest(self, *command):
        return self.as_postgres("pgbackrest", f"--config={self.folder}/pgbackrest.conf", "--stanza=books", *command)

    def sql(self, text):
        return self.as_postgres("psql", "-X", "-A", "-t", "-h", self.folder, "-p", "5432", "-d", "postgres", "-c", text)

    def start(self):
        self.as_postgres(f"{POSTGRES}/pg_ctl", "-D", f"{self.folder}/pg", "-l", f"{self.folder}/pg.log", "-w", "start")

    def stop(self, mode="fast"):
        self.as_postgres(f"{POSTGRES}/pg_ctl", "-D", f"{self.folder}/pg", "-m", mode, "-w", "stop")

    def make(self):
        """A certificate, a region behind it, and a PostgreSQL that archives to it."""
        temporary = tempfile.TemporaryDirectory(prefix="cloudshelf-pgbackrest-")
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        at = host(2)
        certificate, key = f"{self.folder}/cert.pem", f"{self.folder}/key.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=s3.test", "-addext", f"subjectAltName=DNS:{at}", "-keyout", key, "-out", certificate)
        region = support.Region(
            "--tls-listen", f"{at}:9443", "--tls-certificate", certificate, "--tls-key", key, host=at)
        self.addCleanup(region.stop)
        region.client().create_bucket(Bucket="backups")
        with open(f"{self.folder}/pgbackrest.conf", "w") as file:
            file.write(f"""[global]
repo1-type=s3
repo1-path=/repo
repo1-s3-bucket=backups
repo1-s3-endpoint={at}
repo1-s3-region=us-east-1
repo1-s3-key={OWNER[0]}
repo1-s3-key-secret={OWNER[1]}
repo1-s3-uri-style=path
repo1-storage-port=9443
repo1-storage-ca-file={certificate}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=of-this-test
repo1-retention-full=1
repo1-bundle=y
start-fast=y
compress-type=none
log-path={self.folder}
lock-path={self.folder}
spool-path={self.folder}
log-level-console=warn
[books]
pg1-path={self.folder}/pg
pg1-socket-path={self.folder}
""")
        run("chown", "-R", "postgres:postgres", self.folder)
        self.as_postgres(f"{POSTGRES}/initdb", "-D", f"{self.folder}/pg", "-A", "trust", "-N", "-U", "postgres")
        with open(f"{self.folder}/pg/postgresql.conf", "a") as file:
            file.write(f"""
listen_addresses = ''
unix_socket_directories = '{self.folder}'
fsync = off
shared_buffers = 16MB
archive_mode = on
archive_command = 'pgbackrest --config={self.folder}/pgbackrest.conf --stanza=books archive-push %p'
""")
        return region

    def test_a_backup_is_made_and_restored(self):
        region = self.make()
        self.start()
        running = True
        try:
            self.pgbackrest("stanza-create")
            self.pgbackrest("check")
            self.sql("CREATE TABLE books AS SELECT i, md5(i::text) AS title FROM generate_series(1, 1000) i")
            self.pgbackrest("--type=full", "backup")
            self.sql("INSERT INTO books VALUES (1001, 'after the backup')")
            self.sql("SELECT pg_switch_wal()")
            eventually(lambda: self.sql("SELECT archived_count > 0 AND last_archived_wal >= pg_walfile_name("
                                        "pg_current_wal_lsn() - 1) FROM pg_stat_archiver").strip() == "t")
            self.pgbackrest("--type=incr", "backup")
            info = json.loads(self.pgbackrest("info", "--output=json"))
            self.assertEqual(info[0]["status"]["code"], 0)
            self.assertEqual([each["type"] for each in info[0]["backup"]], ["full", "incr"])
            self.pgbackrest("verify")
            self.stop("immediate")
            running = False
            shutil.rmtree(f"{self.folder}/pg")
            self.as_postgres("mkdir", "-m", "700", f"{self.folder}/pg")
            self.pgbackrest("restore")
            self.start()
            running = True
            self.assertEqual(self.sql("SELECT count(*) FROM books").strip(), "1001")
            self.pgbackrest("--type=full", "backup")  # the older ones go
            info = json.loads(self.pgbackrest("info", "--output=json"))
            self.assertEqual([each["type"] for each in info[0]["backup"]], ["full"])
        finally:
            if running:
                self.stop("immediate")
        keys = [each["Key"] for each in region.client().list_objects_v2(Bucket="backups")["Contents"]]
        self.assertTrue(all(key.startswith("repo/") for key in keys), keys)


def main():
    if shutil.which("rclone") is None and shutil.which("pgbackrest") is None:
        print("skipped: neither rclone nor pgBackRest is installed")
        return 77
    return 0 if unittest.main(verbosity=2, exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        support.PROGRAM = os.path.abspath(sys.argv.pop(1))
    sys.exit(main())
