/**
 * What changed in a checkout: commits, scripts, edited files. And that nothing of the repository
 * runs for it.
 */
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkoutChanges } from "../../../daemon/features/why/checkout.js";
import { commitAll, git } from "../../harness/git.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** After the last success: the clock of files is behind by a tick. */
function edit(file: string, text: string): void {
  writeFileSync(file, text);
  utimesSync(file, Date.now() / 1000 + 10, Date.now() / 1000 + 10);
}

/** A repository with one commit, which was the last success. */
function repository(files: Record<string, string>) {
  const dir = directory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const commit = commitAll(dir);
  const since = new Date().toISOString();
  const changes = (scripts: string[] = [], cwd = dir) =>
    checkoutChanges(
      { before: { commit }, now: { commit: git(dir, "rev-parse", "HEAD"), cwd }, since },
      scripts,
      60_000,
    );
  return { dir, commit, changes };
}

describe("a repository of somebody else", () => {
  const OURS = "#!/bin/sh\necho one\n";

  /**
   * @returns what is known of it after its script was edited, and whether a program of its
   * configuration ran
   */
  async function changedWith(prepare: (dir: string, program: string) => void) {
    const { dir, changes } = repository({ "deploy.sh": OURS });
    const marker = join(directory(), "ran");
    const program = join(directory(), "program");
    writeFileSync(program, `#!/bin/sh\ntouch ${marker}\ncat\n`, { mode: 0o755 });
    prepare(dir, program);
    edit(join(dir, "deploy.sh"), `${OURS}echo two\n`);
    const { changes: found } = await changes(["deploy.sh"]);
    return { found, hasRun: existsSync(marker) };
  }

  const DIFF = [{ kind: "script", name: "deploy.sh", diff: [" echo one", "+echo two"] }];

  test("runs no clean filter", async () => {
    const told = await changedWith((dir, program) => {
      mkdirSync(join(dir, ".git/info"), { recursive: true });
      writeFileSync(join(dir, ".git/info/attributes"), "* filter=x\n");
      git(dir, "config", "filter.x.clean", program);
    });
    expect(told).toEqual({ found: DIFF, hasRun: false });
  });

  test("runs no filter process", async () => {
    const told = await changedWith((dir, program) => {
      writeFileSync(join(dir, ".gitattributes"), "* filter=x\n");
      git(dir, "config", "filter.x.process", program);
    });
    expect(told).toEqual({ found: DIFF, hasRun: false });
  });

  test("opens no connection for an object that a partial clone does not have", async () => {
    const told = await changedWith((dir, program) => {
      const blob = git(dir, "rev-parse", "HEAD:deploy.sh");
      rmSync(join(dir, ".git/objects", blob.slice(0, 2), blob.slice(2)));
      git(dir, "config", "core.repositoryformatversion", "1");
      git(dir, "config", "extensions.partialClone", "origin");
      git(dir, "config", "remote.origin.promisor", "true");
      git(dir, "config", "remote.origin.url", "ssh://host.invalid/x");
      git(dir, "config", "core.sshCommand", program);
    });
    const edited = { kind: "script", name: "deploy.sh", at: expect.any(String) };
    expect(told).toEqual({ found: [edited], hasRun: false });
  });

  test("runs no filter of a submodule", async () => {
    const told = await changedWith((dir, program) => {
      const part = join(dir, "part");
      mkdirSync(part);
      writeFileSync(join(part, "a.txt"), "one\n");
      commitAll(part);
      writeFileSync(join(part, ".git/info/attributes"), "* filter=x\n");
      git(part, "config", "filter.x.clean", program);
      git(
        dir,
        "update-index",
        "--add",
        "--cacheinfo",
        `160000,${git(part, "rev-parse", "HEAD")},part`,
      );
      edit(join(part, "a.txt"), "two\n");
    });
    expect(told).toEqual({ found: DIFF, hasRun: false });
  });
});

describe("what changed", () => {
  const edited = (name: string) => ({ kind: "script", name, at: expect.any(String) });

  test("is told below the top of the checkout, with the lines of the scripts that the operation uses", async () => {
    const { dir, changes } = repository({
      "part/run.sh": "one\n",
      "top.txt": "one\n",
      "same.txt": "one\n",
    });
    edit(join(dir, "part/run.sh"), "one\ntwo\n");
    edit(join(dir, "top.txt"), "two\n");
    expect(await changes(["run.sh"], join(dir, "part"))).toEqual({
      changes: [{ kind: "script", name: "run.sh", diff: [" one", "+two"] }, edited("../top.txt")],
      notes: [],
    });
  });

  test("are the edits that are staged too, and no file of a commit that came meanwhile", async () => {
    const { dir, changes } = repository({ "a.txt": "one\n", "b.txt": "one\n" });
    edit(join(dir, "a.txt"), "two\n");
    git(dir, "commit", "-qam", "second");
    edit(join(dir, "b.txt"), "two\n");
    git(dir, "add", "b.txt");
    const commit = {
      kind: "commit",
      name: expect.any(String),
      now: "Ada: second",
      at: expect.any(String),
    };
    expect(await changes()).toEqual({ changes: [commit, edited("b.txt")], notes: [] });
  });

  test("is counted where it is much", async () => {
    const names = Array.from({ length: 7 }, (_, i) => `f${i}.txt`);
    const { dir, changes } = repository(Object.fromEntries(names.map((name) => [name, "one\n"])));
    for (const name of names) edit(join(dir, name), "two\n");
    for (let i = 0; i < 5; i++) git(dir, "commit", "-q", "--allow-empty", "-m", `next ${i}`);
    const { changes: found, notes } = await changes();
    expect(found.slice(0, 4)).toMatchObject([
      { now: "Ada: next 4" },
      { now: "Ada: next 3" },
      { now: "Ada: next 2" },
      { kind: "commit", name: "2 more" },
    ]);
    expect(found.slice(4)).toEqual(names.slice(0, 5).map(edited));
    expect(notes).toEqual([`2 more files of the checkout ${dir} were edited.`]);
  });

  test("is an older commit that was checked out", async () => {
    const { dir, commit } = repository({ "a.txt": "one\n" });
    git(dir, "commit", "-q", "--allow-empty", "-m", "second");
    const second = git(dir, "rev-parse", "HEAD");
    const runs = {
      before: { commit: second },
      now: { commit, cwd: dir },
      since: new Date().toISOString(),
    };
    expect((await checkoutChanges(runs, [], 60_000)).changes).toEqual([
      { kind: "commit", name: commit.slice(0, 7), before: second.slice(0, 7) },
    ]);
  });

  test.each(["2", "4"])("is read from an index of version %s", async (version) => {
    const { dir, changes } = repository({
      "dir/one.txt": "one\n",
      "dir/two.txt": "one\n",
      "é.txt": "one\n",
    });
    git(dir, "update-index", "--index-version", version);
    for (const name of ["dir/two.txt", "é.txt"]) edit(join(dir, name), "two\n");
    expect(await changes()).toEqual({
      changes: [edited("dir/two.txt"), edited("é.txt")],
      notes: [],
    });
  });

  test("is not known of a split index, and of commits that the checkout does not have", async () => {
    const { dir, changes } = repository({ "a.txt": "one\n" });
    git(dir, "update-index", "--split-index");
    const index = `The index of the checkout ${dir} is too large or in an unknown form: edits are not known.`;
    expect((await changes()).notes).toEqual([index]);
    const commit = "0123456789".repeat(4);
    const at = (before?: string) =>
      checkoutChanges(
        { before: { commit: before }, now: { commit, cwd: dir }, since: "2026" },
        [],
        60_000,
      );
    const missing = git(dir, "rev-parse", "HEAD");
    expect((await at(missing)).notes).toEqual([
      `The commits ${missing.slice(0, 7)}..0123456 are not in the checkout ${dir}.`,
      index,
    ]);
    expect((await at()).notes).toEqual([
      `The commit of the checkout ${dir} at the last success is not known.`,
      index,
    ]);
  });
});
