/**
 * A host talks only to the engine whose certificate it was told to trust, and never shows the
 * password.
 */
// @module-tag postgresql
// @module-tag openssl
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ended } from "../../end-to-end/bins.js";
import { TestDaemon } from "../../harness/daemon.js";
import { Postgres } from "../../harness/postgres.js";
import { type TemporaryDirectory, temporaryDirectory } from "../../harness/temporary.js";
import { World } from "../../harness/world.js";
import { patience } from "../mode.js";
import { runBin } from "../run-bin.js";

let dir: TemporaryDirectory;
let engine: Postgres;
let port: number;

beforeAll(async () => {
  dir = temporaryDirectory();
  makeAuthority("authority");
  makeServer("authority");
  port = await freePort();
  engine = new Postgres({ port });
  engine.settings.push(
    "ssl=on",
    `ssl_cert_file=${file("server.crt")}`,
    `ssl_key_file=${file("server.key")}`,
  );
  await engine.start();
}, patience(60_000));
afterAll(async () => {
  await engine.stop();
  dir[Symbol.dispose]();
});

const file = (name: string) => join(dir.path, name);

function openssl(...words: string[]): void {
  execFileSync("openssl", words, { cwd: dir.path, stdio: "ignore" });
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function makeAuthority(name: string): void {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  openssl("req", "-x509", ...NEW_KEY, ...files, "-subj", `/CN=${name}`, "-days", "2");
}

/** Of a server that is `localhost` by its certificate, and not 127.0.0.1. */
function makeServer(authority: string): void {
  openssl(
    "req",
    ...NEW_KEY,
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
    "-subj",
    "/CN=localhost",
  );
  writeFileSync(file("names"), "subjectAltName=DNS:localhost\n");
  const signed = [
    "-CA",
    `${authority}.crt`,
    "-CAkey",
    `${authority}.key`,
    "-CAcreateserial",
    "-days",
    "2",
  ];
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    ...signed,
    "-extfile",
    "names",
    "-out",
    "server.crt",
  );
  chmodSync(file("server.key"), 0o600);
  chmodSync(dir.path, 0o755);
  if (process.getuid?.() !== 0) return;
  // The server runs as another user than root.
  const uid = Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
  chownSync(file("server.key"), uid, -1);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

const address = (host: string, query: string, password = engine.password) =>
  `postgres://postgres:${encodeURIComponent(password)}@${host}:${port}/postgres?${query}`;

const settings = (url: string) => ({ fleet: { url, host: "a" } });

/** Starts a host that ends by itself, or is killed. */
async function starts(config: object, ...words: string[]): Promise<Ended> {
  const world = new World();
  try {
    world.writeConfig(config);
    return await runBin(world, "liveopsd", ["start", "--foreground", ...words], {
      deadline: 25_000,
    });
  } finally {
    await world.close();
  }
}

const verified = (authority: string) =>
  `sslmode=verify-full&sslrootcert=${encodeURIComponent(file(authority))}`;

test("with the certificate of its authority and the right name, the host joins", async () => {
  await using daemon = await TestDaemon.start({
    config: settings(address("localhost", verified("authority.crt"))),
  });
  const { hosts, engine: state } = await daemon.client.hosts();
  expect(hosts).toMatchObject([{ name: "a", state: "up" }]);
  expect(state?.awaySince).toBeNull();
  const told = JSON.stringify([await daemon.client.daemon(), await daemon.client.hosts()]);
  expect(told).not.toContain(engine.password);
  expect(told).not.toContain(encodeURIComponent(engine.password));
  // Encrypted, by the engine's own word.
  const encrypted = engine.sql(
    "postgres",
    "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'liveops%'",
  );
  expect(encrypted).toBe("t");
});

test("a wrong password: the start is refused with the reason, and without the password", {
  timeout: 40_000,
}, async () => {
  const { code, stdout, stderr } = await starts(
    settings(address("localhost", verified("authority.crt"), "wrong word")),
  );
  expect({ code, stderr }).toMatchObject({ code: expect.toBeOneOf([2, 5]) });
  expect(stderr).toMatch(/password/);
  for (const secret of [engine.password, "wrong word"])
    expect(stdout + stderr).not.toContain(secret);
});

test("a password on the command line is refused, and not repeated", async () => {
  const url = `postgres://postgres:secret-word@localhost:${port}/postgres`;
  const { code, stdout, stderr } = await starts({}, "--fleet", url);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("pgpass") });
  expect(stdout + stderr).not.toContain("secret-word");
});
