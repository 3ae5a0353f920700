/** What commands print of a fleet. */
import type { DaemonReply, OperationType } from "../../../protocol/replies.js";

/** The engine, and this host in the fleet. */
export function fleetRows({ host, engine, draining }: DaemonReply): Array<[string, string]> {
  const rows: Array<[string, string]> = [];
  if (engine) rows.push(["fleet", `host ${host}, engine ${engine.address}`]);
  if (draining)
    rows.push(["drained", "no operations start on this host; undo it with: liveops drain --undo"]);
  return rows;
}

export function fleetProblems({ engine }: DaemonReply): string[] {
  if (engine === null) return [];
  const { awaySince, problems } = engine;
  const all = [...problems];
  if (awaySince !== null)
    all.push(
      `the engine has not answered since ${awaySince}. Submits are refused; running operations continue, and their ends are recorded when it is back`,
    );
  return all;
}

/** What a fleet must know of the type. */
export function fleetFields({
  requires,
  hosts,
  partition,
}: OperationType): Array<[string, string]> {
  const texts: string[] = [];
  if (requires.length > 0) texts.push(`runs on hosts with the tags ${requires.join(", ")}`);
  if (hosts === "any") texts.push("follows in a chain on any host");
  if (partition === "finish") texts.push("runs to its end when its host is cut off");
  return texts.length === 0 ? [] : [["in a fleet", texts.join("; ")]];
}
