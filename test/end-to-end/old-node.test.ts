/**
 * A bin on a Node that is too old: one line, exit 2. With the machine's own Node where that one is
 * older.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { binFile } from "./bins.js";

const LEAST = [22, 15] as const;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "liveops-node-"));
  const version =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });";
  writeFileSync(join(dir, "older.cjs"), version);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1]);
}

/** The older Nodes of the machine, besides one that only says that it is older. */
function olderNodes(): Array<[version: string, command: string[]]> {
  const found = ["/usr/bin/node", "/usr/local/bin/node"].flatMap(
    (path): Array<[string, string[]]> => {
      const { stdout } = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" });
      return stdout && isOlder(stdout) ? [[stdout.trim(), [path]]] : [];
    },
  );
  return [["18.20.4", [process.execPath, "--require", "older.cjs"]], ...found];
}

describe.each(olderNodes())("Node %s", (version, [node = "", ...flags]) => {
  test.each([["liveops", "ls"], ["liveopsd", "status"], ["liveops-tui"]])("%s", (bin, ...words) => {
    const preload = flags.map((flag) => (flag.endsWith(".cjs") ? join(dir, flag) : flag));
    const ended = spawnSync(node, [...preload, binFile(bin), ...words], { encoding: "utf8" });
    expect(ended).toMatchObject({ status: 2, stdout: "" });
    expect(ended.stderr).toBe(
      `${bin}: Node ${LEAST.join(".")} or newer is required, this is Node ${version}; install a newer Node, or use the archive that has its own (liveops-*.tar.xz)\n`,
    );
  });
});
