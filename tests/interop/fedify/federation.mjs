// The peer's side of ActivityPub, as the Fedify library speaks it: one person, an inbox that writes
// down whatever arrives, the collections of that person, and their notes.

import { createFederation, MemoryKvStore } from "@fedify/fedify";
import {
  Accept,
  Activity,
  Announce,
  Create,
  Delete,
  Document,
  Endpoints,
  Follow,
  Image,
  Like,
  Note,
  Person,
  PUBLIC_COLLECTION,
  Reject,
  Tombstone,
  Undo,
  Update,
} from "@fedify/vocab";

// No queue: a delivery happens while the control call waits, so a test sees its failure at once.
// Private addresses are allowed because everything here runs on the loopback interface.
export function build(world) {
  const federation = createFederation({
    kv: new MemoryKvStore(),
    allowPrivateAddress: true,
    inboxIdempotency: "per-inbox",
    // Which HTTP signature is tried first; the other one follows where that is refused.
    firstKnock: world.firstKnock,
  });

  federation
    .setActorDispatcher("/users/{identifier}", async (ctx, identifier) => {
      if (identifier !== world.name) return null;
      const pairs = await ctx.getActorKeyPairs(identifier);
      return new Person({
        id: ctx.getActorUri(identifier),
        preferredUsername: identifier,
        name: "Frieda Fedify",
        summary: "<p>Tends the seed library.</p>",
        url: new URL(`/@${identifier}`, ctx.url),
        inbox: ctx.getInboxUri(identifier),
        outbox: ctx.getOutboxUri(identifier),
        followers: ctx.getFollowersUri(identifier),
        following: ctx.getFollowingUri(identifier),
        endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
        icon: new Image({ url: new URL("/icon.png", ctx.url), mediaType: "image/png" }),
        publicKey: pairs[0].cryptographicKey,
        assertionMethods: pairs.map((pair) => pair.multikey),
      });
    })
    .setKeyPairsDispatcher(async (_ctx, identifier) =>
      identifier === world.name ? await world.keyPairs() : []
    );

  const collections = {
    Followers: () => [...world.followers.values()],
    Following: () => [...world.following.keys()].map((id) => new URL(id)),
  };
  for (const [name, list] of Object.entries(collections)) {
    federation[`set${name}Dispatcher`](
      `/users/{identifier}/${name.toLowerCase()}`,
      (_ctx, identifier) => (identifier === world.name ? { items: list() } : null),
    ).setCounter((_ctx, identifier) => (identifier === world.name ? list().length : null));
  }
  federation.setOutboxDispatcher(
    "/users/{identifier}/outbox",
    (_ctx, identifier) =>
      identifier === world.name
        ? { items: [...world.sent.values()].map((sent) => sent.activity).filter((a) => a instanceof Create) }
        : null,
  );
  federation.setObjectDispatcher(Note, "/notes/{id}", (ctx, { id }) => {
    const kept = world.notes.get(id);
    // What is not public is never shown to an unsigned question; deliveries carry it whole.
    if (!kept || kept.audience !== "public") return null;
    return kept.deleted ? new Tombstone({ id: ctx.getObjectUri(Note, { id }) }) : toNote(ctx, world, id);
  });

  listen(federation, world);
  return federation;
}

function listen(federation, world) {
  const inbox = federation.setInboxListeners("/users/{identifier}/inbox", "/inbox");
  const note = async (ctx, activity) =>
    await world.remember(activity.constructor.name, activity, "compact");

  inbox.on(Follow, async (ctx, follow) => {
    await note(ctx, follow);
    const follower = await follow.getActor(ctx);
    if (!world.answersFollows || follower?.id == null || follower.inboxId == null) return;
    world.followers.set(follower.id.href, {
      id: follower.id,
      inboxId: follower.inboxId,
      endpoints: follower.endpoints,
    });
    await ctx.sendActivity(
      { identifier: world.name },
      follower,
      new Accept({
        id: new URL(`/activities/${crypto.randomUUID()}`, ctx.url),
        actor: ctx.getActorUri(world.name),
        object: follow,
      }),
    );
  });
  inbox.on(Accept, async (ctx, accept) => {
    await note(ctx, accept);
    if (accept.actorId && world.following.has(accept.actorId.href)) {
      world.following.set(accept.actorId.href, "accepted");
    }
  });
  inbox.on(Reject, async (ctx, reject) => {
    await note(ctx, reject);
    if (reject.actorId) world.following.set(reject.actorId.href, "refused");
  });
  inbox.on(Undo, async (ctx, undo) => {
    await note(ctx, undo);
    const undone = await undo.getObject(ctx);
    if (undone instanceof Follow && undo.actorId) world.followers.delete(undo.actorId.href);
  });
  for (const type of [Create, Update, Delete, Like, Announce, Activity]) inbox.on(type, note);
  inbox.onError((_ctx, error) => console.error(error));
}

export function toNote(ctx, world, id) {
  const kept = world.notes.get(id);
  return new Note({
    id: ctx.getObjectUri(Note, { id }),
    url: new URL(`/@${world.name}/${id}`, ctx.url),
    attribution: ctx.getActorUri(world.name),
    content: kept.content,
    summary: kept.warning,
    sensitive: kept.warning != null,
    replyTarget: kept.replyTo ? new URL(kept.replyTo) : null,
    tags: kept.tags,
    attachments: kept.pictures.map(({ path, alt }) =>
      new Document({ url: new URL(path, ctx.url), mediaType: "image/png", name: alt, width: 1, height: 1 })
    ),
    published: kept.published,
    updated: kept.updated,
    ...address(ctx, world, kept),
  });
}

export function address(ctx, world, { audience, mentioned }) {
  const followers = ctx.getFollowersUri(world.name);
  const named = mentioned.map((uri) => new URL(uri));
  if (audience === "public") return { tos: [PUBLIC_COLLECTION], ccs: [followers, ...named] };
  if (audience === "followers") return { tos: [followers], ccs: named };
  return { tos: named, ccs: [] };
}
