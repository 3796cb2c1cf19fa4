// What the peer remembers: its one person, whom they follow, what they wrote and what arrived.
// Lives in memory and dies with the process. No protocol here; federation.mjs and control.mjs use it.

import { generateCryptoKeyPair } from "@fedify/fedify";

export class World {
  constructor(name, firstKnock) {
    this.name = name;
    this.firstKnock = firstKnock;
    this.followers = new Map(); // actor id -> { id, inboxId, endpoints }
    this.following = new Map(); // actor id -> "asked" | "accepted" | "refused"
    this.notes = new Map(); // uuid -> { note fields, audience, deleted }
    this.polls = new Map(); // question id -> { content, answers, mention, counts }
    this.sent = new Map(); // activity id -> { activity, recipients }
    this.received = []; // { type, id, actor, object, document }
    this.answersFollows = true;
    this._keys = null;
  }

  // One pair of each kind, made at the first question; RSA-2048 takes a moment.
  async keyPairs() {
    this._keys ??= Promise.all([
      generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
      generateCryptoKeyPair("Ed25519"),
    ]);
    return await this._keys;
  }

  async remember(type, activity, format) {
    this.received.push({
      type,
      id: activity.id?.href ?? null,
      actor: activity.actorId?.href ?? null,
      object: activity.objectId?.href ?? null,
      document: await activity.toJsonLd({ format }),
    });
  }
}

