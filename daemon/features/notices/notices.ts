/**
 * Tells people what needs them: makes a notice of what happens, and gives it to the channels that want it. A channel
 * that is away, slow or broken never holds an operation up; `liveopsd status` says what is wrong with it.
 *
 * Notices wait in the outbox until they are delivered, so each is delivered at least once. The end of an operation and
 * a question are found again by the number of their decision where a crash came before the outbox.
 */
import { Masker } from "../../../ops/secrets/masker.js";
import { waitsForApproval } from "../../../protocol/approval.js";
import { Refusal } from "../../../protocol/errors.js";
import type { ChannelReply } from "../../../protocol/features/notices/reply.js";
import type { Notice, NoticeDraft } from "../../../protocol/notices.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { atMost } from "../../../protocol/system/until.js";
import { nearest } from "../../../protocol/text/nearest.js";
import type { Bus } from "../../bus.js";
import type { Log } from "../../log/log.js";
import { childEnvironment } from "../../os/child-environment.js";
import type { Settings } from "../../settings.js";
import type { Entry } from "../../store/decision.js";
import type { Change } from "../../store/ledger.js";
import type { Store } from "../../store/store.js";
import { ChannelQueue } from "./channel-queue.js";
import {
  approvalDraft,
  approvalKey,
  endDrafts,
  inputDraft,
  inputKey,
  noticeId,
  noticeOf,
  stallDraft,
  troubleDraft,
  wantedDraft,
} from "./draft.js";
import { Outbox } from "./outbox.js";

/** How long a stop waits for deliveries under way, in ms; then the next daemon repeats them. */
const STOP_MS = 2000;

/** A prompt that a person answers at once is no news, in ms. */
const INPUT_MS = 10_000;

/** Operations that are looked at after a start. */
const MOST_EARLIER = 10_000;

/** Occurrences that are remembered. */
const MOST_KEYS = 10_000;

interface NoticesOptions {
  bus: Bus;
  file: string;
  log: Log;
  store: Pick<Store, "archive" | "journalNumber" | "ledger" | "problems">;
  settings: Pick<Settings, "config" | "stallAfter" | "fromDaemon">;
  /** Name of this host. */
  host: string;
  /** Whether this daemon tells the end of the operation. */
  isOurs(entry: Entry): boolean;
  /** Whether the operation runs on this host. */
  runsHere(entry: Entry): boolean;
  /** Why it failed, in lines. */
  reasonOf(record: Operation): string[];
  /** Knows the secrets of an operation. */
  maskerOf(id: string): Masker;
  now(): Date;
}

export class Notices {
  readonly #outbox: Outbox;
  readonly #channels = new Map<string, ChannelQueue>();
  readonly #told = new Set<string>();
  readonly #prompts = new Map<string, NodeJS.Timeout>();
  /** Null: there was no file, so nothing of the past is told. */
  #after: number | null = null;
  #isUnwritable = false;

  constructor(private readonly options: NoticesOptions) {
    const { bus, file } = options;
    this.#outbox = new Outbox(file, {
      onProblem: (problem) => bus.emit("problem", problem),
      onUnwritable: (error) => this.#unwritable(error),
    });
    this.#takeSettings();
    bus.on("decided", (changes, _decision, isOwn) => {
      for (const change of this.#channels.size === 0 ? [] : changes) this.#decided(change, isOwn);
    });
    bus.on("stalled", ({ record }) => {
      // The operation around it is as silent.
      if (record.parent === undefined) this.#tell([stallDraft(record, options.settings.stallAfter)]);
    });
    bus.on("record", (entry, before) => this.#recordChanged(entry, before));
    bus.on("problem", (problem) => this.#tell([troubleDraft(problem)]));
    bus.on("notice", (draft) => this.#tell([draft]));
  }

  /** Tells what an earlier daemon did not. */
  async start(): Promise<void> {
    const { store, log } = this.options;
    for (const problem of store.problems) this.#tell([troubleDraft(problem)]);
    if (this.#channels.size === 0) return;
    const after = this.#after;
    if (after === null) return this.#outbox.begin(store.journalNumber);
    try {
      const earlier = await store.archive.list({ finishedAfter: after }, MOST_EARLIER);
      const asked = [...store.ledger.entries.values()].filter(({ queuedAt }) => queuedAt > after);
      // In the order of their numbers: after a crash, nothing before a number that was told is looked at again.
      const numberOf = ({ finishedBy, queuedAt }: Entry) => finishedBy || queuedAt;
      for (const entry of [...earlier, ...asked].sort((a, b) => numberOf(a) - numberOf(b))) {
        if (!this.options.isOurs(entry)) continue;
        if (isFinal(entry.record.state)) this.#finished(entry);
        else this.#asked(entry);
      }
    } catch (error) {
      log.warn({ err: error }, "notices of ends and questions before the start may be missing");
    }
  }

  /** What `liveopsd status` shows. */
  report(): ChannelReply[] {
    return [...this.#channels.values()].map((each) => each.report());
  }

  /** Sends a notice for a try. Returns why it was not taken; null: it was. @throws Refusal where there is no channel */
  async test(name: string): Promise<string | null> {
    const channel = this.#channels.get(name);
    if (channel === undefined) throw noSuchChannel(name, [...this.#channels.keys()]);
    const notice = this.#noticeOf({
      event: "test",
      key: `test ${name} ${this.options.now().getTime()}`,
      reason: [`The channel ${name} works.`],
      next: ["liveopsd status"],
    });
    try {
      await channel.sendNow(notice);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** The daemon fails: its state may be gone, and no next daemon sends what waits. Resolves in a bounded time. */
  async alarm(problem: string): Promise<void> {
    const draft = troubleDraft(problem);
    const notice = this.#noticeOf(draft);
    const wanted = [...this.#channels.values()].filter(({ channel }) => wantedDraft([draft], channel));
    await atMost(STOP_MS, Promise.allSettled(wanted.map((each) => each.sendNow(notice))));
    await this.stop();
  }

  async stop(): Promise<void> {
    for (const timer of this.#prompts.values()) clearTimeout(timer);
    this.#prompts.clear();
    await Promise.all([...this.#channels.values()].map((each) => each.stop(STOP_MS)));
    this.#outbox.close();
  }

  #takeSettings(): void {
    const { settings, log, now } = this.options;
    const wanted = Object.entries(settings.config.notify ?? {});
    if (wanted.length === 0) {
      this.#outbox.clear();
      return;
    }
    this.#after = this.#outbox.open();
    // What waits for a channel that is no longer in the config file is dropped.
    for (const name of this.#outbox.channels)
      if (settings.config.notify?.[name] === undefined) this.#outbox.remove(name, this.#outbox.waiting(name));
    for (const [name, channel] of wanted) {
      const queue = new ChannelQueue(channel, {
        name,
        outbox: this.#outbox,
        env: process.env,
        now,
        host: this.options.host,
        childEnv: () => this.#childEnv(),
        onChange: (problem) => {
          if (problem === null) log.info({ channel: name }, "a channel takes notices");
          else log.warn({ channel: name, reason: problem }, "a channel does not take notices; they wait");
        },
      });
      this.#channels.set(name, queue);
    }
  }

  #childEnv(): Record<string, string> {
    const { env, startOnly } = childEnvironment(process.env, this.options.settings.fromDaemon);
    for (const name of startOnly) delete env[name];
    return env;
  }

  #decided({ id, before, after }: Change, isOwn: boolean): void {
    const [was, is] = [before && waitsForApproval(before), after && waitsForApproval(after)];
    if (was && is?.since !== was.since) this.#over(approvalKey(id, was));
    const entry = isOwn ? this.options.store.ledger.get(id) : undefined;
    if (!entry || !after) return;
    if (isFinal(after.state) && isFinal(entry.record.state)) this.#finished(entry);
    if (is && is.since !== was?.since) this.#asked(entry);
  }

  #asked({ record, queuedAt }: Entry): void {
    const open = waitsForApproval(record);
    if (open && !this.#tell([approvalDraft(record, open)], queuedAt)) this.#outbox.pass(queuedAt);
  }

  #finished(entry: Entry): void {
    const { record, finishedBy } = entry;
    const reason = record.state === "failed" ? this.options.reasonOf(record) : [];
    if (!this.#tell(endDrafts(record, reason), finishedBy)) this.#outbox.pass(finishedBy);
  }

  /** @returns whether a channel tells it */
  #tell(drafts: readonly NoticeDraft[], after: number | null = null): boolean {
    const [first] = drafts;
    if (first === undefined || this.#channels.size === 0 || this.#told.has(first.key)) return false;
    this.#told.add(first.key);
    for (const oldest of this.#told) {
      if (this.#told.size <= MOST_KEYS) break;
      this.#told.delete(oldest);
    }
    let isTold = false;
    for (const queue of this.#channels.values()) {
      const draft = wantedDraft(drafts, queue.channel);
      if (draft === undefined) continue;
      queue.add(this.#noticeOf(draft), after);
      isTold = true;
    }
    return isTold;
  }

  #noticeOf(draft: NoticeDraft): Notice {
    const { host, now, maskerOf } = this.options;
    const masker = draft.record === undefined ? new Masker() : maskerOf(draft.record.id);
    return noticeOf(draft, host, now(), masker);
  }

  /** Nobody is told in the morning what somebody answered at night. */
  #over(key: string): void {
    const id = noticeId(key, this.options.host);
    for (const queue of this.#channels.values()) queue.drop(id);
  }

  #recordChanged(entry: Entry, before: Operation): void {
    const { id, waitingForInput } = entry.record;
    if (this.#channels.size === 0 || waitingForInput?.since === before.waitingForInput?.since) return;
    clearTimeout(this.#prompts.get(id));
    this.#prompts.delete(id);
    this.#over(inputKey(before));
    if (waitingForInput === null || !this.options.runsHere(entry)) return;
    const timer = setTimeout(() => {
      this.#prompts.delete(id);
      const record = this.options.store.ledger.get(id)?.record;
      if (record?.waitingForInput?.since === waitingForInput.since) this.#tell([inputDraft(record)]);
    }, INPUT_MS);
    this.#prompts.set(id, timer.unref());
  }

  #unwritable(error: unknown): void {
    if (this.#isUnwritable) return;
    this.#isUnwritable = true;
    this.options.log.warn({ err: error }, "the notices that wait cannot be recorded; they wait in memory");
  }
}

function noSuchChannel(name: string, names: string[]): Refusal {
  const all = names.length === 0 ? "there are none" : `channels: ${names.join(", ")}`;
  const text = `there is no channel ${JSON.stringify(name)}; ${all}; after a change of the config file: liveops restart`;
  return new Refusal("LIVEOPS_NO_SUCH_CHANNEL", text, { nearest: nearest(name, names) });
}
