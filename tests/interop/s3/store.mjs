// A store of its own on a loopback port, with one bucket; it ends with its stdin.
// It does not check signatures of version 4: that those are right is shown by Amazon's worked examples (test_sigv4).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";

const directory = mkdtempSync(join(tmpdir(), "allmende-s3-"));
const store = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory,
  vhostBuckets: false,
  configureBuckets: [{ name: "house" }],
});
const { port } = await store.run();
process.stdout.write(JSON.stringify({ origin: `http://127.0.0.1:${port}` }) + "\n");

process.stdin.resume();
process.stdin.on("end", async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
});
