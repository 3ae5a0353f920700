/**
 * The system's programs that tests use. A test names them as tags (`{ tags: ["zsh"] }`, or
 * `@module-tag zsh` for a whole file), and is skipped where one is missing. All else comes with
 * npm, or with every Linux.
 *
 * `tsx test/harness/programs.ts` prints the Debian packages of the missing ones.
 */
import { accessSync, constants, existsSync, globSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** By tag: the Debian package, and the files that the tests run. Of `a|b` one is enough. */
const PROGRAMS = {
  curl: ["curl", "curl"],
  fish: ["fish", "fish"],
  gcc: ["gcc libc6-dev", "gcc"],
  git: ["git", "git"],
  jq: ["jq", "jq"],
  mandoc: ["mandoc", "mandoc"],
  "npm-sbom": ["npm", "npm"],
  openssl: ["openssl", "openssl"],
  perl: ["perl", "perl"],
  ps: ["procps", "ps"],
  postgresql: ["postgresql", "initdb", "pg_dump"],
  strace: ["strace", "strace"],
  sshd: ["openssh-server", "sshd", "ssh", "ssh-keygen"],
  systemd: ["systemd", "systemd", "systemd-analyze"],
  tar: ["tar", "tar", "gzip"],
  xz: ["xz-utils", "xz"],
  zsh: ["zsh", "zsh"],
} as const satisfies Record<string, readonly [packageName: string, ...files: string[]]>;

export type Program = keyof typeof PROGRAMS;

export const programs = Object.keys(PROGRAMS) as Program[];

/**
 * Debian keeps some programs out of the PATH. PostgreSQL's programs are run from one directory, the
 * newest one.
 */
const PLACES = [
  ...globSync("/usr/lib/postgresql/*/bin").sort().reverse(),
  ...(process.env.PATH ?? "").split(":").filter((place) => place !== ""),
  "/usr/sbin",
  "/usr/local/sbin",
  "/lib/systemd",
  "/usr/lib/systemd",
];

/** Path of a program's file; undefined if it is missing. */
function find(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const findOne = (names: string) => names.split("|").map(find).find(Boolean);

export function isMissing(program: Program): boolean {
  const [, ...files] = PROGRAMS[program];
  return !files.every(findOne) || (program === "npm-sbom" && !hasSbom());
}

/** npm has the command since 9.9. */
function hasSbom(): boolean {
  return existsSync(join(dirname(realpathSync(find("npm")!)), "../lib/commands/sbom.js"));
}

/** Path of the program's first file, for a test with its tag. */
export function pathOf(program: Program): string {
  const file = findOne(PROGRAMS[program][1]);
  if (file === undefined)
    throw new Error(`${program} is missing: give the test the tag ${program}`);
  return file;
}

export const packagesOf = (missing: readonly Program[]): string[] =>
  missing.map((program) => PROGRAMS[program][0]);

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${packagesOf(programs.filter(isMissing)).join(" ")}\n`);
