/** The calls of launchctl for an agent. A script plays launchctl; nobody has run this on macOS. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { agentLabel, LaunchdAgent } from "../../../daemon/service/launchd.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** An agent counts as loaded while the file `loaded` is there, and as running while `pid` is. */
const PLAYER = `#!/bin/sh
dir=\${0%/*}
echo "$*" >> "$dir/calls"
case $1 in
  print) [ -e "$dir/loaded" ] || exit 113; if [ -e "$dir/pid" ]; then echo "	pid = 4711"; fi ;;
  bootstrap) touch "$dir/loaded" "$dir/pid" ;;
  kickstart) touch "$dir/pid" ;;
  kill) rm "$dir/pid" ;;
  bootout) rm "$dir/loaded" "$dir/pid" ;;
esac
`;

function play() {
  const dir = directory();
  writeFileSync(join(dir, "launchctl"), PLAYER, { mode: 0o755 });
  const agent = new LaunchdAgent(agentLabel("test"), { HOME: dir, PATH: `${dir}:/usr/bin:/bin` });
  const called = () =>
    readFileSync(join(dir, "calls"), "utf8")
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("print"));
  return { dir, agent, called };
}

test("an agent is loaded, started again, stopped and removed", async () => {
  const { dir, agent, called } = play();
  const domain = `gui/${process.getuid!()}`;
  const target = `${domain}/dev.liveops.liveopsd-test`;
  expect(agent.file).toBe(join(dir, "Library/LaunchAgents/dev.liveops.liveopsd-test.plist"));
  expect([await agent.isEnabled(), await agent.mainPid()]).toEqual([false, null]);
  await agent.enable();
  expect([await agent.isEnabled(), await agent.mainPid()]).toEqual([true, 4711]);
  await agent.restart();
  await agent.enable();
  await agent.disable();
  expect(called()).toEqual([
    ...[`enable ${target}`, `bootstrap ${domain} ${agent.file}`],
    ...[`kill SIGTERM ${target}`, `kickstart ${target}`],
    ...[`enable ${target}`, `bootout ${target}`, `bootstrap ${domain} ${agent.file}`],
    `bootout ${target}`,
  ]);
  expect(existsSync(join(dir, "loaded"))).toBe(false);
});

test("without launchctl, or a session, the reason is told", async () => {
  const { dir, agent } = play();
  expect(await agent.problem()).toContain("launchd has no session of this user");
  expect(await new LaunchdAgent("x", { HOME: dir, PATH: "/nowhere" }).problem()).toBe(
    "launchctl was not found",
  );
});
