/**
 * Preloaded into every process of a daemon's world (NODE_OPTIONS=--import): calls of the file
 * system fail as the file in the query of this module's URL says, read anew at each call. It holds
 * a JSON array of failures: `call` (write, sync, rename, open, truncate), `path` (a regular
 * expression), `code` (such as EIO), and for a write `text` that must stand in what is written
 * (default: any).
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
// Node loads this module without a build, so the import names the .ts file.
import { systemError } from "../harness/system-error.ts";

const { readFileSync, readlinkSync } = fs;
const file = new URL(import.meta.url).searchParams.get("file");

function check(call, path, bytes) {
  let failures;
  try {
    failures = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return;
  }
  if (failures.length === 0) return;
  const name = typeof path === "number" ? pathOf(path) : String(path);
  for (const failure of failures) {
    if (failure.call !== call || !new RegExp(failure.path).test(name)) continue;
    if (failure.text !== undefined && !String(bytes).includes(failure.text)) continue;
    throw systemError(failure.code, call);
  }
}

function pathOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

const ofHandle = function () {
  return this.fd;
};

function failing(object, name, call, pathOfCall = ([path]) => path) {
  const original = object[name];
  object[name] = function (...given) {
    check(call, pathOfCall.call(this, given), pathOfCall === ofHandle ? given[0] : given[1]);
    return original.apply(this, given);
  };
}

failing(fs, "writeSync", "write");
failing(fs, "fdatasyncSync", "sync");
failing(fs, "fsyncSync", "sync");
failing(fs, "renameSync", "rename");
failing(fs, "openSync", "open");
failing(fs, "ftruncateSync", "truncate");
failing(fs.promises, "rename", "rename");
failing(fs.promises, "open", "open");

const handle = await fs.promises.open("/dev/null", "r");
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const [name, call] of [
  ["write", "write"],
  ["writeFile", "write"],
  ["datasync", "sync"],
  ["sync", "sync"],
  ["truncate", "truncate"],
])
  failing(prototype, name, call, ofHandle);

syncBuiltinESMExports();
