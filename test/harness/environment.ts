/**
 * Gives the tests of a run a small environment and a home of their own: no test meets a setting, the state or a daemon of
 * the user, and no command starts a daemon that a test did not ask for. Tests see times in UTC.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `CI` and what follows it tell the test run what to do. */
const KEPT = /^(PATH|TMPDIR|NODE_ENV|TEST|VITEST.*|CI|LIVEOPS_(FAULTS|FUZZ|FLEET_LOGS|NO_BUILD|PICTURES).*)$/;

export default function clearEnvironment(): () => void {
  for (const name of Object.keys(process.env)) if (!KEPT.test(name)) delete process.env[name];
  const home = mkdtempSync(join(tmpdir(), "liveops-test-home-"));
  process.env.HOME = home;
  process.env.TZ = "UTC";
  process.env.LIVEOPS_AUTOSTART = "0";
  // Ink draws borders in colour only where it may.
  if (process.env.LIVEOPS_PICTURES) process.env.FORCE_COLOR = "3";
  return () => rmSync(home, { recursive: true, force: true });
}
