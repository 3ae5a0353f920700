/**
 * Preloaded into a daemon (NODE_OPTIONS=--import): writes fail while the file named by
 * LIVEOPS_TEST_FAILING holds error codes, such as {"log": "EROFS", "journal": "EIO"}. "log" is the
 * daemon's log, "journal" a sync of the journal.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
// Node loads this module without a build, so the import names the .ts file.
import { systemError } from "../harness/system-error.ts";

const file = process.env.LIVEOPS_TEST_FAILING;
const { openSync, writeSync, readFileSync } = fs;
const { open } = fs.promises;
const logs = new Set();

function fail(part) {
  let codes = {};
  try {
    codes = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Nothing fails.
  }
  const code = codes[part];
  if (code) throw systemError(code, "write");
}

const isLog = (path) => String(path).endsWith("/liveopsd.log");

fs.openSync = (path, flags, ...rest) => {
  if (isLog(path) && flags !== "r") fail("log");
  const fd = openSync(path, flags, ...rest);
  if (isLog(path)) logs.add(fd);
  else logs.delete(fd);
  return fd;
};

fs.writeSync = (fd, ...rest) => {
  if (logs.has(fd)) fail("log");
  return writeSync(fd, ...rest);
};

fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  const datasync = handle.datasync.bind(handle);
  if (String(path).includes("/journal/"))
    handle.datasync = async () => {
      fail("journal");
      return datasync();
    };
  return handle;
};

syncBuiltinESMExports();
