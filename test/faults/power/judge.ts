/**
 * What docs/durability.md promises after a power cut: compares what clients had seen with what the
 * next daemon shows once all is run, and with what operations did before and after.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { until } from "../../../protocol/system/until.js";
import type { TestDaemon } from "../../harness/daemon.js";
import { type Draft, HELD, LANE, type Mark, sideFile, submit } from "./marks.js";

/** What was known at the moment of the cut. */
export interface Known {
  marks: readonly Mark[];
  /** Lines of the operations, outside of the state directory. */
  effects: readonly string[];
  /** `<id>/<attempt>` of the attempts whose worker had written to its events file. */
  begun: ReadonlySet<string>;
}

/** Longest wait for the end of all operations, in ms. */
const PATIENCE = 40_000;

/**
 * Returns the broken promises, in words, and how many operations kept theirs. The daemon runs, and
 * runs on.
 */
export async function judge(
  daemon: TestDaemon,
  known: Known,
): Promise<{ kept: number; broken: string[] }> {
  const broken = await brokenSettings(daemon, known.marks);
  const stories = storiesOf(known.marks);
  broken.push(...(await submitAgain(daemon, known.marks, stories)));
  const { cancelled, all } = await settle(daemon);
  const after = existsSync(sideFile(daemon.world.dir))
    ? readFileSync(sideFile(daemon.world.dir), "utf8")
    : "";
  const effects = { before: known.effects, after: after.split("\n").filter(Boolean) };
  broken.push(...repeated(effects.before, effects.after), ...doubled(all));
  const byId = new Map(all.map((record) => [record.id, record]));
  let kept = 0;
  for (const story of stories.values()) {
    const record = byId.get(story.id);
    const said: string[] = [];
    if (record) {
      said.push(...brokenOf(record, story, known, cancelled));
      said.push(...(await lostContent(daemon, record, story, known)));
    } else if (story.removal === null) said.push(`${story.id} is lost`);
    if (record && story.removal === "acknowledged")
      said.push(`${story.id} was removed and is back`);
    for (const stage of story.done)
      if (
        effects.after.some((line) => line.startsWith(`${story.id} `) && line.endsWith(` ${stage}`))
      )
        said.push(`${story.id}: stage ${stage} was shown as done and ran again`);
    broken.push(...said);
    if (said.length === 0) kept++;
  }
  return { kept, broken };
}

/** What clients know of an operation. */
interface Story {
  id: string;
  submitted: Draft | null;
  cancel: "asked" | "acknowledged" | null;
  retry: "asked" | "acknowledged" | null;
  removal: "asked" | "acknowledged" | null;
  priorities: number[];
  shown: Extract<Mark, { shown: string }> | null;
  /** Stages that were shown as done, of a type that resumes. */
  done: Set<string>;
}

function storiesOf(marks: readonly Mark[]): Map<string, Story> {
  const stories = new Map<string, Story>();
  const drafts = new Map<string, Draft[]>();
  const of = (id: string) => {
    const fresh = { id, submitted: null, cancel: null, retry: null, removal: null, shown: null };
    const story: Story = stories.get(id) ?? { ...fresh, priorities: [0], done: new Set() };
    stories.set(id, story);
    return story;
  };
  for (const mark of marks) {
    if ("shown" in mark) {
      const story = of(mark.shown);
      story.shown = mark;
      if (mark.next) of(mark.next);
      if (story.submitted?.op === "resumes") for (const stage of mark.done) story.done.add(stage);
    } else if ("acknowledged" in mark) {
      if (mark.acknowledged === "submit")
        for (const [index, id] of mark.ids.entries())
          of(id).submitted = drafts.get(mark.key)![index]!;
      else if (mark.acknowledged === "edit") of(mark.id).priorities = [mark.priority];
      else if (mark.acknowledged === "remove") of(mark.id).removal = "acknowledged";
      else if (mark.acknowledged === "cancel" || mark.acknowledged === "retry")
        of(mark.id)[mark.acknowledged] = "acknowledged";
    } else if (mark.asked === "submit") drafts.set(mark.key, mark.drafts);
    else if (mark.asked === "edit") of(mark.id).priorities.push(mark.priority);
    else if (mark.asked === "remove") of(mark.id).removal = "asked";
    else if (mark.asked === "cancel" || mark.asked === "retry") of(mark.id)[mark.asked] ??= "asked";
  }
  return stories;
}

function brokenOf(
  record: Operation,
  story: Story,
  { begun }: Known,
  cancelled: ReadonlySet<string>,
): string[] {
  const { id, state, attempt, op } = record;
  const { shown, submitted } = story;
  const broken: string[] = [];
  const say = (text: string) => broken.push(`${id} (${op}, ${state}, attempt ${attempt}): ${text}`);
  if (submitted && record.label !== submitted.label) say(`its label was ${submitted.label}`);
  if (shown && isFinal(shown.state) && story.retry === null && shown.state !== state)
    say(`was shown as ${shown.state}`);
  if (shown && attempt < shown.attempt) say(`attempt ${shown.attempt} was shown`);
  if (shown?.next && record.chain.next !== shown.next)
    say(`${shown.next} was shown as the next one`);
  if (story.cancel === "acknowledged" && state !== "cancelled") say("its cancel was acknowledged");
  if (story.retry === "acknowledged" && attempt < 2) say("its retry was acknowledged");
  if (!story.priorities.includes(record.priority) && record.queue === HELD)
    say(`its priority is ${record.priority}, set to ${story.priorities}`);
  if (state === "cancelled" && story.cancel === null && !cancelled.has(id))
    say("nobody has cancelled it");
  if (state !== "failed" || (shown?.state === "failed" && story.retry === null)) return broken;
  const isLost = record.error?.code === "LIVEOPS_WORKER_LOST";
  // The workload kills workers too: the power cut may be the third loss in a row.
  const isThird = / worker in a row /.test(record.error?.message ?? "");
  const error = `${record.error?.code} ${record.error?.message}`;
  if (isLost && op === "resumes" && !isThird) say(`it resumes: ${error}`);
  else if (isLost && !begun.has(`${id}/${attempt}`)) say(`it had not begun: ${error}`);
  else if (!isLost && !(op === "fails" && attempt === 1)) say(error);
  return broken;
}

/** Result and log of an operation that has succeeded. */
async function lostContent(
  daemon: TestDaemon,
  { id, state }: Operation,
  { submitted, shown }: Story,
  { begun }: Known,
): Promise<string[]> {
  if (state !== "succeeded" || !submitted) return [];
  const { lines, size, read } = submitted;
  const { result } = await daemon.client.show(id);
  const expected = JSON.stringify({ lines, read, made: "x".repeat(size) });
  const broken =
    JSON.stringify(result) === expected
      ? []
      : [`${id}: its result is ${JSON.stringify(result)?.slice(0, 200)}`];
  // The last lines before the cut may be lost.
  if (begun.has(`${id}/1`) && !isFinal(shown?.state ?? "queued")) return broken;
  const { lines: log } = await daemon.client.log(id, { limit: 1000 });
  const texts = log.filter(({ stream }) => stream === "log").map(({ text }) => text);
  for (let n = 1; n <= lines; n++)
    if (!texts.includes(`line ${n}`)) broken.push(`${id}: line ${n} of its log is lost`);
  return broken;
}

/**
 * What a client does that has no reply: it submits again with the same key. Returns acknowledged
 * submits that differ.
 */
async function submitAgain(
  { client, world }: TestDaemon,
  marks: readonly Mark[],
  stories: ReadonlyMap<string, Story>,
): Promise<string[]> {
  const acknowledged = new Map<string, string[]>();
  for (const mark of marks)
    if ("acknowledged" in mark && mark.acknowledged === "submit")
      acknowledged.set(mark.key, mark.ids);
  const broken: string[] = [];
  for (const mark of marks) {
    if (!("asked" in mark) || mark.asked !== "submit") continue;
    const ids = acknowledged.get(mark.key);
    // The key of an operation that was removed is refused.
    if (ids?.some((id) => stories.get(id)?.removal != null)) continue;
    const again = await submit(client, world.dir, mark.key, mark.drafts);
    const now = again.map(({ id }) => id);
    if (ids && String(now) !== String(ids))
      broken.push(`twice: ${mark.key} made ${ids}, and now ${now}`);
  }
  return broken;
}

/** Lets all run that can, cancels what waits for its cancel; returns these and all operations. */
async function settle(daemon: TestDaemon): Promise<{ cancelled: Set<string>; all: Operation[] }> {
  const { client } = daemon;
  const cancelled = new Set<string>();
  await client.resumeQueue({ queue: LANE });
  await client.resumeQueue({ queue: HELD });
  const live = () => everyOperation(daemon, true);
  const isSettled = await until(async () => {
    const left = await live();
    for (const { id, op } of left) {
      if (op !== "waits" || cancelled.has(id)) continue;
      cancelled.add(id);
      await client.cancel(id);
    }
    return left.length === 0;
  }, PATIENCE);
  if (!isSettled) throw new Error(`never ends: ${JSON.stringify(await live())}`);
  return { cancelled, all: await everyOperation(daemon) };
}

async function everyOperation({ client }: TestDaemon, isLive = false): Promise<Operation[]> {
  const all: Operation[] = [];
  const query = { limit: 1000, ...(isLive && { state: ["queued" as const, "running" as const] }) };
  for (let before: string | undefined; ; ) {
    const page = await client.list({ ...query, ...(before !== undefined && { before }) });
    all.push(...page.operations);
    if (page.next === null) return all;
    before = page.next;
  }
}

/** Attempts that began twice. */
function repeated(before: readonly string[], after: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...before, ...after].flatMap((line) => {
    if (!line.endsWith(" begins")) return [];
    if (seen.has(line)) return [`twice: ${line}`];
    seen.add(line);
    return [];
  });
}

/** Operations that are there twice: of one submit, or at one place of a chain. */
function doubled(all: readonly Operation[]): string[] {
  const seen = new Set<string>();
  return all.flatMap(({ id, label, chain }) => {
    const places = [
      `${chain.id} ${chain.index}`,
      ...(chain.index === 0 && label ? [label] : []),
      id,
    ];
    const twice = places.filter((place) => seen.has(place));
    for (const place of places) seen.add(place);
    return twice.map((place) => `twice: ${place}`);
  });
}

async function brokenSettings({ client }: TestDaemon, marks: readonly Mark[]): Promise<string[]> {
  let concurrencies: number[] = [];
  const schedules: string[] = [];
  for (const mark of marks) {
    if ("asked" in mark && mark.asked === "queue") concurrencies.push(mark.concurrency);
    if ("acknowledged" in mark && mark.acknowledged === "queue") concurrencies = [mark.concurrency];
    if ("acknowledged" in mark && mark.acknowledged === "schedule") schedules.push(mark.name);
  }
  const broken: string[] = [];
  const lane = (await client.queues()).queues.find(({ name }) => name === LANE);
  const isSet = marks.some((mark) => "acknowledged" in mark && mark.acknowledged === "queue");
  if (isSet && !concurrencies.includes(lane?.concurrency ?? 0))
    broken.push(`queue ${LANE} has ${lane?.concurrency}, set to ${concurrencies}`);
  const there = (await client.schedules()).schedules.map(({ name }) => name);
  for (const name of schedules) if (!there.includes(name)) broken.push(`schedule ${name} is lost`);
  return broken;
}
