/** The question after the shell: retry from here, take the stage as done, or leave. */
import { createInterface } from "node:readline/promises";
import type { Client } from "../../../protocol/client/client.js";
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import type { RetryBody } from "../../../protocol/requests.js";
import { sanitize } from "../../../protocol/text/sanitize.js";
import { secretValues } from "../../cli/secrets.js";
import { type ReportTo, report, say } from "../../kit/report.js";

export interface Leaving {
  client: Client;
  record: Operation;
  /** The stage, or `Stage/step`; null: none. */
  place: string | null;
  /** Whether its type keeps the values of stages. */
  isResumable: boolean;
  /** Names of the outputs that the stage declares. */
  outputs: readonly string[];
  /** What the person's commands wrote to `$LIVEOPS_OUTPUT`. */
  written(): Promise<Readonly<Record<string, string>>>;
  to: ReportTo;
}

/** Asks until the daemon accepts the answer, or the person leaves. */
export async function afterShell(leaving: Leaving): Promise<void> {
  const { client, record, to } = leaving;
  for (;;) {
    const { state } = await client.show(record.id);
    if (state !== "failed" && state !== "cancelled") {
      say(to, `${record.id} is ${state} now`, "yellow");
      return;
    }
    const body = await asked(leaving);
    if (body === null) return;
    try {
      const secrets = await secretValues([], record.params);
      await client.retry(record.id, {
        ...body,
        ...(Object.keys(secrets).length > 0 && { secrets }),
      });
      say(to, `${record.id} is queued again; follow it: liveops watch ${record.id}`, "yellow");
      return;
    } catch (error) {
      await report(error, to);
      if (!(error instanceof Refusal)) return;
    }
  }
}

/** Null: leave. */
async function asked(leaving: Leaving): Promise<RetryBody | null> {
  const { place, isResumable } = leaving;
  const name = sanitize(place ?? "");
  const from = isResumable && place !== null ? place : null;
  const choices = [
    from === null ? "[r] retry" : `[r] retry from ${name}`,
    ...(from === null ? [] : [`[d] take ${name} as done`]),
    "[l] leave",
  ];
  process.stderr.write(`${choices.join("   ")}: `);
  const key = await readKey(from === null ? "r" : "rd");
  process.stderr.write(`${key}\n`);
  if (key === "r") return from === null ? {} : { from };
  if (key === "l") return null;
  const outputs = await givenOutputs(leaving);
  return outputs === null
    ? null
    : { done: [{ stage: from!, ...(leaving.outputs.length > 0 && { outputs }) }] };
}

/**
 * Asks for each declared output; the default is what the person's commands wrote. Null: the person
 * leaves.
 */
async function givenOutputs({ outputs, written }: Leaving): Promise<Record<string, string> | null> {
  if (outputs.length === 0) return {};
  const before = await written();
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const given: Record<string, string> = {};
  try {
    for (const name of outputs) {
      const known = Object.hasOwn(before, name) ? before[name]! : null;
      const shown = known === null ? "" : ` [${sanitize(known.split("\n", 1)[0]!)}]`;
      for (;;) {
        // Ctrl-C and Ctrl-D reject it.
        const text = await lines.question(`output ${name}${shown}: `).catch(() => null);
        if (text === null) return null;
        if (text === "" && known === null) continue;
        given[name] = text === "" ? known! : text;
        break;
      }
    }
    return given;
  } finally {
    lines.close();
  }
}

/**
 * The keys that leave, beside `l`: Enter, Ctrl-C, Ctrl-D. Escape does where it comes alone: other
 * keys begin with it.
 */
const LEAVE = "lq\r\n\x03\x04";
const ESCAPE = "\x1b";

/** The first of the keys that is pressed; `l`: a key that leaves, or the terminal is gone. */
function readKey(keys: string): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve) => {
    const end = (key: string) => {
      stdin.off("data", read).off("error", gone).off("end", gone);
      try {
        stdin.setRawMode(false);
      } catch {
        // The terminal is gone.
      }
      stdin.pause();
      resolve(key);
    };
    const read = (data: Buffer) => {
      const text = data.toString("utf8");
      if (text === ESCAPE) return end("l");
      if (text.startsWith(ESCAPE)) return;
      const key = [...text].find((each) => keys.includes(each) || LEAVE.includes(each));
      if (key !== undefined) end(keys.includes(key) ? key : "l");
    };
    const gone = () => end("l");
    stdin.on("data", read).on("error", gone).on("end", gone);
    stdin.setRawMode(true);
    stdin.resume();
  });
}
