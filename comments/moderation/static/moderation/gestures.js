// What a moderator does: sent, shown on the cards, offered to be taken back, and to be tried again.
import { Trouble } from "./api.js";
import { capital, conflict, didIt, doing, many, notDone } from "./words.js";

/**
 * @typedef {import("./shapes.js").Outcome} Outcome
 * @typedef {import("./shapes.js").Decision} Decision
 * @typedef {{ id: number, status: string }} Chosen a post and the status that the moderator saw
 *
 * @typedef {object} Surroundings
 * @property {import("./api.js").Api} api
 * @property {import("./store.js").Store} store
 * @property {import("./claims.js").createClaims extends (...given: any[]) => infer Made ? Made : never} claims
 * @property {ReturnType<import("./undo_bar.js").createUndoBar>} bar
 * @property {(text: string) => void} announce
 * @property {() => void} draw
 * @property {(ids: number[], isOwn?: boolean) => Promise<void>} refetch
 * @property {(trouble: Trouble) => void} troubled
 * @property {number} undoSeconds
 */

export const IDS_PER_CALL = 2_000;

export class Gestures {
  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.with = surroundings;
    /** @type {Map<number, () => unknown>} what "Try again" on a card does */
    this.retries = new Map();
    /** @type {Promise<unknown>} */
    this.latest = Promise.resolve();
  }

  /** @param {Decision} decision @param {Chosen[]} chosen */
  decide(decision, chosen) {
    return this._run(async () => {
      const { api, store, bar, draw } = this.with;
      for (const { id } of chosen) store.note(id, { kind: "busy", text: doing(decision) });
      draw();
      const batches = [];
      let done = 0;
      for (let start = 0; start < chosen.length; start += IDS_PER_CALL) {
        const part = chosen.slice(start, start + IDS_PER_CALL);
        try {
          const decided = await api.decide(decision, part);
          batches.push(decided.batch);
          done += this._settle(decided.results, (post) => this.decide(decision, [post]));
          if (!store.asked.site) store.counts = decided.counts;
        } catch (error) {
          this._failed(error, chosen.slice(start), notDone(decision), (left) => this.decide(decision, left));
          break;
        }
      }
      if (done > 0) this._offer(didIt(decision, done), batches);
      else if (chosen.length > 1 && batches.length > 0) bar.say("None of them was changed.");
      draw();
      await this._afterwards(chosen.map(({ id }) => id));
    });
  }

  /**
   * @param {import("./shapes.js").Post} post
   * @param {import("./dialogs.js").Ban} ban
   */
  ban(post, ban) {
    return this._run(async () => {
      const { api, store, draw } = this.with;
      store.note(post.id, { kind: "busy", text: "Banning…" });
      draw();
      try {
        const decided = await api.ban({ post: post.id, ...ban });
        store.note(post.id, null);
        const done = this._settle(decided.results, (one) => this.decide("reject", [one]));
        const length = ban.is_shadow
          ? "out of others’ sight"
          : ban.days === null
            ? "for good"
            : `for ${many(ban.days, "day")}`;
        this._offer(`Banned ${post.author.name} ${length}${done > 0 ? `, rejected ${many(done)}` : ""}.`, [
          decided.batch,
        ]);
      } catch (error) {
        this._failed(error, [post], "Not banned.", () => this.ban(post, ban));
      }
      draw();
      await this._afterwards(this._others((other) => other.author.id === post.author.id, post.id));
    });
  }

  /** @param {import("./shapes.js").Post} post @param {"pins" | "features"} what @param {boolean} isOn */
  turn(post, what, isOn) {
    const done = capital({ pins: isOn ? "pinned" : "unpinned", features: isOn ? "featured" : "unfeatured" }[what]);
    return this._run(async () => {
      const { api, store, bar, draw, undoSeconds } = this.with;
      store.note(post.id, { kind: "busy", text: "Sending…" });
      draw();
      try {
        await api.turn(what, post.id, isOn);
        store.note(post.id, null);
        const take = async () => {
          await api.turn(what, post.id, !isOn);
          await this.with.refetch([post.id], true);
          return `No longer ${done.toLowerCase()}.`;
        };
        bar.offer({
          text: `${done} the comment by ${post.author.name}.`,
          seconds: undoSeconds,
          take: () => this._taken(take),
        });
      } catch (error) {
        this._failed(error, [post], `Not ${done.toLowerCase()}.`, () => this.turn(post, what, isOn));
      }
      draw();
      await this._afterwards(this._others((other) => other.thread.id === post.thread.id, post.id));
    });
  }

  /**
   * Replies, after approving what is not public yet; "" or why not.
   * @param {import("./shapes.js").Post} post
   * @param {string} body
   * @param {string} key the same for each try
   * @returns {Promise<string>}
   */
  async reply(post, body, key) {
    const { api, store, bar, draw, undoSeconds } = this.with;
    /** @type {string[]} */
    const batches = [];
    try {
      if (post.status !== "published") {
        const decided = await api.decide("approve", [post]);
        const outcome = decided.results[0];
        if (outcome && outcome.result !== "done" && outcome.result !== "unchanged") {
          this._settle(decided.results, () => {});
          draw();
          return "Not sent: look at what this comment says of itself.";
        }
        batches.push(decided.batch);
      }
      const reply = await api.reply(post.id, body, key);
      const take = async () => {
        await api.decide("delete", [{ id: reply.id, status: "published" }]);
        return (await this._undone(batches)) || "Took the reply back.";
      };
      const text = batches.length > 0 ? "Approved, and replied." : "Replied.";
      bar.offer({ text, seconds: undoSeconds, take: () => this._taken(take) });
    } catch (error) {
      const trouble = this._told(error);
      if (batches.length > 0)
        store.note(post.id, { kind: "problem", text: "Approved, but the reply was not sent.", offer: "dismiss" });
      draw();
      return `${trouble.message} Your reply is still here: try again.`;
    }
    if (batches.length > 0) store.decided(post.id, "published");
    draw();
    await this._afterwards([post.id]);
    return "";
  }

  /** Takes back the last gesture, also one that is on its way. */
  async undo() {
    await this.latest;
    await this.with.bar.take();
  }

  /** @param {number} id */
  retry(id) {
    return this.retries.get(id)?.();
  }

  /** @param {() => Promise<void>} gesture */
  _run(gesture) {
    const running = gesture();
    this.latest = running.catch(() => {});
    return running;
  }

  /**
   * Shows on the cards what became of the posts; how many were changed.
   * @param {Outcome[]} results
   * @param {(post: Chosen) => unknown} again after a take-over
   */
  _settle(results, again) {
    const { store, claims, announce } = this.with;
    let done = 0;
    for (const outcome of results) {
      const { id, result, status, by } = outcome;
      this.retries.delete(id);
      if (result === "done" || result === "unchanged") {
        done += result === "done" ? 1 : 0;
        claims.ended(id);
        store.decided(id, status);
      } else if (result === "claimed") {
        store.claim(id, by, new Date(Date.now() + 60_000).toISOString());
        store.note(id, { kind: "problem", text: `Not done: ${by} is handling this.`, offer: "take-over" });
        this.retries.set(id, () => again({ id, status }));
      } else {
        const text =
          result === "gone" ? "This comment is gone, or you do not moderate its site any more." : conflict(outcome);
        store.note(id, { kind: "problem", text, offer: "dismiss" });
        if (results.length === 1) announce(text);
      }
    }
    const missed = results.filter(({ result }) => result !== "done" && result !== "unchanged").length;
    if (results.length > 1 && missed > 0) announce(`${many(missed)} could not be changed; they say why.`);
    return done;
  }

  /** @param {string} text @param {string[]} batches */
  _offer(text, batches) {
    const take = async () => (await this._undone(batches)) || "Taken back.";
    this.with.bar.offer({ text, seconds: this.with.undoSeconds, take: () => this._taken(take) });
  }

  /**
   * Takes decisions back; "" where that is all, else what was not.
   * @param {string[]} batches
   */
  async _undone(batches) {
    const results = [];
    for (const batch of batches.toReversed()) results.push(...(await this.with.api.undo(batch)).results);
    const back = results.filter(({ result }) => result === "done" || result === "unchanged").map(({ id }) => id);
    await this.with.refetch(back, true);
    const others = results.length - back.length;
    return others > 0 ? `${many(others)} stayed: somebody has decided otherwise since.` : "";
  }

  /** @param {() => Promise<string>} take */
  async _taken(take) {
    try {
      return await take();
    } catch (error) {
      return `Not undone: ${this._told(error).message}`;
    }
  }

  /**
   * @param {unknown} error
   * @param {Chosen[]} left
   * @param {string} words
   * @param {(left: Chosen[]) => unknown} again
   */
  _failed(error, left, words, again) {
    const { store, announce } = this.with;
    const { kind, message } = this._told(error);
    const offer = kind === "logged_out" || kind === "offline" || kind === "server" ? "retry" : "dismiss";
    for (const post of left) {
      store.note(post.id, { kind: "problem", text: `${words} ${message}`, offer });
      this.retries.set(post.id, () => again([post]));
    }
    announce(`${words} ${message}`);
    const unseen = left.filter(({ id }) => !store.card(id));
    if (unseen.length > 0 && offer === "retry")
      this.with.bar.offer({
        text: `${words} ${message} ${many(left.length)} left.`,
        seconds: 600,
        take: async () => {
          await again(left);
          return "";
        },
      });
  }

  /** @param {unknown} error */
  _told(error) {
    const trouble = error instanceof Trouble ? error : new Trouble("server", String(error));
    this.with.troubled(trouble);
    return trouble;
  }

  /** @param {number[]} ids */
  async _afterwards(ids) {
    await this.with.refetch(ids.slice(0, 200)).catch(() => {});
  }

  /** @param {(post: import("./shapes.js").Post) => boolean} isMeant @param {number} id */
  _others(isMeant, id) {
    const ids = this.with.store.cards
      .map((card) => card.post)
      .filter(isMeant)
      .map((post) => post.id);
    return [...new Set([id, ...ids])];
  }
}
