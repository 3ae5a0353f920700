/** The alerts of docs/operating.md ask only for metrics and labels that exist. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { METRICS } from "../../../daemon/features/metrics/definitions.js";

const page = readFileSync(new URL("../../../docs/operating.md", import.meta.url), "utf8");
const alerts = [...page.matchAll(/^ +expr: (.*)$/gm)].map(([, expr]) => expr!);

/** The metric of a name; a histogram has three series. */
function metricOf(name: string) {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  const known = Object.entries(METRICS).find(([each]) => each === name || each === base);
  if (!known) throw new Error(`there is no metric ${name}`);
  const [, { kind }] = known;
  if ((kind === "histogram") !== (known[0] !== name)) throw new Error(`${name} is a ${kind}`);
  return known;
}

test.each(alerts.filter((query) => !query.startsWith("up{")))("%s", (query) => {
  const names = query.match(/liveops_[a-z_]+/g) ?? [];
  expect(names.length).toBeGreaterThan(0);
  const labels = new Set(["instance", "job", "le"]);
  for (const [, { labels: its }] of names.map(metricOf)) for (const label of its) labels.add(label);
  const asked = [
    ...[...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/, */)),
    ...[...query.matchAll(/[{,]([a-z]+)=/g)].map(([, label]) => label!),
  ];
  expect([...labels]).toEqual(expect.arrayContaining(asked));
  // A rate is of a counter, and a counter is shown by its rate.
  for (const name of names) {
    const isRate = new RegExp(`(rate|increase)\\(${name}\\b`).test(query);
    expect(isRate).toBe(metricOf(name)[1].kind !== "gauge");
  }
});
