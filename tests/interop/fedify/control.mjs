// What a test can tell the peer to do, over plain HTTP on a second port: POST /follow, /post and so
// on with a JSON body, GET /state to see what it knows. Every call answers when the deliveries it
// caused have been answered; a delivery that failed is a 502 with the reason.

import {
  Announce, Collection, Create, Delete, Follow, isActor, Like, Mention, Note, Question, Tombstone, Undo, Update,
} from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";
import { address, toNote } from "./federation.mjs";

export class Control {
  constructor(federation, world, origin) {
    this.world = world;
    this.federation = federation;
    this.origin = origin;
    this.orders = {
      follow: this.follow, post: this.post, edit: this.edit, delete: this.delete, like: this.like,
      announce: this.announce, undo: this.undo, ask: this.ask, count: this.count, vote: this.vote, lookup: this.lookup, settings: this.settings,
    };
  }

  get ctx() {
    return this.federation.createContext(new URL(this.origin), undefined);
  }

  get me() {
    return this.ctx.getActorUri(this.world.name);
  }

  state() {
    const { received, following, followers } = this.world;
    return {
      actor: this.me.href,
      received,
      following: Object.fromEntries(following),
      followers: [...followers.keys()],
    };
  }

  async obey(name, wish) {
    const order = Object.hasOwn(this.orders, name) ? this.orders[name] : null;
    if (!order) return null;
    return (await order.call(this, wish)) ?? {};
  }

  // ── orders ────────────────────────────────────────────────────────────────

  async follow({ target }) {
    const whom = await this.person(target);
    this.world.following.set(whom.id.href, "asked");
    return await this.send(new Follow({ ...this.stamp("follow"), object: whom.id }), [whom]);
  }

  async post({ content, audience = "public", mention = [], warning = null, replyTo = null, pictures = [] }) {
    const people = await Promise.all(mention.map((uri) => this.person(uri)));
    const id = crypto.randomUUID();
    this.world.notes.set(id, {
      content, audience, warning, replyTo, pictures, mentioned: mention,
      tags: people.map((who) => new Mention({ href: who.id, name: `@${who.preferredUsername}` })),
      published: Temporal.Now.instant(),
    });
    const note = toNote(this.ctx, this.world, id);
    const create = new Create({
      ...this.stamp("create"), object: note, ...address(this.ctx, this.world, this.world.notes.get(id)),
    });
    const sent = await this.send(create, this.audience(audience, people));
    return { ...sent, note: note.id.href };
  }

  async edit({ note, content }) {
    const { id, kept } = this.mine(note);
    Object.assign(kept, { content, updated: Temporal.Now.instant() });
    const update = new Update({
      ...this.stamp("update"), object: toNote(this.ctx, this.world, id), ...address(this.ctx, this.world, kept),
    });
    return await this.send(update, await this.audienceOf(kept));
  }

  async delete({ note }) {
    const { kept } = this.mine(note);
    kept.deleted = true;
    const gone = new Delete({
      ...this.stamp("delete"), object: new Tombstone({ id: new URL(note) }), ...address(this.ctx, this.world, kept),
    });
    return await this.send(gone, await this.audienceOf(kept));
  }

  // A poll: asked of those it mentions, and counted anew.
  async ask({ content, answers, mention }) {
    const id = new URL(`/questions/${crypto.randomUUID()}`, this.origin);
    const asked = { id, content, answers, mention, counts: answers.map(() => 0) };
    this.world.polls.set(id.href, asked);
    const people = await Promise.all(mention.map((uri) => this.person(uri)));
    const create = new Create({ ...this.stamp("create"), object: this.question(asked, people), tos: people.map((who) => who.id) });
    return { ...(await this.send(create, people)), question: id.href };
  }

  async count({ question, counts }) {
    const asked = Object.assign(this.world.polls.get(question), { counts });
    const people = await Promise.all(asked.mention.map((uri) => this.person(uri)));
    const update = new Update({ ...this.stamp("update"), object: this.question(asked, people), tos: people.map((who) => who.id) });
    return await this.send(update, people);
  }

  question({ id, content, answers, counts }, people) {
    return new Question({
      id, content, attribution: this.me, tos: people.map((who) => who.id),
      tags: people.map((who) => new Mention({ href: who.id, name: `@${who.preferredUsername}` })),
      exclusiveOptions: answers.map((name, place) =>
        new Note({ name, replies: new Collection({ totalItems: counts[place] }) })
      ),
      voters: counts.reduce((sum, one) => sum + one, 0),
      endTime: Temporal.Now.instant().add({ hours: 24 }),
      published: Temporal.Now.instant(),
    });
  }

  async vote({ question, author, choice }) {
    const whom = await this.person(author);
    const id = new URL(`/votes/${crypto.randomUUID()}`, this.origin);
    const ballot = new Note({ id, name: choice, attribution: this.me, replyTarget: new URL(question), to: whom.id });
    return await this.send(new Create({ ...this.stamp("create"), object: ballot, to: whom.id }), [whom]);
  }

  async like({ object, author }) {
    return await this.send(new Like({ ...this.stamp("like"), object: new URL(object) }), [await this.person(author)]);
  }

  async announce({ object, author }) {
    const who = await this.person(author);
    const addressed = address(this.ctx, this.world, { audience: "public", mentioned: [author] });
    const share = new Announce({ ...this.stamp("announce"), object: new URL(object), ...addressed });
    return await this.send(share, this.audience("public", [who]));
  }

  async undo({ activity }) {
    const { activity: undone, recipients } = this.world.sent.get(activity);
    if (undone instanceof Follow) this.world.following.delete(undone.objectId.href);
    return await this.send(new Undo({ ...this.stamp("undo"), object: undone }), recipients);
  }

  // A signed question, as Fedify asks it when it follows a link.
  async lookup({ url }) {
    const loader = await this.ctx.getDocumentLoader({ identifier: this.world.name });
    const { document, documentUrl } = await loader(url);
    return { document, documentUrl };
  }

  async settings({ answersFollows }) {
    this.world.answersFollows = answersFollows;
  }

  // ── means ─────────────────────────────────────────────────────────────────

  stamp(kind) {
    return { id: new URL(`/activities/${kind}/${crypto.randomUUID()}`, this.origin), actor: this.me };
  }

  mine(note) {
    const id = new URL(note).pathname.split("/").at(-1);
    return { id, kept: this.world.notes.get(id) };
  }

  async person(uri) {
    const found = await this.ctx.lookupObject(uri, {
      documentLoader: await this.ctx.getDocumentLoader({ identifier: this.world.name }),
    });
    if (!isActor(found)) throw new Error(`no actor at ${uri}`);
    return found;
  }

  async audienceOf(kept) {
    const people = await Promise.all(kept.mentioned.map((uri) => this.person(uri)));
    return this.audience(kept.audience, people);
  }

  audience(kind, people) {
    const followers = kind === "direct" ? [] : [...this.world.followers.values()];
    const byId = new Map([...followers, ...people].map((who) => [who.id.href, who]));
    return [...byId.values()];
  }

  async send(activity, recipients) {
    this.world.sent.set(activity.id.href, { activity, recipients });
    await this.ctx.sendActivity({ identifier: this.world.name }, recipients, activity, { preferSharedInbox: true });
    return { activity: activity.id.href };
  }
}
