/** The schema of a new fleet, and the connections that are refused before anything is asked. */
// @module-tag openssl
// @module-tag postgresql
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { createSchema } from "../../../daemon/features/fleet/create-schema.js";
import { RoleError } from "../../../daemon/features/fleet/engine/errors.js";
import { FleetEngine } from "../../../daemon/features/fleet/engine/fleet-engine.js";
import { TestDaemon } from "../../harness/daemon.js";
import { freePort, Postgres } from "../../harness/postgres.js";

let server: Postgres;
let port: number;
beforeAll(async () => {
  port = await freePort();
  server = new Postgres({ port });
  certificate("localhost");
  certificate("elsewhere.example.com");
  server.settings.push(
    "ssl=on",
    `ssl_cert_file=${file("localhost.crt")}`,
    `ssl_key_file=${file("localhost.key")}`,
  );
  await server.start();
}, 60_000);
afterAll(() => server?.stop());

const file = (name: string) => join(server.dir, name);

/** A certificate that signs itself, in the server's directory. */
function certificate(name: string): void {
  const words = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  ];
  const files = [
    "-addext",
    `subjectAltName=DNS:${name}`,
    "-keyout",
    file(`${name}.key`),
    "-out",
    file(`${name}.crt`),
  ];
  execFileSync("openssl", [...words, ...files], { stdio: "ignore" });
  server.own(`${name}.key`);
}

let database: string;
let count = 0;
beforeEach(async () => {
  database = `db${++count}`;
  await server.createdb(database);
});

const formatOf = (name: string) => server.sql(name, "select format from liveops.head");

test("a host creates the schema at its first start, and leaves it as it is at the next", {
  timeout: 60_000,
}, async () => {
  await using daemon = await TestDaemon.start({
    config: { fleet: { url: server.url(database), host: "a" } },
  });
  expect(await daemon.client.hosts()).toMatchObject({ hosts: [{ name: "a", state: "up" }] });
  expect(formatOf(database)).toBe("1");
  server.sql(database, "comment on schema liveops is 'kept'");
  await createSchema(server.url(database));
  expect(server.sql(database, "select obj_description('liveops'::regnamespace)")).toBe("kept");
  await daemon.stop();
  expect(existsSync(join(daemon.world.stateDir, "state.json"))).toBe(false);
});

test("two at once: one creates it, one finds it", async () => {
  const url = server.url(database);
  await Promise.all([createSchema(url), createSchema(url)]);
  expect(formatOf(database)).toBe("1");
});

test("another format is refused, and left as it is", async () => {
  const url = server.url(database);
  await createSchema(url);
  server.sql(database, "update liveops.head set format = 2");
  await createSchema(url);
  const engine = new FleetEngine({ url });
  onTestFinished(() => engine.end());
  await expect(engine.queries.countsByState()).rejects.toThrow(
    "has format 2, and this liveops works with format 1; install the liveops of the other hosts",
  );
  expect(formatOf(database)).toBe("2");
});

test("an owner who may not create roles gets the statements for an administrator", async () => {
  const plain = await new Postgres().start();
  try {
    plain.sql("postgres", "create role ann login password 'pw'");
    plain.sql("postgres", "create database ops owner ann");
    const url = plain.url("ops", { user: "ann", password: "pw" });
    const error: Error = await createSchema(url).catch((error) => error);
    expect(error).toBeInstanceOf(RoleError);
    expect(error.message).toContain(
      "create role liveops_viewer nologin; create role liveops_operator nologin",
    );
    plain.sql("postgres", error.message.replace(/^.*runs: /, "").replace(/; then start .*/, ""));
    await createSchema(url);
    const may = "select has_function_privilege('liveops_host', 'liveops.prune(int)', 'execute')";
    expect(plain.sql("ops", may)).toBe("t");
  } finally {
    await plain.stop();
  }
});

test("a user who may not create the schema is told who may", async () => {
  await createSchema(server.url(database));
  await server.createdb("empty");
  server.sql("postgres", "create role nobody_special login password 'pw'");
  const url = (name: string) => server.url(name, { user: "nobody_special", password: "pw" });
  await expect(createSchema(url("empty"))).rejects.toThrow(
    "start the first host as the owner of the database",
  );
  // Where the schema is there, a host needs no such right.
  await createSchema(url(database));
});

test("a database without the schema says so", async () => {
  const engine = new FleetEngine({ url: server.url(database) });
  onTestFinished(() => engine.end());
  await expect(engine.hosts()).rejects.toThrow("restore the schema liveops");
});

describe("certificates", () => {
  const url = (certificate: string, host = "localhost") =>
    `${server.url(database, { tcp: true }).replace("127.0.0.1", host)}?sslmode=verify-full&sslrootcert=${encodeURIComponent(file(certificate))}`;

  test("the server's own is accepted", async () => {
    await createSchema(url("localhost.crt"));
    expect(formatOf(database)).toBe("1");
  });

  test("another authority, another name, and none: refused at once", async () => {
    for (const wrong of [
      url("elsewhere.example.com.crt"),
      url("localhost.crt", "127.0.0.1"),
      url("localhost.crt").replace(/&sslrootcert.*/, ""),
    ])
      await expect(createSchema(wrong)).rejects.toThrow("cannot be trusted");
  });

  test("the environment does not weaken the check", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    vi.stubEnv("PGSSLMODE", "disable");
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(createSchema(url("elsewhere.example.com.crt"))).rejects.toThrow(
      "cannot be trusted",
    );
  });

  test("a server without encryption is refused", async () => {
    const plain = await new Postgres({ port: await freePort() }).start();
    try {
      const address = `${plain.url("postgres", { tcp: true })}?sslmode=verify-full`;
      await expect(createSchema(address)).rejects.toThrow("does not support SSL");
    } finally {
      await plain.stop();
    }
  });
});
