/**
 * What a server gets for each form of a message, and what is said where it does not take the
 * message.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operationMessage } from "../../../daemon/features/actions/message.js";
import { post } from "../../../daemon/features/actions/post.js";
import { Masker } from "../../../ops/secrets/masker.js";
import { useDirectories } from "../../harness/temporary.js";
import { operation } from "../../tui/dashboard/operations.js";
import { HttpSink } from "./http-sink.js";

let sink: HttpSink;
beforeAll(async () => {
  sink = await HttpSink.start();
});
afterAll(() => sink[Symbol.asyncDispose]());
const directory = useDirectories();

const masker = new Masker();
masker.add("hunter2-is-secret");
const failed = operation({
  id: "aaaaaaaaaaaa",
  title: "Nightly *@here*",
  label: "db1",
  state: "failed",
});
const message = operationMessage("failure", failed, {
  reasons: ["stage `Copy`", "exit code 3 \u001b[2J <!channel> hunter2-is-secret"],
  stallAfter: 600,
  masker,
});
const send = (text: string, as: "json" | "slack" | "ntfy" | "discord", env = {}) =>
  post({ post: text, as }, message, env, AbortSignal.timeout(30_000));

test("each form has its own body, without secrets, escapes and mentions", async () => {
  expect(await send(`${sink.url}/json`, "json")).toBeNull();
  expect(sink.bodies("/json")[0]).toMatchObject({
    event: "failure",
    subject: "Failed: Nightly *@here* (db1)",
    reasons: ["stage `Copy`", "exit code 3 \\x1b[2J <!channel> ***"],
    next: ["liveops why aaaaaaaaaaaa", "liveops logs aaaaaaaaaaaa", "liveops retry aaaaaaaaaaaa"],
    about: { id: "aaaaaaaaaaaa", state: "failed" },
  });
  expect(await send(`${sink.url}/slack`, "slack")).toBeNull();
  const { text } = sink.bodies("/slack")[0];
  expect(text).toContain("&lt;!channel&gt;");
  expect(text).toContain("stage 'Copy'");
  expect(text).toContain("@\u200bhere");
  expect(await send(`${sink.url}/discord`, "discord")).toBeNull();
  expect(sink.bodies("/discord")[0]).toMatchObject({ allowed_mentions: { parse: [] } });
  expect(await send(`${sink.url}/base/builds`, "ntfy")).toBeNull();
  expect(sink.bodies("/base/")[0]).toMatchObject({ topic: "builds", title: message.subject });
});

test("a URL may be a secret, which no failure quotes; a redirect is not followed", async () => {
  const file = join(directory(), "url");
  writeFileSync(file, `${sink.url}/secret-path\n`);
  sink.answer = { status: 404, body: "no /secret-path here" };
  expect(await send(`file:${file}`, "json")).toBe(`127.0.0.1:${sink.port} replied with 404`);
  expect(await send("env:HOOK_URL", "json", { HOOK_URL: `${sink.url}/x?token=shown` })).toBe(
    `127.0.0.1:${sink.port} replied with 404`,
  );
  expect(await send(`${sink.url}/x`, "json")).toBe(
    `127.0.0.1:${sink.port} replied with 404: no /secret-path here`,
  );
  expect(await send("env:NOBODY", "json")).toBe("env:NOBODY holds no http or https URL");
  const before = sink.posted.length;
  sink.answer = { status: 302, headers: { location: `${sink.url}/elsewhere` } };
  expect(await send(`${sink.url}/x`, "json")).toMatch(/replied with 302/);
  expect(sink.posted).toHaveLength(before + 1);
});
