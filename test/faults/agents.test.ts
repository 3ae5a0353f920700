/**
 * Commands of coding agents while clients and the daemon are killed: each is found again, whole,
 * and ran once.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { McpClient } from "../features/mcp/end-to-end/client.js";
import { TestDaemon } from "../harness/daemon.js";
import { counts, Dice, patience } from "./mode.js";
import { record } from "./tally.js";

interface Ran {
  id: string;
  label?: string;
  exitCode?: number;
  output: string;
}

interface Page {
  operations: Ran[];
  next: string | null;
}

const COMMANDS = counts(24, 1000);
const CLIENTS = counts(6, 100);
const DAEMONS = counts(2, 20);
const CODES = 4;

test(
  "a new client finds the commands of those that were killed",
  async () => {
    const dice = new Dice("agents");
    await using daemon = await TestDaemon.start({ concurrency: 8 });
    let client = await McpClient.start(daemon.world);
    const some = (count: number) => {
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(dice.whole(0, COMMANDS - 1));
      return chosen;
    };
    const [killClient, killDaemon] = [some(CLIENTS), some(DAEMONS)];

    for (let i = 0; i < COMMANDS; i++) {
      const command = `echo begin ${i}; echo ${i} >> ran; echo end ${i}; exit ${i % CODES}`;
      const asked = client.call("run_command", { command, label: `c${i}`, background: true });
      if (!killClient.has(i)) await asked;
      else {
        // The reply may be lost with the client: then a new one looks before it runs the command.
        const reply = asked.catch(() => null);
        await dice.moment(0, 60);
        await client.kill();
        await reply;
        client = await McpClient.start(daemon.world);
        const { operations } = await client.call<Page>("list_operations", {
          mine: true,
          text: `c${i}`,
        });
        if (!operations.some(({ label }) => label === `c${i}`))
          await client.call("run_command", { command, label: `c${i}`, background: true });
      }
      if (killDaemon.has(i)) await daemon.kill().then(() => daemon.startAgain());
    }
    await client.kill();

    await using found = await McpClient.start(daemon.world);
    const byLabel = new Map<string | undefined, Ran>();
    for (let before: string | null | undefined; before !== null; ) {
      const page: Page = await found.call<Page>("list_operations", {
        mine: true,
        limit: 100,
        ...(before && { before }),
      });
      for (const each of page.operations) byLabel.set(each.label, each);
      before = page.next;
    }
    let lost = 0;
    for (let i = 0; i < COMMANDS; i++) {
      const { id } = byLabel.get(`c${i}`) ?? {};
      if (id !== undefined) await found.call("wait_for_operation", { id });
      const ended = id === undefined ? null : await found.call<Ran>("read_new_output", { id });
      expect.soft(ended, `command ${i}`).toMatchObject({
        exitCode: i % CODES,
        output: expect.stringContaining(`begin ${i}\nend ${i}`),
      });
      if (ended === null) lost++;
    }
    const ran = readFileSync(join(daemon.world.dir, "ran"), "utf8").trim().split("\n");
    const injected = CLIENTS + DAEMONS;
    const duplicated = ran.length - new Set(ran).size;
    record({ fault: "agent and daemon killed", injected, survived: injected, lost, duplicated });
    expect([new Set(ran).size, duplicated]).toEqual([COMMANDS, 0]);
  },
  patience(120_000, 1_200_000),
);
