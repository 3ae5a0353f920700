/** The recommended rules of Redocly and Spectral pass for `/openapi.json`; each exception has its reason here. */
import { createConfig, lintFromString } from "@redocly/openapi-core";
import spectral from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";
import { expect, test } from "vitest";
import { document } from "../../harness/published.js";

const REDOCLY = { extends: ["recommended"] };

const SPECTRAL = {
  extends: [[rulesets.oas, "recommended"]],
  rules: {
    // The protocol is spoken on one machine: there is no service that has an address to write to.
    "info-contact": "off",
  },
};

/** A copy with an error that both sets of rules must find. */
const BROKEN = { ...document, paths: { ...document.paths, "/v1/{lost}": { get: { responses: {} } } } };

async function redocly(what: object): Promise<string[]> {
  const config = await createConfig(REDOCLY);
  const problems = await lintFromString({
    source: JSON.stringify(what),
    absoluteRef: "/openapi.json",
    config,
  });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`);
}

async function spectralOas(what: object): Promise<string[]> {
  const linter = new spectral.Spectral();
  linter.setRuleset(SPECTRAL as unknown as Parameters<typeof linter.setRuleset>[0]);
  const problems = await linter.run(JSON.stringify(what));
  return problems.map(({ code, message, path }) => `${code}: ${message} ${path.join("/")}`);
}

test("Redocly finds nothing", async () => {
  expect(await redocly(document)).toEqual([]);
  expect((await redocly(BROKEN)).join("\n")).toContain("path-parameters-defined");
});

test("Spectral finds nothing", async () => {
  expect(await spectralOas(document)).toEqual([]);
  expect((await spectralOas(BROKEN)).join("\n")).toContain("path-params");
});
