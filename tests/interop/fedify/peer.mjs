// Starts the peer: `node peer.mjs [name] [rfc9421 | draft-cavage-http-signatures-12]`. Listens on two
// free ports of 127.0.0.1, one for other servers and one for the test that drives it, and prints both as
// one line of JSON. Ends with stdin, so that it never outlives the test that started it.

import { createServer } from "node:http";
import { Readable } from "node:stream";
import { Control } from "./control.mjs";
import { build } from "./federation.mjs";
import { World } from "./world.mjs";

async function read(message) {
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function serve(handle) {
  return new Promise((resolve) => {
    const server = createServer((question, answer) => {
      handle(question, answer).catch((error) => {
        console.error(error);
        if (!answer.headersSent) answer.writeHead(502, { "content-type": "application/json" });
        answer.end(JSON.stringify({ error: String(error?.message ?? error), name: error?.name }));
      });
    });
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

const world = new World(process.argv[2] ?? "frieda", process.argv[3] ?? "rfc9421");
const federation = build(world);

// The smallest PNG there is: one clear pixel.
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=",
  "base64",
);

const wire = await serve(async (question, answer) => {
  if (question.url === "/pixel.png") {
    answer.writeHead(200, { "content-type": "image/png" });
    answer.end(PIXEL);
    return;
  }
  const hasBody = !["GET", "HEAD"].includes(question.method);
  const request = new Request(new URL(question.url, `http://${question.headers.host}`), {
    method: question.method,
    headers: new Headers(Object.entries(question.headers).map(([name, value]) => [name, String(value)])),
    body: hasBody ? await read(question) : undefined,
  });
  const response = await federation.fetch(request, { contextData: undefined });
  answer.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body) Readable.fromWeb(response.body).pipe(answer);
  else answer.end();
});
const origin = `http://127.0.0.1:${wire.address().port}`;
const control = new Control(federation, world, origin);

const desk = await serve(async (question, answer) => {
  const name = question.url.slice(1);
  const result = question.method === "GET" && name === "state"
    ? control.state()
    : await control.obey(name, JSON.parse((await read(question)).toString() || "{}"));
  answer.writeHead(result ? 200 : 404, { "content-type": "application/json" });
  answer.end(JSON.stringify(result ?? { error: `no order ${name}` }));
});

console.log(JSON.stringify({ origin, control: `http://127.0.0.1:${desk.address().port}` }));
process.stdin.resume().on("end", () => process.exit(0)).on("error", () => process.exit(0));
