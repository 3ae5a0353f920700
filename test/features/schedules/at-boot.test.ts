/**
 * What is found on a machine that starts the daemon, with the files of a machine in a directory.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { rebootProblem } from "../../../daemon/features/schedules/at-boot.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const INSTALL = /until a command starts the daemon; .*: liveops install$/;
const LINGER = /until you log in; .*: loginctl enable-linger$/;
const STATE = "/var/lib/ops state";

/** The answer of a machine that has these files; a text that begins with `->` is a link. */
function on(
  files: Record<string, string>,
  env: Record<string, string> = {},
): Promise<string | null> {
  const root = directory();
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), file);
    else writeFileSync(file, text);
    if (path.startsWith("bin/")) chmodSync(file, 0o755);
  }
  const PATH = `${join(root, "bin")}:/bin:/usr/bin`;
  return rebootProblem(STATE, { HOME: join(root, "home"), PATH, ...env }, root);
}

const UNITS = "home/.config/systemd/user";
const UNIT = `# State directory: ${JSON.stringify(STATE)}\n\n[Unit]\n`;
const ENABLED = {
  [`${UNITS}/liveopsd.service`]: UNIT,
  [`${UNITS}/default.target.wants/liveopsd.service`]: "->../liveopsd.service",
};
const NO_CRONTAB = { "bin/crontab": "#!/bin/sh\necho 'no crontab for me' >&2; exit 1\n" };
const LINGERS = { [`var/lib/systemd/linger/${userInfo().username}`]: "" };
const crontab = (line: string) => ({ "bin/crontab": `#!/bin/sh\necho '${line}'\n` });

test.each([
  ["nothing", NO_CRONTAB, INSTALL],
  [
    "a unit that is not enabled",
    { ...NO_CRONTAB, ...LINGERS, [`${UNITS}/liveopsd.service`]: UNIT },
    INSTALL,
  ],
  [
    "an enabled unit of another daemon",
    { ...NO_CRONTAB, ...ENABLED, [`${UNITS}/liveopsd.service`]: "" },
    INSTALL,
  ],
  ["an enabled unit without lingering", { ...NO_CRONTAB, ...ENABLED }, LINGER],
  ["a crontab of other programs", crontab("@reboot backup"), INSTALL],
  ["a crontab that only runs it later", crontab("0 2 * * * liveops start"), INSTALL],
])("%s does not start it", async (_, files, problem) => expect(await on(files)).toMatch(problem));

test.each([
  ["an enabled unit of a user who lingers", { ...NO_CRONTAB, ...ENABLED, ...LINGERS }],
  [
    "the crontab of the user",
    crontab("@reboot /usr/bin/node /opt/liveops/dist/bin/liveopsd.cjs start"),
  ],
  [
    "a crontab of the system",
    { ...NO_CRONTAB, "etc/cron.d/liveops": "@reboot ops liveopsd start\n" },
  ],
])("%s starts it", async (_, files) => expect(await on(files)).toBeNull());

test("a unit of the system that an administrator wrote starts it where it is enabled", async () => {
  const env = { SYSTEMD_EXEC_PID: String(process.pid) };
  const files = {
    ...NO_CRONTAB,
    "proc/self/cgroup": "0::/system.slice/ops.service/daemon\n",
    "etc/systemd/system/ops.service": "[Unit]\n",
  };
  expect(await on(files, env)).toMatch(INSTALL);
  const wants = { "etc/systemd/system/multi-user.target.wants/ops.service": "->../ops.service" };
  expect(await on({ ...files, ...wants }, env)).toBeNull();
  expect(await on({ ...files, ...wants }, { SYSTEMD_EXEC_PID: "1" })).toMatch(INSTALL);
});
