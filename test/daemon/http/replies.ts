/** Checks that apply to the replies of all routes. */
import type { LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import * as z from "zod/mini";
import { REFUSALS, type RefusalCode } from "../../../protocol/errors.js";
import { operationSchema } from "../../../protocol/operation.js";
import { VERSION } from "../../../protocol/version.js";

export function expectProblem(
  reply: LightMyRequestResponse,
  code: RefusalCode,
  detail?: RegExp,
): void {
  const body = reply.json();
  expect({ code: body.code, status: reply.statusCode }).toEqual({
    code,
    status: REFUSALS[code].status,
  });
  expect(body).toMatchObject({
    type: "about:blank",
    title: REFUSALS[code].title,
    status: REFUSALS[code].status,
  });
  expect(typeof body.detail).toBe("string");
  if (detail) expect(body.detail).toMatch(detail);
  expect(reply.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect(reply.headers["liveops-version"]).toBe(VERSION);
}

export function expectRecord(
  reply: LightMyRequestResponse,
  status = 200,
): ReturnType<typeof operationSchema.parse> {
  expect(reply.statusCode).toBe(status);
  expect(reply.headers["content-type"]).toMatch(/^application\/json/);
  expect(reply.headers["liveops-version"]).toBe(VERSION);
  return z.strictObject(operationSchema.shape).parse(reply.json());
}
