/** The built dashboard over two real daemons: both on one screen, one of them dies and comes back. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onTerminal } from "../../../end-to-end/terminal.js";
import { useWorld, World } from "../../../end-to-end/world.js";
import type { OnTerminal } from "../../../harness/on-pty.js";
import { SshHost } from "../../ssh/harness.js";

const box = useWorld({ operations: ["gate"] });
const den = new World();
/** Its name on the screen is short. */
const denSocket = join(box.dir, "den.sock");

beforeAll(async () => {
  den.make().takeOperations("gate");
  await den.startDaemon();
  symlinkSync(den.socket, denSocket);
});
afterAll(() => den.close());

function dashboard(words: string[] = []): OnTerminal {
  const hosts = ["--host", "unix://", "--host", `unix://${denSocket}`];
  return onTerminal(box, "liveops-tui", [...hosts, ...words], { size: [160, 40] });
}

async function quit(terminal: OnTerminal): Promise<void> {
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
  expect(terminal.screen.faults).toEqual([]);
}

test("the operations of two daemons are on one screen, and each daemon gets what is done to its own", async () => {
  const ofBox = await box.submit("gate", "--label", "first", `file=${box.dir}/gate`);
  const ofDen = await den.submit("gate", "--label", "second", `file=${den.dir}/gate`);
  await using terminal = dashboard();
  const { screen } = terminal;
  await screen.until(/● local first /);
  await screen.until(/● den +second /);
  await screen.until(/● 2 running/);
  // The first one is selected that a daemon told of. The newest is above: its log is that of the other daemon.
  terminal.press("k");
  await screen.until(new RegExp(`on den .* ${ofDen}`));
  await screen.until(/line \d/);
  terminal.press("c");
  await screen.until("Cancel second on den?");
  expect(screen.text()).toContain(`liveops cancel --socket ${denSocket} ${ofDen}`);
  terminal.press("y");
  expect((await den.finished(ofDen)).state).toBe("cancelled");
  await screen.until(/● 1 running/);
  terminal.press("/host:local\r");
  await screen.until((text) => !text.includes("second") && /▌ ● local first /.test(text));
  terminal.press("p");
  await screen.until("Pause first on local?");
  terminal.press("y");
  await screen.until(/▌ ‖ local first/);
  expect((await box.client.show(ofBox)).pause?.since).toMatch(/Z$/);
  terminal.press("p");
  box.write("gate", "");
  expect((await box.finished(ofBox)).state).toBe("succeeded");
  await quit(terminal);
});

test("a daemon is killed: its operations stay with the age of its answer, the other goes on; it comes back with all", async () => {
  const ofBox = await box.submit("gate", "--label", "stays", `file=${box.dir}/gate-2`);
  const ofDen = await den.submit("gate", "--label", "silent", `file=${den.dir}/gate-2`);
  await using terminal = dashboard([ofDen.slice(0, 6)]);
  const { screen } = terminal;
  await screen.until(/▌ ● den +silent/);
  await screen.until(/line \d/);
  await den.killDaemon();
  await screen.until(/▲ host den: no answer for \d+s/);
  await screen.until(/▌ ▲ den +silent/);
  terminal.press("H");
  await screen.until(/▲ no answer \d+s/);
  await screen.until(/local +● up +\d+ +1/);
  terminal.press("H");
  // What is written meanwhile is not lost, and the other daemon's operation ends under the eyes.
  den.write("gate-2", "");
  box.write("gate-2", "");
  expect((await box.finished(ofBox)).state).toBe("succeeded");
  await screen.until(/✓.?local stays /);
  expect(screen.text()).toMatch(/▌ ▲ den +silent/);
  await den.startDaemon();
  await screen.until(/▌ ✓.?den +silent/);
  await screen.until(/closed after \d+/);
  await screen.until((text) => !text.includes("no answer"));
  expect(await den.client.show(ofDen)).toMatchObject({ state: "succeeded", attempt: 1 });
  await quit(terminal);
});

test("over ssh: the operations of another machine stand beside those of this one, and sshd may go and come", {
  tags: ["sshd"],
}, async () => {
  const ssh = await new SshHost(den, "elsewhere").start();
  Object.assign(box.env, ssh.env);
  try {
    const ofDen = await den.submit("gate", "--label", "far", `file=${den.dir}/gate-3`);
    await using terminal = onTerminal(box, "liveops-tui", ["--host", "unix://", "--host", ssh.address], {
      size: [160, 40],
    });
    const { screen } = terminal;
    // The screen does not wait for ssh.
    await screen.until("liveops");
    await screen.until(/▌ ● .*far/);
    await screen.until(new RegExp(`on elsewhere .* ${ofDen}`));
    await screen.until(/line \d/);
    await ssh.close();
    await screen.until(/▲ host elsewhere: no answer for \d+s/);
    den.write("gate-3", "");
    expect((await den.finished(ofDen)).state).toBe("succeeded");
    await ssh.listen();
    await screen.until(/▌ ✓.*far/);
    await screen.until(/closed after \d+/);
    terminal.press("H");
    await screen.until(/elsewhere +● up/);
    terminal.press("H");
    await quit(terminal);
  } finally {
    await ssh.close();
  }
});

test("without a terminal several hosts are refused, with what to type instead", async () => {
  const words = ["--host", "unix://", "--host", `unix://${denSocket}`];
  const ended = await box.start("liveops-tui", words).ended;
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain("several hosts are shown on a terminal only");
  expect(ended.stderr).toContain("liveops watch --host unix://");
  const read = await box.start("liveops-tui", [...words, "--screen-reader"]).ended;
  expect(read).toMatchObject({ code: 2, stdout: "" });
  const command = await box.liveops(["ls", ...words]);
  expect(command).toMatchObject({ code: 2, stdout: "" });
});
