/** docs/grafana.json and docs/metrics.md ask only for metrics and labels that exist. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { METRICS } from "../../../daemon/features/metrics/definitions.js";

const textOf = (page: string) => readFileSync(new URL(`../../../docs/${page}`, import.meta.url), "utf8");

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Array<{ expr: string; legendFormat: string }>;
}

interface Dashboard {
  panels: Panel[];
  templating: { list: Array<{ name: string; definition?: string }> };
}

const dashboard = JSON.parse(textOf("grafana.json")) as Dashboard;
const queries = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
];
const alerts = [...textOf("metrics.md").matchAll(/^ +expr: (.*)$/gm)].map(([, expr]) => expr!);

/** The metric of a name; a histogram has three series. */
function metricOf(name: string) {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  const known = Object.entries(METRICS).find(([each]) => each === name || each === base);
  if (!known) throw new Error(`there is no metric ${name}`);
  const [, { kind }] = known;
  if ((kind === "histogram") !== (known[0] !== name)) throw new Error(`${name} is a ${kind}`);
  return known;
}

test.each([...queries, ...alerts].filter((query) => !query.startsWith("up{")))("%s", (query) => {
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
    if (!query.startsWith("label_values")) expect(isRate).toBe(metricOf(name)[1].kind !== "gauge");
  }
});

test("the dashboard shows every metric", () => {
  const shown = new Set(
    queries.flatMap((query) => query.match(/liveops_[a-z_]+/g) ?? []).map((name) => metricOf(name)[0]),
  );
  expect([...shown].sort()).toEqual(Object.keys(METRICS).sort());
});

test("the panels have ids of their own and do not overlap", () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const [i, a] of panels.entries())
    for (const b of panels.slice(i + 1)) {
      const [one, two] = [a.gridPos, b.gridPos];
      const isApart =
        one.x + one.w <= two.x || two.x + two.w <= one.x || one.y + one.h <= two.y || two.y + two.h <= one.y;
      expect(isApart, `${a.title} and ${b.title}`).toBe(true);
    }
});
