// Goal: the AWS SDK for JavaScript, version 3, finds S3. Method: its clients, unchanged, against `cloudshelf-region
// objects`, started here on an address and in a folder of its own; what is expected is what the API reference documents.
//
//     node sdk.mjs PROGRAM MODULES
//
// MODULES: the folder into which package.json was installed. Ends with 77, skipped, where it was not.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";

const [program, modules] = process.argv.slice(2);
if (!existsSync(join(modules, "node_modules", "@aws-sdk", "client-s3"))) {
  console.log("skipped: the AWS SDK is not installed (make setup)");
  process.exit(77);
}
const load = createRequire(join(resolve(modules), "package.json"));
const s3 = load("@aws-sdk/client-s3");
const { Upload } = load("@aws-sdk/lib-storage");
const { getSignedUrl } = load("@aws-sdk/s3-request-presigner");

const host = `127.69.${process.pid % 250}.1`;
const options = {
  endpoint: `http://${host}:9000`,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "AKIAADMIN", secretAccessKey: "admin-secret" },
  maxAttempts: 1,
};
const client = new s3.S3Client(options);
const send = (command) => client.send(command);
const Bucket = "sdk-books";
const put = (Key, Body, more = {}) => send(new s3.PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more = {}) => send(new s3.GetObjectCommand({ Bucket, Key, ...more }));

let folder;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "cloudshelf-sdk-s3-"));
  const keys = join(folder, "keys");
  writeFileSync(keys, "[admin]\naws_access_key_id = AKIAADMIN\naws_secret_access_key = admin-secret\n", { mode: 0o600 });
  const words = basename(program) === "objects_alone" ? [] : ["objects"];
  server = spawn(
    program,
    [...words, "--listen", `${host}:9000`, "--region", "us-east-1", "--data", join(folder, "data"), "--credentials", keys],
    { stdio: "ignore" });
  for (const until = Date.now() + 20_000; ;) {
    if (await fetch(`http://${host}:9000/-/health`).then((answer) => answer.ok, () => false)) break;
    assert.ok(Date.now() < until, "the program does not start");
    await new Promise((later) => setTimeout(later, 50));
  }
  await send(new s3.CreateBucketCommand({ Bucket }));
});

after(async () => {
  server.kill("SIGTERM");
  await new Promise((ended) => server.once("exit", ended));
  rmSync(folder, { recursive: true });
});

test("bytes and metadata come back", async () => {
  const body = randomBytes(1_000_000);
  const made = await put("a b/ü", body, { Metadata: { name: "value" }, ContentType: "text/x" });
  assert.equal(made.ETag, `"${createHash("md5").update(body).digest("hex")}"`);
  assert.ok(made.ChecksumCRC32, "the SDK's own checksum");
  const got = await get("a b/ü");
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body);
  assert.deepEqual(got.Metadata, { name: "value" });
  assert.equal(got.ContentType, "text/x");
  const part = await get("a b/ü", { Range: "bytes=10-19" });
  assert.deepEqual(Buffer.from(await part.Body.transformToByteArray()), body.subarray(10, 20));
  assert.equal(part.ContentRange, "bytes 10-19/1000000");
});

test("all checksums are sent and looked at", async () => {
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
    const made = await put(ChecksumAlgorithm, "hello", { ChecksumAlgorithm });
    const got = await get(ChecksumAlgorithm, { ChecksumMode: "ENABLED" });
    assert.equal(await got.Body.transformToString(), "hello");
    assert.ok(made[`Checksum${ChecksumAlgorithm}`]);
    assert.equal(got[`Checksum${ChecksumAlgorithm}`], made[`Checksum${ChecksumAlgorithm}`]);
  }
});

test("a stream goes up as it comes", async () => {
  const pieces = [randomBytes(70_000), randomBytes(70_000)];
  await put("stream", Readable.from(pieces), { ContentLength: 140_000 });
  const got = await get("stream");
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), Buffer.concat(pieces));
});

test("a large stream goes up in parts", async () => {
  const body = randomBytes(12 << 20);
  const pieces = Array.from({ length: 12 }, (_, i) => body.subarray(i << 20, (i + 1) << 20));
  const upload = new Upload({
    client, params: { Bucket, Key: "large", Body: Readable.from(pieces) }, partSize: 5 << 20, queueSize: 3 });
  const made = await upload.done();
  assert.match(made.ETag, /-3"$/);
  const got = await get("large");
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body);
});

test("an upload that is aborted leaves nothing", async () => {
  const Key = "aborted";
  const { UploadId } = await send(new s3.CreateMultipartUploadCommand({ Bucket, Key }));
  await send(new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: "x" }));
  const { Parts } = await send(new s3.ListPartsCommand({ Bucket, Key, UploadId }));
  assert.deepEqual(Parts.map(({ PartNumber, Size }) => [PartNumber, Size]), [[1, 1]]);
  await send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await assert.rejects(send(new s3.ListPartsCommand({ Bucket, Key, UploadId })), { name: "NoSuchUpload" });
});

test("lists page, and deletes take many", async () => {
  for (let i = 0; i < 25; ++i) await put(`list/${String(i).padStart(2, "0")}`, "x");
  const seen = [];
  let count = 0;
  for await (const page of s3.paginateListObjectsV2({ client, pageSize: 10 }, { Bucket, Prefix: "list/" })) {
    seen.push(...page.Contents.map(({ Key }) => Key));
    ++count;
  }
  assert.deepEqual(seen, Array.from({ length: 25 }, (_, i) => `list/${String(i).padStart(2, "0")}`));
  assert.equal(count, 3);
  const deleted = await send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: seen.map((Key) => ({ Key })) } }));
  assert.equal(deleted.Deleted.length, 25);
  const left = await send(new s3.ListObjectsV2Command({ Bucket, Prefix: "list/" }));
  assert.equal(left.KeyCount, 0);
});

test("presigned addresses are for anybody", async () => {
  const to = await getSignedUrl(client, new s3.PutObjectCommand({ Bucket, Key: "presigned ü" }), { expiresIn: 60 });
  assert.equal((await fetch(to, { method: "PUT", body: "hello" })).status, 200);
  const from = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: "presigned ü" }), { expiresIn: 60 });
  assert.equal(await (await fetch(from)).text(), "hello");
  assert.equal((await fetch(from.replace("presigned", "other"))).status, 403);
});

test("versions and their markers", async () => {
  const Bucket = "sdk-versions";
  await send(new s3.CreateBucketCommand({ Bucket }));
  await send(new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  const { VersionId } = await send(new s3.PutObjectCommand({ Bucket, Key: "k", Body: "1" }));
  await send(new s3.DeleteObjectCommand({ Bucket, Key: "k" }));
  await assert.rejects(send(new s3.GetObjectCommand({ Bucket, Key: "k" })), (error) => error instanceof s3.NoSuchKey);
  const got = await send(new s3.GetObjectCommand({ Bucket, Key: "k", VersionId }));
  assert.equal(await got.Body.transformToString(), "1");
  const listed = await send(new s3.ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual([listed.Versions.length, listed.DeleteMarkers.length], [1, 1]);
});

test("errors are S3's classes", async () => {
  await assert.rejects(get("none"), (error) => error instanceof s3.NoSuchKey && error.$metadata.httpStatusCode === 404);
  await assert.rejects(send(new s3.HeadObjectCommand({ Bucket, Key: "none" })), (error) => error instanceof s3.NotFound);
  await assert.rejects(
    send(new s3.ListObjectsV2Command({ Bucket: "sdk-nothing" })), (error) => error instanceof s3.NoSuchBucket);
  const stranger = new s3.S3Client({ ...options, credentials: { accessKeyId: "AKIAADMIN", secretAccessKey: "wrong" } });
  await assert.rejects(stranger.send(new s3.ListBucketsCommand({})), { name: "SignatureDoesNotMatch" });
  await assert.rejects(put("list", "x", { IfNoneMatch: "*" }).then(() => put("list", "x", { IfNoneMatch: "*" })),
    { name: "PreconditionFailed" });
});
