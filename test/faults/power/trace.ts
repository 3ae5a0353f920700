/**
 * The system calls of a recorded workload that change files, read from the output of strace in one
 * global order.
 *
 * A call takes effect at its end. A sync covers what had ended when it began. A write whose process
 * was killed counts as whole: the next daemon finds its bytes, and cuts off what is torn.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** What a call does to the files of the workload. Paths are absolute. */
export type Call =
  | { type: "open"; path: string; creates: boolean; truncates: boolean; appends: boolean }
  /** Position null: at the file's own position. */
  | { type: "write"; path: string; bytes: Buffer; position: number | null; thread: string }
  | { type: "truncate"; path: string; size: number }
  | { type: "sync-begins"; sync: number; path: string }
  | { type: "sync-ends"; sync: number; dataOnly: boolean; path: string }
  | { type: "rename"; from: string; to: string }
  | { type: "link"; from: string; to: string }
  | { type: "unlink"; path: string }
  | { type: "mkdir"; path: string }
  /** A daemon or worker sent something to another process: a client can know it from here on. */
  | { type: "send"; thread: string };

const CALLS =
  "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,sendmsg,sendto,ftruncate,truncate,fallocate,fsync," +
  "fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir," +
  "mkdirat,copy_file_range,sendfile,splice";

/** The command that runs a program, and writes to `file` what it and all its processes do. */
export function tracing(file: string): string[] {
  return [
    ..."strace -f --seccomp-bpf -y -qq -s 100000000 -e signal=none -e".split(" "),
    // A sync takes its time, so that a kill finds what is written and not synced.
    ...[`trace=${CALLS}`, "-e", "inject=fsync,fdatasync:delay_enter=4ms", "-o", file, "--"],
  ];
}

/** Calls that change a file in a way that the model does not know. */
const UNKNOWN = new Set([
  "fallocate",
  "sync_file_range",
  "symlink",
  "symlinkat",
  "copy_file_range",
  "sendfile",
  "splice",
]);

/**
 * The calls on paths for which `isOurs`, in the order of their ends.
 *
 * @param stateDir - a worker reaches it by a descriptor
 * @throws Error for a call on such a path that the model does not know
 */
export async function* readTrace(
  file: string,
  isOurs: (path: string) => boolean,
  stateDir: string,
): AsyncGenerator<Call> {
  const unfinished = new Map<string, { text: string; sync: number }>();
  let syncs = 0;
  for await (const line of createInterface({ input: createReadStream(file, "latin1") })) {
    const space = line.indexOf(" ");
    const thread = line.slice(0, space);
    let text = line
      .slice(space)
      .trimStart()
      .replaceAll(/"\/proc\/self\/fd\/\d+\//g, `"${stateDir}/`);
    let sync = ++syncs;
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text);
    if (resumed) {
      const begun = unfinished.get(thread);
      if (!begun) throw new Error(`a call ends that has not begun: ${text.slice(0, 200)}`);
      unfinished.delete(thread);
      text = begun.text + text.slice(resumed[0].length);
      sync = begun.sync;
    } else {
      const path = /^f(?:data)?sync\(\d+<(.*?)>/.exec(text)?.[1];
      if (path !== undefined && isOurs(path)) yield { type: "sync-begins", sync, path };
    }
    if (text.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { text: text.slice(0, -"<unfinished ...>".length), sync });
      continue;
    }
    const parsed = /^(\w+)\((.*)\)\s+= (-?\d+|\?)(?:<(.*)>)?(?: .*)?$/s.exec(text);
    if (!parsed || Number(parsed[3]) < 0) continue;
    const [, name, list, told, opened] = parsed;
    const words = argumentsOf(list!);
    const isKilled = told === "?";
    if (isKilled && (!/^p?write(64)?$/.test(name!) || fileOf(words[0]!) === null)) continue;
    const call = callOf(name!, words, Number(isKilled ? words[2] : told), opened, { thread, sync });
    if (call === null) continue;
    if (call.type !== "send") {
      const paths = "path" in call ? [call.path] : [call.from, call.to];
      if (!paths.some(isOurs)) continue;
    }
    if (UNKNOWN.has(name!)) throw new Error(`the model does not know ${text.slice(0, 200)}`);
    yield call;
  }
}

function callOf(
  name: string,
  words: string[],
  result: number,
  opened: string | undefined,
  { thread, sync }: { thread: string; sync: number },
): Call | null {
  const at = name.endsWith("at") || name.endsWith("at2");
  const [first = "", second = "", third = "", fourth = ""] = words;
  let path = first.startsWith('"') ? pathOf(first) : (fileOf(first) ?? "");
  if (at) path = pathOf(second, first);
  switch (name) {
    case "open":
    case "creat":
    case "openat": {
      const told = at ? third : second;
      const flags = name === "creat" ? "O_WRONLY|O_CREAT|O_TRUNC" : told;
      if (!/O_WRONLY|O_RDWR|O_CREAT/.test(flags)) return null;
      const has = (flag: string) => flags.split("|").includes(flag);
      return {
        ...{ type: "open", path: opened ?? path, creates: has("O_CREAT") },
        ...{ truncates: has("O_TRUNC"), appends: has("O_APPEND") },
      };
    }
    case "write":
    case "writev":
    case "sendmsg":
    case "sendto":
      if (/^\d+<socket:|^\d+<UNIX/.test(first)) return { type: "send", thread };
      return {
        type: "write",
        path,
        bytes: bytesOf(second).subarray(0, result),
        position: null,
        thread,
      };
    case "pwrite64":
    case "pwritev":
    case "pwritev2":
      return {
        type: "write",
        path,
        bytes: bytesOf(second).subarray(0, result),
        position: Number(fourth),
        thread,
      };
    case "truncate":
    case "ftruncate":
      return { type: "truncate", path, size: Number(second) };
    case "fsync":
    case "fdatasync":
      return { type: "sync-ends", sync, path, dataOnly: name === "fdatasync" };
    case "rename":
    case "link":
      return { type: name, from: path, to: pathOf(second) };
    case "renameat":
    case "renameat2":
    case "linkat":
      return { type: name === "linkat" ? "link" : "rename", from: path, to: pathOf(fourth, third) };
    case "unlink":
    case "rmdir":
    case "unlinkat":
      return { type: "unlink", path };
    case "mkdir":
    case "mkdirat":
      return { type: "mkdir", path };
    default:
      // Refused by the caller where the path is one of ours.
      return { type: "truncate", path, size: 0 };
  }
}

/** Splits at the commas outside of strings, structures and names of files. */
function argumentsOf(text: string): string[] {
  const words: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') at = endOfString(text, at);
    else if (letter === "<" || letter === "[" || letter === "{") depth++;
    else if (letter === ">" || letter === "]" || letter === "}") depth--;
    else if (letter === "," && depth === 0) {
      words.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  words.push(text.slice(start).trim());
  return words;
}

function endOfString(text: string, start: number): number {
  let end = start;
  do end = text.indexOf('"', end + 1);
  while (end !== -1 && isEscaped(text, end));
  if (end === -1) throw new Error(`a string without an end: ${text.slice(start, start + 100)}`);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** The file of a descriptor as strace shows it, `3</path>`. */
function fileOf(word: string): string | undefined {
  return /^(?:-?\d+|AT_FDCWD)<(.*)>/.exec(word)?.[1];
}

function pathOf(word: string, base = ""): string {
  const path = bytesOf(word).toString();
  return path.startsWith("/") ? path : `${fileOf(base) ?? ""}/${path}`;
}

const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  v: "\v",
  f: "\f",
  '"': '"',
  "\\": "\\",
};

/** The bytes of all strings of a word: a string, or the pieces of a gathered write. */
function bytesOf(word: string): Buffer {
  let text = "";
  for (let at = word.indexOf('"'); at !== -1; ) {
    const end = endOfString(word, at);
    text += word
      .slice(at + 1, end)
      .replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/g, (_, hex, octal, letter) => {
        if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
        return ESCAPES[letter] ?? letter;
      });
    at = word.indexOf('"', end + 1);
  }
  return Buffer.from(text, "latin1");
}
