/**
 * `liveops attach`: connects the terminal of a person with that of a program, until it ends or the
 * person detaches.
 */
import type { Command } from "commander";
import type { Client } from "../../../protocol/client/client.js";
import { EXIT, exitCodeOf } from "../../../protocol/exit-codes.js";
import { InterruptedError, NotFoundError } from "../../../protocol/failures.js";
import type { Operation } from "../../../protocol/operation.js";
import { isFinal } from "../../../protocol/state.js";
import { addCommand, type reportTo } from "../../kit/options.js";
import { say } from "../../kit/report.js";
import { OwnTerminal } from "../../terminal/own-terminal.js";
import { connectFor } from "../connection.js";
import { InputSender } from "./input-sender.js";
import { DetachKeys, PAUSE_MS } from "./keys.js";
import { Session } from "./session.js";

interface AttachOptions {
  once?: boolean;
}

/** Why attaching ends before the operation does. */
class Detached extends Error {}

export function registerAttach(root: Command): void {
  addCommand(root, "attach", "Attach to the terminal of a running operation", [
    "liveops attach",
    "liveops attach k3f",
    "echo yes | liveops attach k3f",
  ])
    .argument(
      "[id]",
      "Operation id, a unique prefix of 3 or more characters, or a label (default: the newest that waits for input, else the newest with a terminal)",
    )
    .option("--once", "Return when the program ends, not when the operation does")
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { client, options, to } = await connectFor<AttachOptions>(command);
      process.exitCode = await attach(client, await chosen(client, id), options, to);
    });
}

/** The named operation, or the newest with a terminal. @throws NotFoundError where there is none */
async function chosen(client: Client, id: string | undefined): Promise<Operation> {
  if (id !== undefined) return client.show(id);
  const { operations } = await client.list({ state: ["running"], limit: 1000 });
  const withTerminal = operations.filter(({ terminal }) => terminal !== null);
  const found =
    withTerminal.find(({ waitingForInput }) => waitingForInput !== null) ?? withTerminal[0];
  if (found) return found;
  throw new NotFoundError(
    "no running operation has a terminal; submit one: liveops submit --tty -- COMMAND",
  );
}

async function attach(
  client: Client,
  operation: Operation,
  { once = false }: AttachOptions,
  to: ReturnType<typeof reportTo>,
): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  const terminal = new OwnTerminal();
  const sender = new InputSender(client, signal);
  const detach = () => controller.abort(new Detached());
  // In the raw mode of a terminal, a line feed does not return to the first column.
  const note = (text: string) => {
    process.stderr.write("\r");
    say(to, text, "yellow");
    process.stderr.write("\r");
  };
  let isTold = false;
  const session = new Session(
    client,
    operation,
    terminal,
    sender,
    {
      attached({ id, terminal: program }) {
        if (isTold || !terminal.isInteractive) return;
        isTold = true;
        note(`attached to ${program} of ${id}; Ctrl-P Ctrl-Q detaches`);
      },
      between: ({ id, state }) =>
        note(
          state === "queued"
            ? `${id} is queued; waiting for its start. Ctrl-C leaves`
            : `the program ended; ${id} continues. Waiting for its end, or its next terminal. Ctrl-C leaves`,
        ),
      lost: () => note("lost the daemon; the operation continues. Reconnecting…"),
    },
    signal,
  );
  const stopReading = readKeys({ terminal, sender, detach });
  const interrupt = () => controller.abort(new InterruptedError(goesOn(session.operation)));
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, interrupt);
  const resize = () => terminal.size !== null && sender.resize(terminal.size);
  process.stdout.on("resize", resize);
  try {
    const last = await session.run(once);
    await terminal.leave();
    return once && !isFinal(last.state) ? EXIT.done : endOf(last, note);
  } catch (error) {
    await terminal.leave();
    if (!signal.aborted) throw error;
    if (!(signal.reason instanceof Detached)) throw signal.reason;
    note(`detached; ${goesOn(session.operation)}`);
    return EXIT.done;
  } finally {
    stopReading();
    process.stdout.off("resize", resize);
    controller.abort(new Detached());
  }
}

function endOf({ id, state, error }: Operation, note: (text: string) => void): number {
  if (!isFinal(state)) return EXIT.fault;
  const why = error === null ? "" : `: ${error.message.split("\n")[0]}`;
  note(`${id} ${state}${why}`);
  return exitCodeOf(state);
}

function goesOn({ id }: Operation): string {
  return `${id} continues: attach again with liveops attach ${id}, or stop it with liveops cancel ${id}`;
}

interface Typing {
  terminal: OwnTerminal;
  sender: InputSender;
  detach(): void;
}

/**
 * Passes what is typed to the program. Where stdin is not a terminal, its bytes are typed, and its
 * end changes nothing.
 */
function readKeys({ terminal, sender, detach }: Typing): () => void {
  const detachKeys = new DetachKeys();
  let pause: NodeJS.Timeout | undefined;
  const send = (bytes: Buffer) => sender.type(bytes);
  const onData = (typed: Buffer) => {
    if (!terminal.isInteractive) return send(typed);
    clearTimeout(pause);
    const { input, isDetached } = detachKeys.take(typed);
    send(input);
    if (isDetached) detach();
    else if (detachKeys.isHolding) pause = setTimeout(() => send(detachKeys.release()), PAUSE_MS);
  };
  process.stdin.on("data", onData);
  process.stdin.on("error", () => {});
  return () => {
    clearTimeout(pause);
    process.stdin.off("data", onData);
    process.stdin.pause();
  };
}
