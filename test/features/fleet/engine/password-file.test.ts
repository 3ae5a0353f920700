/** `~/.pgpass`, as PostgreSQL's own clients read it. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { passwordOf } from "../../../../daemon/features/fleet/engine/password-file.js";
import { useDirectories } from "../../../harness/temporary.js";

const directory = useDirectories();
let dir: string;
let env: { PGPASSFILE: string };
beforeEach(() => {
  dir = directory();
  env = { PGPASSFILE: join(dir, "pgpass") };
});

const write = (text: string) => writeFileSync(env.PGPASSFILE, text, { mode: 0o600 });
const LOGIN = { host: "db.example.com", port: 5432, database: "ops", user: "ann" };

test("the first line that fits counts; a star fits all", () => {
  write("# a note\nother:5432:ops:ann:no\n*:*:ops:ann:yes\n*:*:*:*:later\n");
  expect(passwordOf(LOGIN, env)).toBe("yes");
  expect(passwordOf({ ...LOGIN, user: "bob" }, env)).toBe("later");
});

test("a backslash precedes a colon and a backslash; the password may have colons", () => {
  write("a\\:b:5432:ops:ann:x\\:y:z\\\\\n");
  expect(passwordOf({ ...LOGIN, host: "a:b" }, env)).toBe("x:y:z\\");
});

test("a Unix socket is localhost", () => {
  write("localhost:5432:ops:ann:local\n");
  expect(passwordOf({ ...LOGIN, host: "/run/postgresql" }, env)).toBe("local");
});

test("a file that others can read, and a missing one, give none", () => {
  write("*:*:*:*:word\n");
  chmodSync(env.PGPASSFILE, 0o644);
  expect(passwordOf(LOGIN, env)).toBeUndefined();
  expect(passwordOf(LOGIN, { PGPASSFILE: join(dir, "none") })).toBeUndefined();
});
