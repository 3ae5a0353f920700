/** Opens an exported file in the dashboard. */
import { basename } from "node:path";
import { isFinal } from "../../../protocol/state.js";
import type { Opener } from "../../dashboard/opener.js";
import { FileClient, firstShown } from "./file-client.js";
import { findRuns, isFile } from "./find-runs.js";

export const openRuns: Opener = async ({ id: file }, _env, needScreen) => {
  if (file === null || !isFile(file)) return null;
  needScreen(
    "lines for a screen reader are of a daemon",
    "an exported run is shown on a terminal only",
    `liveops why ${file}; as a page: liveops export ${file} --html -o run.html`,
  );
  const changed: string[] = [];
  const runs = await findRuns(null, file, (_, part) => changed.push(part), { wholeFile: true });
  const name = basename(file);
  // What runs in the file runs no more.
  const isLive = runs.some(({ record }) => !isFinal(record.state));
  const end = Math.max(...runs.map(({ record }) => Date.parse(record.updatedAt)));
  return {
    socket: "",
    client: new FileClient(name, runs),
    id: firstShown(runs).id,
    readOnly: name,
    changed,
    ...(isLive && { clock: { now: () => end } }),
  };
};
