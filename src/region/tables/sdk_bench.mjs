// What the AWS SDK for JavaScript makes of it: 32 requests under way at once, each answered before the next, for some
// seconds. Says what it saw as a line of JSON; tables_service_bench asks for it and measures the server meanwhile.
//
//     node sdk_bench.mjs MODULES ENDPOINT PutItem|GetItem SECONDS
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [modules, endpoint, operation, seconds] = process.argv.slice(2);
const db = createRequire(join(resolve(modules), "package.json"))("@aws-sdk/client-dynamodb");
const client = new db.DynamoDBClient({
  endpoint, region: "us-east-1", maxAttempts: 1,
  credentials: { accessKeyId: "AKIABENCH", secretAccessKey: "bench" },
});
const distinct = 4096;
const data = { S: "x".repeat(980) };
const key = (i) => ({ S: `customer-${String(i % distinct).padStart(8, "0")}` });
const command = operation === "PutItem"
  ? (i) => new db.PutItemCommand({ TableName: "Items", Item: { h: key(i), data } })
  : (i) => new db.GetItemCommand({ TableName: "Items", Key: { h: key(i) } });

let sent = 0;
async function ask(until, latencies) {
  while (performance.now() < until) {
    const began = performance.now();
    await client.send(command(sent++));
    latencies.push(performance.now() - began);
  }
}
async function drive(milliseconds) {
  const latencies = [];
  const began = performance.now();
  await Promise.all(Array.from({ length: 32 }, () => ask(began + milliseconds, latencies)));
  return { latencies: latencies.sort((a, b) => a - b), seconds: (performance.now() - began) / 1000 };
}

await drive(500);  // unmeasured: connections are made, code is compiled
const before = process.cpuUsage();
const { latencies, seconds: taken } = await drive(seconds * 1000);
const used = process.cpuUsage(before);
console.log(JSON.stringify({
  requests: latencies.length, seconds: taken, client_us: (used.user + used.system) / latencies.length,
  p50: latencies[Math.floor(latencies.length / 2)], p99: latencies[Math.floor(latencies.length * 0.99)] }));
