// Reads a signed request from stdin, says whether Misskey's own code believes it, and signs the same one itself.
import { readFileSync } from "node:fs";
import { parseRequestSignature, signAsDraftToRequest, verifyDigestHeader, verifyDraftSignature }
  from "@misskey-dev/node-http-message-signatures";

const { method, path, url, headers, body, publicPem, privatePem, keyId } = JSON.parse(readFileSync(0, "utf8"));
const request = { method, url: path, headers };
const bytes = Buffer.from(body, "utf8");
const said = { digest: await verifyDigestHeader(request, bytes, true).catch((error) => String(error)) };
try {
  const parsed = parseRequestSignature(request);
  said.signature = await verifyDraftSignature(parsed.value, publicPem);
  said.keyId = parsed.value.keyId;
} catch (error) {
  said.signature = String(error);
}
const mine = { method, url, headers: { ...headers } };
delete mine.headers.Signature;
const covered = ["(request-target)", ...Object.keys(mine.headers).map((name) => name.toLowerCase())];
await signAsDraftToRequest(mine, { keyId, privateKeyPem: privatePem }, covered);
said.signed = mine.headers;
console.log(JSON.stringify(said));
