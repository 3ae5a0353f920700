/**
 * The least that a program does with output: splits lines, appends each as JSON with a time;
 * answers microseconds a line.
 */
import { closeSync, openSync, writeSync } from "node:fs";

const file = openSync(process.argv[2], "w");
const before = process.cpuUsage();
let rest = "";
let lines = 0;
process.stdin.setEncoding("utf8");
for await (const chunk of process.stdin) {
  const texts = (rest + chunk).split("\n");
  rest = texts.pop();
  lines += texts.length;
  writeSync(file, texts.map((text) => `${JSON.stringify({ at: new Date(), text })}\n`).join(""));
}
closeSync(file);
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / lines}\n`);
