// Goal: the AWS SDK for JavaScript, version 3, finds DynamoDB. Method: its clients, unchanged, against
// `cloudshelf-region tables`, started here on an address and in a folder of its own; what is expected is what the API
// reference documents.
//
//     node sdk.mjs PROGRAM MODULES
//
// MODULES: the folder into which package.json was installed. Ends with 77, skipped, where it was not.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const [program, modules] = process.argv.slice(2);
if (!existsSync(join(modules, "node_modules", "@aws-sdk", "client-dynamodb"))) {
  console.log("skipped: the AWS SDK is not installed (make setup)");
  process.exit(77);
}
const load = createRequire(join(resolve(modules), "package.json"));
const db = load("@aws-sdk/client-dynamodb");
const doc = load("@aws-sdk/lib-dynamodb");
const streams = load("@aws-sdk/client-dynamodb-streams");

const host = `127.66.${process.pid % 250}.1`;
const options = {
  endpoint: `http://${host}:8000`,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIAADMIN", secretAccessKey: "admin-secret" },
  maxAttempts: 1,
};
const client = new db.DynamoDBClient(options);
const documents = doc.DynamoDBDocumentClient.from(client, { marshallOptions: { convertClassInstanceToMap: true } });
const readers = new streams.DynamoDBStreamsClient(options);
const send = (command) => client.send(command);
const ask = (command) => documents.send(command);

let folder;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "cloudshelf-sdk-"));
  const keys = join(folder, "keys");
  writeFileSync(keys, "[admin]\naws_access_key_id = AKIAADMIN\naws_secret_access_key = admin-secret\n", { mode: 0o600 });
  server = spawn(
    program,
    ["tables", "--listen", `${host}:8000`, "--region", "us-east-1", "--data", join(folder, "data"), "--credentials", keys,
      "--ttl-scan-seconds", "1"],
    { stdio: "ignore" });
  await eventually(async () => (await fetch(`http://${host}:8000/health`)).ok);
  await send(new db.CreateTableCommand({
    TableName: "Carts",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "user", KeyType: "HASH" }, { AttributeName: "book", KeyType: "RANGE" }],
    AttributeDefinitions: [
      { AttributeName: "user", AttributeType: "S" }, { AttributeName: "book", AttributeType: "N" },
      { AttributeName: "title", AttributeType: "S" }],
    LocalSecondaryIndexes: [{
      IndexName: "by-title",
      KeySchema: [{ AttributeName: "user", KeyType: "HASH" }, { AttributeName: "title", KeyType: "RANGE" }],
      Projection: { ProjectionType: "KEYS_ONLY" } }],
    GlobalSecondaryIndexes: [{
      IndexName: "titles",
      KeySchema: [{ AttributeName: "title", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" } }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  }));
  await db.waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: "Carts" });
});

after(async () => {
  server.kill("SIGTERM");
  await new Promise((ended) => server.once("exit", ended));
  rmSync(folder, { recursive: true });
});

/** Asks again until it holds, for 20 seconds. */
async function eventually(holds) {
  for (const until = Date.now() + 20_000; ;) {
    const last = await Promise.resolve().then(holds).catch((problem) => problem);
    if (last && !(last instanceof Error)) return last;
    assert.ok(Date.now() < until, `not in time: ${last}`);
    await new Promise((later) => setTimeout(later, 50));
  }
}

const put = (Item) => ask(new doc.PutCommand({ TableName: "Carts", Item }));

test("items of all types come back as they were", async () => {
  const item = {
    user: "types", book: 1, text: "Ünïcødé", number: 1.5, yes: true, nothing: null, bytes: new Uint8Array([0, 255]),
    list: [1, "two", [3]], map: { deep: { deeper: "x" } }, words: new Set(["a", "b"]), numbers: new Set([1, 2]),
    blobs: new Set([new Uint8Array([1])]) };
  await put(item);
  const { Item } = await ask(new doc.GetCommand({
    TableName: "Carts", Key: { user: "types", book: 1 }, ConsistentRead: true }));
  assert.deepEqual(Item, item);
  const missing = await ask(new doc.GetCommand({ TableName: "Carts", Key: { user: "types", book: 2 } }));
  assert.equal(missing.Item, undefined);
});

test("numbers keep 38 digits", async () => {
  const digits = "12345678901234567890123456789012345678";
  await send(new db.PutItemCommand({
    TableName: "Carts", Item: { user: { S: "digits" }, book: { N: "1" }, n: { N: digits }, small: { N: "1E-130" } } }));
  const { Item } = await send(new db.GetItemCommand({
    TableName: "Carts", Key: { user: { S: "digits" }, book: { N: "1.0" } } }));
  assert.equal(Item.n.N, digits);
  assert.equal(Number(Item.small.N), 1e-130);
});

test("an update answers what is asked for", async () => {
  await put({ user: "update", book: 1, quantity: 1, tags: new Set(["a"]) });
  const { Attributes } = await ask(new doc.UpdateCommand({
    TableName: "Carts", Key: { user: "update", book: 1 },
    UpdateExpression: "SET quantity = quantity + :n, #t = if_not_exists(#t, :t) ADD tags :more REMOVE gone",
    ExpressionAttributeNames: { "#t": "title" },
    ExpressionAttributeValues: { ":n": 2, ":t": "Emma", ":more": new Set(["b"]) },
    ReturnValues: "ALL_NEW" }));
  assert.deepEqual(Attributes, { user: "update", book: 1, quantity: 3, title: "Emma", tags: new Set(["a", "b"]) });
});

test("a condition that fails says so and shows the item", async () => {
  await put({ user: "condition", book: 1, quantity: 1 });
  const failing = ask(new doc.PutCommand({
    TableName: "Carts", Item: { user: "condition", book: 1 }, ConditionExpression: "attribute_not_exists(book)",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
  await assert.rejects(failing, (error) => {
    assert.ok(error instanceof db.ConditionalCheckFailedException);
    assert.equal(error.message, "The conditional request failed");
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.equal(error.Item.quantity.N ?? error.Item.quantity, "1");
    return true;
  });
});

test("queries page, filter, turn round and use indexes", async () => {
  for (let book = 1; book <= 25; ++book) await put({ user: "query", book, title: `Title ${book % 5}` });
  const books = [];
  const pages = doc.paginateQuery({ client: documents, pageSize: 10 }, {
    TableName: "Carts", KeyConditionExpression: "#u = :u AND book BETWEEN :a AND :b",
    ExpressionAttributeNames: { "#u": "user" }, ExpressionAttributeValues: { ":u": "query", ":a": 2, ":b": 24 },
    ScanIndexForward: false });
  let count = 0;
  for await (const page of pages) {
    books.push(...page.Items.map((item) => item.book));
    ++count;
  }
  assert.deepEqual(books, Array.from({ length: 23 }, (_, i) => 24 - i));
  assert.equal(count, 3);
  const byTitle = await ask(new doc.QueryCommand({
    TableName: "Carts", IndexName: "by-title", KeyConditionExpression: "#u = :u AND begins_with(title, :t)",
    ExpressionAttributeNames: { "#u": "user" }, ExpressionAttributeValues: { ":u": "query", ":t": "Title 3" } }));
  assert.equal(byTitle.Count, 5);
  assert.deepEqual(Object.keys(byTitle.Items[0]).sort(), ["book", "title", "user"]);
  const titles = await eventually(async () => {
    const found = await ask(new doc.QueryCommand({
      TableName: "Carts", IndexName: "titles", KeyConditionExpression: "title = :t",
      FilterExpression: "book > :b", ExpressionAttributeValues: { ":t": "Title 4", ":b": 10 } }));
    return found.Count === 3 && found;
  });
  assert.equal(titles.ScannedCount, 5);
});

test("a scan in segments sees everything once", async () => {
  const wanted = new Set();
  for (let book = 1; book <= 40; ++book) {
    await put({ user: `scan ${book}`, book });
    wanted.add(`scan ${book}`);
  }
  const seen = [];
  for (let Segment = 0; Segment < 4; ++Segment) {
    const pages = doc.paginateScan({ client: documents, pageSize: 3 }, {
      TableName: "Carts", Segment, TotalSegments: 4, FilterExpression: "begins_with(#u, :p)",
      ExpressionAttributeNames: { "#u": "user" }, ExpressionAttributeValues: { ":p": "scan " } });
    for await (const page of pages) seen.push(...page.Items.map((item) => item.user));
  }
  assert.equal(seen.length, 40);
  assert.deepEqual(new Set(seen), wanted);
});

test("batches write and read", async () => {
  const items = Array.from({ length: 25 }, (_, book) => ({ user: "batch", book }));
  const written = await ask(new doc.BatchWriteCommand({
    RequestItems: { Carts: items.map((Item) => ({ PutRequest: { Item } })) } }));
  assert.deepEqual(written.UnprocessedItems, {});
  const read = await ask(new doc.BatchGetCommand({
    RequestItems: { Carts: { Keys: items.map(({ user, book }) => ({ user, book })), ProjectionExpression: "book" } } }));
  assert.deepEqual(read.Responses.Carts.map((item) => item.book).sort((a, b) => a - b), items.map((item) => item.book));
  await assert.rejects(
    ask(new doc.BatchWriteCommand({ RequestItems: { Carts: [...items, { user: "batch", book: 26 }].map((Item) => ({
      PutRequest: { Item } })) } })),
    { name: "ValidationException" });
});

test("a transaction is all or nothing, and once for a token", async () => {
  await put({ user: "money", book: 1, amount: 10 });
  const move = new doc.TransactWriteCommand({
    ClientRequestToken: "once",
    TransactItems: [
      { Update: {
        TableName: "Carts", Key: { user: "money", book: 1 }, UpdateExpression: "SET amount = amount - :n",
        ConditionExpression: "amount >= :n", ExpressionAttributeValues: { ":n": 4 } } },
      { Update: {
        TableName: "Carts", Key: { user: "money", book: 2 }, UpdateExpression: "ADD amount :n",
        ExpressionAttributeValues: { ":n": 4 } } }] });
  await ask(move);
  await ask(move);
  const { Responses } = await ask(new doc.TransactGetCommand({
    TransactItems: [1, 2].map((book) => ({ Get: { TableName: "Carts", Key: { user: "money", book } } })) }));
  assert.deepEqual(Responses.map(({ Item }) => Item.amount), [6, 4]);
  const tooMuch = ask(new doc.TransactWriteCommand({
    TransactItems: [
      { Put: { TableName: "Carts", Item: { user: "money", book: 3 } } },
      { ConditionCheck: {
        TableName: "Carts", Key: { user: "money", book: 1 }, ConditionExpression: "amount > :n",
        ExpressionAttributeValues: { ":n": 100 } } }] }));
  await assert.rejects(tooMuch, (error) => {
    assert.ok(error instanceof db.TransactionCanceledException);
    assert.deepEqual(error.CancellationReasons.map(({ Code }) => Code), ["None", "ConditionalCheckFailed"]);
    return true;
  });
});

test("several writes tell the item collections that they went to", async () => {
  const batch = await ask(new doc.BatchWriteCommand({
    ReturnItemCollectionMetrics: "SIZE",
    RequestItems: { Carts: ["a", "a", "b"].map((user, book) => ({ PutRequest: { Item: { user, book } } })) } }));
  assert.deepEqual(
    batch.ItemCollectionMetrics.Carts.map(({ ItemCollectionKey }) => ItemCollectionKey.user.S ?? ItemCollectionKey.user),
    ["a", "b"]);
  const transaction = await ask(new doc.TransactWriteCommand({
    ReturnItemCollectionMetrics: "SIZE",
    TransactItems: [
      { Put: { TableName: "Carts", Item: { user: "c", book: 1 } } },
      { ConditionCheck: {
        TableName: "Carts", Key: { user: "d", book: 1 }, ConditionExpression: "attribute_not_exists(book)" } }] }));
  assert.equal(transaction.ItemCollectionMetrics.Carts.length, 1);
});

test("the stream tells every change in order", async () => {
  const { Table } = await send(new db.DescribeTableCommand({ TableName: "Carts" }));
  const { StreamDescription } = await readers.send(new streams.DescribeStreamCommand({
    StreamArn: Table.LatestStreamArn }));
  const { ShardIterator } = await readers.send(new streams.GetShardIteratorCommand({
    StreamArn: Table.LatestStreamArn, ShardId: StreamDescription.Shards[0].ShardId, ShardIteratorType: "LATEST" }));
  await put({ user: "stream", book: 1, n: 1 });
  await put({ user: "stream", book: 1, n: 2 });
  await ask(new doc.DeleteCommand({ TableName: "Carts", Key: { user: "stream", book: 1 } }));
  const { Records } = await readers.send(new streams.GetRecordsCommand({ ShardIterator }));
  const told = Records.filter(({ dynamodb }) => dynamodb.Keys.user.S === "stream");
  assert.deepEqual(told.map(({ eventName }) => eventName), ["INSERT", "MODIFY", "REMOVE"]);
  assert.equal(told[1].dynamodb.OldImage.n.N, "1");
  assert.equal(told[1].dynamodb.NewImage.n.N, "2");
});

test("backups restore, and a table goes", async () => {
  await send(new db.CreateTableCommand({
    TableName: "Small", BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "p", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }] }));
  await db.waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: "Small" });
  await ask(new doc.PutCommand({ TableName: "Small", Item: { p: "kept" } }));
  const { BackupDetails } = await send(new db.CreateBackupCommand({ TableName: "Small", BackupName: "before" }));
  await ask(new doc.DeleteCommand({ TableName: "Small", Key: { p: "kept" } }));
  await send(new db.RestoreTableFromBackupCommand({
    TargetTableName: "Small-2", BackupArn: BackupDetails.BackupArn }));
  await db.waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: "Small-2" });
  const restored = await ask(new doc.ScanCommand({ TableName: "Small-2" }));
  assert.deepEqual(restored.Items, [{ p: "kept" }]);
  await send(new db.DeleteTableCommand({ TableName: "Small-2" }));
  await db.waitUntilTableNotExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: "Small-2" });
});

test("expired items go, and the description says so", async () => {
  await send(new db.UpdateTimeToLiveCommand({
    TableName: "Carts", TimeToLiveSpecification: { AttributeName: "until", Enabled: true } }));
  await put({ user: "expired", book: 1, until: Math.floor(Date.now() / 1000) - 10 });
  await put({ user: "expired", book: 2, until: Math.floor(Date.now() / 1000) + 1000 });
  await eventually(async () => {
    const { Items } = await ask(new doc.QueryCommand({
      TableName: "Carts", KeyConditionExpression: "#u = :u", ExpressionAttributeNames: { "#u": "user" },
      ExpressionAttributeValues: { ":u": "expired" } }));
    return Items.length === 1 && Items[0].book === 2;
  });
});

test("errors are DynamoDB's classes", async () => {
  await assert.rejects(
    send(new db.DescribeTableCommand({ TableName: "Nobody" })), (error) => error instanceof db.ResourceNotFoundException);
  await assert.rejects(
    send(new db.DeleteTableCommand({ TableName: "Nobody" })), (error) => error instanceof db.ResourceNotFoundException);
  const stranger = new db.DynamoDBClient({
    ...options, credentials: { accessKeyId: "AKIAADMIN", secretAccessKey: "wrong" } });
  await assert.rejects(stranger.send(new db.ListTablesCommand({})), { name: "InvalidSignatureException" });
  const unknown = new db.DynamoDBClient({ ...options, credentials: { accessKeyId: "AKIA", secretAccessKey: "x" } });
  await assert.rejects(unknown.send(new db.ListTablesCommand({})), { name: "UnrecognizedClientException" });
});
