/** Which prompt of a real program an answer may be typed at. */
import { expect, onTestFinished, test } from "vitest";
import { Terminal, terminalEnvironment } from "../../../ops/programs/pty.js";
import { AttemptTerminals, type OpenTerminal } from "../../../ops/programs/terminals.js";
import { Masker } from "../../../ops/secrets/masker.js";
import type { EventBody } from "../../../protocol/event.js";

type Asked = Extract<EventBody, { type: "input:waiting" }>;

/**
 * Starts a script of sh on a terminal. `asked` resolves with the prompt that is reported as the
 * n-th.
 */
async function start(script: string) {
  const events: EventBody[] = [];
  let current: OpenTerminal | null = null;
  const host = {
    size: { columns: 80, rows: 24 },
    changed: (open: OpenTerminal | null) => {
      current = open;
    },
  };
  const terminals = new AttemptTerminals((event) => events.push(event), host, new Masker());
  const options = { cwd: "/", env: terminalEnvironment(process.env), size: host.size };
  const terminal = await Terminal.start("sh", ["-c", script], options);
  const close = terminals.opened(terminal, "sh");
  onTestFinished(async () => {
    close();
    if (terminal.isOpen) process.kill(-terminal.pid, "SIGKILL");
    await terminal.ended;
  });
  const all = () => events.filter((event): event is Asked => event.type === "input:waiting");
  const asked = async (n: number): Promise<Asked> => {
    await expect.poll(() => all().length).toBeGreaterThanOrEqual(n);
    return all()[n - 1]!;
  };
  return {
    terminal,
    asked,
    newest: () => all().at(-1),
    refusal: (number: number) => current!.refusal(number),
  };
}

const enter = (terminal: Terminal, text: string) => terminal.write(Buffer.from(`${text}\r`));

test("an answer is for one prompt alone, and for none that does not show what is typed", async () => {
  const { terminal, asked, refusal } = await start(
    `ask() { printf "$1"; read x; }; ask 'Name: '; stty -echo; ask 'Kennwort: '; stty echo; echo; ask '> '; ask '> '; sleep 1000`,
  );
  const name = await asked(1);
  expect(name).toMatchObject({ prompt: "Name:", echo: true });
  expect(refusal(name.number)).toBeNull();
  // Before the program has read the line, and before anybody has looked again.
  enter(terminal, "joe");
  expect(refusal(name.number)).toContain("now, which the text does not answer");
  const secret = await asked(2);
  expect(secret).toMatchObject({ prompt: "Kennwort:", echo: false });
  expect(refusal(name.number)).toContain('shows "Kennwort:" now');
  expect(refusal(secret.number)).toContain("does not show what is typed");
  enter(terminal, "hunter2");
  const bare = await asked(3);
  expect(bare).toMatchObject({ prompt: ">", echo: true });
  expect(refusal(bare.number)).toBeNull();
  enter(terminal, "one");
  const same = await asked(4);
  expect(same).toMatchObject({ prompt: ">", echo: true });
  expect(same.number).not.toBe(bare.number);
  expect(refusal(bare.number)).not.toBeNull();
  expect(refusal(same.number)).toBeNull();
});

test("what changed without a key is seen right before the answer, and reported", async () => {
  const { terminal, asked, newest, refusal } = await start(
    `trap 'stty -echo; printf "\\nPIN: "' USR1; printf 'Name: '; while :; do read x; done`,
  );
  const name = await asked(1);
  process.kill(terminal.pid, "SIGUSR1");
  await expect.poll(() => refusal(name.number)).toContain('shows "PIN:" now');
  // The old prompt without echo may have been reported in between.
  await expect.poll(newest).toMatchObject({ prompt: "PIN:", echo: false });
  expect(refusal(newest()!.number)).toContain("does not show what is typed");
});
