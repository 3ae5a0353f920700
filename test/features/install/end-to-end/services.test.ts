/** `liveops install` and the commands around it, with a real user's manager of systemd. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../../../../protocol/client/client.js";
import { newId } from "../../../../protocol/id.js";
import type { DaemonReply } from "../../../../protocol/replies.js";
import { binFile as bin } from "../../../end-to-end/bins.js";
import { until } from "../../../end-to-end/until.js";
import { UserManager, whyNoManager } from "../../../harness/user-manager.js";

describe.skipIf(whyNoManager() !== null)(
  "with the user's manager of systemd",
  { tags: ["systemd"] },
  () => {
    // Characters that a unit treats specially.
    const dir = join(tmpdir(), `liveops 100%h $HOME "x" ${newId()}`);
    const socket = join(dir, "run/liveops/liveopsd.sock");
    const client = new Client(socket);
    const unit = join(dir, "home/.config/systemd/user/liveopsd.service");
    let manager: UserManager;

    beforeAll(async () => {
      manager = new UserManager(dir);
      await manager.ready();
    });
    afterAll(async () => {
      await manager.close();
      rmSync(dir, { recursive: true, force: true });
    });

    const active = async () =>
      (await manager.run("systemctl", "--user", "is-active", "liveopsd")).stdout.trim();
    const mainPid = async () =>
      Number(
        (
          await manager.run(
            "systemctl",
            "--user",
            "show",
            "--property=MainPID",
            "--value",
            "liveopsd",
          )
        ).stdout,
      );
    const succeeds = async (...words: string[]) => {
      const ended = await manager.liveopsd(...words);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.stderr;
    };
    /** Types the lines that a command prints. */
    const typed = async (...words: string[]) => {
      const { stdout, stderr } = await manager.liveopsd(...words);
      for (const line of stdout.trim().split("\n")) {
        const [program, ...rest] = line.split(" ");
        const ended = await (program === "liveops"
          ? manager.liveops(...rest)
          : manager.run(program!, ...rest));
        expect(ended, `${line}: ${ended.stderr}`).toMatchObject({ code: 0 });
      }
      return stderr;
    };
    /** An operation that runs until its file is there. */
    const waiting = async () => {
      const file = join(dir, newId());
      const script = `until [ -e '${file}' ]; do sleep 0.1; done`;
      const { id } = await client.submit({ op: "shell", params: { script }, cwd: dir }, newId());
      await until("it runs", async () => (await client.show(id)).startedAt !== null);
      return { id, end: () => writeFileSync(file, "") };
    };
    const finished = (id: string) =>
      until("it is finished", async () => {
        const record = await client.show(id);
        return record.finishedAt !== null && record;
      });
    const another = (before: Pick<DaemonReply, "pid">) =>
      until("another daemon answers", async () => {
        const now = await client.daemon().catch(() => null);
        return now !== null && now.pid !== before.pid && now;
      });

    test("takes over from a daemon that runs; restarts, crashes and a removal lose no operation", async () => {
      await succeeds("start", "--concurrency", "3");
      const first = await client.daemon();
      const { id, end } = await waiting();

      expect(await typed("install", "--concurrency", "3", "--ops", join(dir, "my ops"))).toContain(
        `wrote ${unit}`,
      );
      const second = await client.daemon();
      expect(second.pid).not.toBe(first.pid);
      expect(second).toMatchObject({
        concurrency: 3,
        stateDir: join(dir, "home/.local/state/liveops"),
      });
      expect(second.opsDirs[0]).toBe(join(dir, "my ops"));
      // Each worker has a cgroup of its own below that of the unit.
      expect(second.containment).toMatchObject({ kind: "cgroup" });
      expect(await mainPid()).toBe(second.pid);
      expect((await manager.run("systemctl", "--user", "is-enabled", "liveopsd")).stdout).toBe(
        "enabled\n",
      );
      expect((await manager.liveopsd("status")).stdout).toMatch(
        /^service {5}the systemd unit liveopsd.service$/m,
      );

      expect(await succeeds("restart")).toMatch(
        /^liveopsd: restarted \(pid \d+\) by the systemd unit liveopsd.service, kept 1 running operation, /,
      );
      const third = await client.daemon();
      expect([third.pid === second.pid, await mainPid(), await active()]).toEqual([
        false,
        third.pid,
        "active",
      ]);

      await manager.run("kill", "-9", String(third.pid));
      const fourth = await another(third);
      expect(await mainPid()).toBe(fourth.pid);

      expect(await typed("install", "--remove")).toContain("running operations continue");
      expect([existsSync(unit), await active()]).toEqual([false, "inactive"]);
      expect(await succeeds("start")).not.toContain("systemd");
      end();
      expect(await finished(id)).toMatchObject({ state: "succeeded", attempt: 1 });
      await succeeds("stop");
    }, 60_000);

    test("stop stays stopped, and start, restart and autostart go through the unit", async () => {
      await typed("install");
      expect(await active()).toBe("active");
      expect(await succeeds("stop")).toContain("liveops start, or the next login, starts it again");
      expect(await active()).toBe("inactive");

      expect(await succeeds("start", "--concurrency", "7")).toMatch(
        /by the systemd unit liveopsd.service, .*without --concurrency 7; to apply, run: liveops install --concurrency 7$/m,
      );
      expect(await active()).toBe("active");
      const refused = await manager.liveopsd("restart", "--concurrency", "7");
      expect(refused).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("change them with: liveops install --concurrency 7"),
      });
      await succeeds("stop");

      const submit = ["submit", "shell", "--", "true"];
      const submitted = await manager.start({}, process.execPath, bin("liveops"), ...submit).ended;
      expect(submitted, submitted.stderr).toMatchObject({ code: 0 });
      expect(submitted.stderr).toContain("by the systemd unit liveopsd.service");
      expect(await mainPid()).toBe((await client.daemon()).pid);
      await typed("install", "--remove");
    }, 60_000);

    test("a restart hands a daemon that was started without the unit over to it", async () => {
      await typed("install");
      await succeeds("stop");
      const running = manager.start({}, process.execPath, bin("liveopsd"), "start", "--foreground");
      await running.says("stderr", "liveopsd is listening");
      const { id, end } = await waiting();
      expect(await succeeds("restart")).toContain(
        "by the systemd unit liveopsd.service, kept 1 running operation",
      );
      expect(await running.ended).toMatchObject({ code: 0 });
      expect([await active(), await mainPid()]).toEqual(["active", (await client.daemon()).pid]);
      end();
      expect(await finished(id)).toMatchObject({ state: "succeeded" });
      await typed("install", "--remove");
    }, 60_000);

    test("keeps a file of somebody else", async () => {
      mkdirSync(join(unit, ".."), { recursive: true });
      writeFileSync(unit, "[Service]\nExecStart=/bin/true\n");
      for (const words of [["install"], ["install", "--remove"]])
        expect(await manager.liveopsd(...words)).toMatchObject({
          code: 5,
          stderr: expect.stringContaining("liveops install did not write"),
        });
      expect(readFileSync(unit, "utf8")).toContain("/bin/true");
      rmSync(unit);
    }, 60_000);
  },
);
