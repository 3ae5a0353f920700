import fc from "fast-check";
import { expect, it } from "vitest";
import { parseReportLine } from "../../protocol/report-line.js";

it.each([
  ["progress 12/90", { type: "progress", done: 12, total: 90 }],
  [
    " progress  1.5 / 90 MB of files ",
    { type: "progress", done: 1.5, total: 90, unit: "MB of files" },
  ],
  ["progress 12 rows", { type: "progress", done: 12, total: null, unit: "rows" }],
  ["progress 12/? rows", { type: "progress", done: 12, total: null, unit: "rows" }],
  ["percent 40", { type: "percent", percent: 40 }],
  ["percent 140%", { type: "percent", percent: 100 }],
  ["status a  b", { type: "status", text: "a  b" }],
  ["status", { type: "status", text: "" }],
  ["stage Up load", { type: "stage", name: "Up load" }],
  ["log error  it  broke", { type: "log", level: "error", text: "it  broke" }],
  ["output a_1=b=c d", { type: "output", name: "a_1", value: "b=c d" }],
  ["output a=", { type: "output", name: "a", value: "" }],
])("reads %j", (line, statement) => {
  expect(parseReportLine(line)).toEqual(statement);
});

it.each([
  ["progress", '"progress" is not: progress 12/90 [unit]'],
  ["progress -1/9", '"progress -1/9" is not: progress 12/90 [unit]'],
  ["progress 1e9/2", '"progress 1e9/2" is not: progress 12/90 [unit]'],
  ["percent half", '"percent half" is not: percent 40'],
  ["stage", '"stage" is not: stage NAME'],
  ["output 1=2", '"output 1=2" is not: output name=value'],
  ["toString", '"toString" is no report: give progress, percent, status, stage, log or output.'],
])("says why %j is no report", (line, problem) => {
  expect(parseReportLine(line)).toBe(problem);
});

it("throws for no line", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (line) => void parseReportLine(line)));
});
