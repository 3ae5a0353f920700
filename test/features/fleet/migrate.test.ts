/** `liveops fleet migrate`, and the connections that are refused before anything is asked. */
// @module-tag openssl
// @module-tag postgresql
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NewerFormatError } from "../../../daemon/features/fleet/engine/errors.js";
import { FleetEngine } from "../../../daemon/features/fleet/engine/fleet-engine.js";
import { migrate } from "../../../daemon/features/fleet/migrate.js";
import { freePort, Postgres } from "../../harness/postgres.js";
import { useCli } from "../../tui/cli/cli.js";

const cli = useCli();
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
  const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
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

const migrateByCommand = (url: string, env: Record<string, string> = {}) =>
  cli.here(server.migrateWords(url), { bin: "liveopsd", env });

describe("liveops fleet migrate", () => {
  test("creates the schema once, says so in one line, and shows no password", async () => {
    const url = server.url(database);
    const first = await migrateByCommand(url);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^created the schema liveops \(format 1\.\d+\) in postgres:\/\/postgres@\/db\d+\?host=.*\n$/,
    );
    const second = await migrateByCommand(url);
    expect(second.stdout).toMatch(/^the schema liveops is up to date \(format 1\.\d+\)/);
    expect(server.sql(database, "select format from liveops.head")).toBe("1");
  });

  test("two at once: one creates, one finds it", async () => {
    const options = { url: server.url(database) };
    const done = (await Promise.all([migrate(options), migrate(options)])).map((each) => each.done);
    expect(done.sort()).toEqual(["created", "unchanged"]);
  });

  test("leaves a newer format as it is: exit 2", async () => {
    const url = server.url(database);
    await migrate({ url });
    server.sql(database, "update liveops.head set format = 2; drop function liveops.settle_offers");
    const { code, stderr } = await migrateByCommand(url);
    expect(code).toBe(2);
    expect(stderr).toContain("has format 2, and this liveops knows format 1; upgrade liveops");
    expect(server.sql(database, "select count(*) from pg_proc where proname = 'settle_offers'")).toBe("0");
    const engine = new FleetEngine({ url });
    await expect(engine.queries.countsByState()).rejects.toThrow(NewerFormatError);
    await engine.end();
  });

  test("leaves a newer revision as it is, and works with it", async () => {
    const url = server.url(database);
    await migrate({ url });
    server.sql(database, "update liveops.head set revision = 99; drop function liveops.prune");
    expect(await migrate({ url })).toMatchObject({ done: "unchanged", revision: 99 });
    const engine = new FleetEngine({ url });
    expect(await engine.queries.count({})).toBe(0);
    await engine.end();
  });

  test("lifts an older revision, and keeps what is there", async () => {
    const url = server.url(database);
    await migrate({ url });
    server.sql(database, "update liveops.head set revision = 0; drop function liveops.prune");
    const engine = new FleetEngine({ url });
    await expect(engine.queries.count({})).rejects.toThrow("run: liveops fleet migrate");
    expect((await migrateByCommand(url)).stdout).toMatch(/^upgraded the schema liveops/);
    expect(await engine.putSetting("kept", "{}", null)).toBe(1);
    expect(server.sql(database, "select count(*) from pg_proc where proname = 'prune'")).toBe("1");
    await engine.end();
  });

  test("an owner who may not create roles gets the statements for an administrator", async () => {
    for (const role of ["host", "operator", "viewer"]) dropRole(`liveops_${role}`);
    const owner = "plain";
    server.sql(
      "postgres",
      `create role ${owner} login password 'pw'; alter database ${database} owner to ${owner}`,
    );
    const url = server.url(database, { user: owner, password: "pw" });
    const { code, stdout } = await migrateByCommand(url);
    expect(code).toBe(0);
    const [done, todo] = stdout.split("\n");
    expect(done).toContain("created the schema");
    expect(todo).toContain("create role liveops_viewer nologin; create role liveops_operator nologin");
    // The owner alone can use the fleet already.
    const engine = new FleetEngine({ url });
    expect(
      await engine.join({ name: "a", owner: "a", tags: [], slots: 1, version: "1", lostAfter: 1 }),
    ).toMatchObject({ session: 1 });
    await engine.end();
    server.sql("postgres", todo!.replace(/^.*runs: /, "").replace(/; then run .*/, ""));
    expect((await migrate({ url })).todo).toEqual([]);
    expect(
      server.sql(database, "select has_function_privilege('liveops_host', 'liveops.prune(int)', 'execute')"),
    ).toBe("t");
  });

  function dropRole(role: string): void {
    for (const name of server
      .sql("postgres", "select datname from pg_database where datname ~ '^db'")
      .split("\n"))
      server.sql(
        name,
        `do $$ begin if exists (select from pg_roles where rolname = '${role}') then execute 'drop owned by ${role}'; end if; end $$`,
      );
    server.sql("postgres", `drop role if exists ${role}`);
  }

  test("a user who may not create the schema: exit 2", async () => {
    server.sql("postgres", "create role nobody_special login password 'pw'");
    const { code, stderr } = await migrateByCommand(
      server.url(database, { user: "nobody_special", password: "pw" }),
    );
    expect(code).toBe(2);
    expect(stderr).toContain("as the owner of the database");
  });

  test.each([
    [[], 2, "'--url <url>' not specified"],
    [["--url", "postgres://db.example.com/ops"], 2, "sslmode=verify-full"],
    [["--url", "nonsense"], 2, "is not valid"],
    [["--url", "postgres://owner:secret@db.example.com/ops"], 2, "--url has a password"],
    [["--url", "postgres://127.0.0.1:1/ops"], 1, "does not answer"],
  ])("%j: exit %i", async (words, expected, text) => {
    const { code, stderr } = await cli.here(["fleet", "migrate", ...words], { bin: "liveopsd" });
    expect(code).toBe(expected);
    expect(stderr).toContain(text);
  });

  test("a database that is not migrated says what to run", async () => {
    const engine = new FleetEngine({ url: server.url(database) });
    await expect(engine.hosts()).rejects.toThrow("run: liveops fleet migrate");
    await engine.end();
  });
});

describe("certificates", () => {
  const url = (certificate: string, host = "localhost") =>
    `${server.url(database, { tcp: true }).replace("127.0.0.1", host)}?sslmode=verify-full&sslrootcert=${encodeURIComponent(file(certificate))}`;

  test("the server's own is accepted", async () => {
    expect(await migrate({ url: url("localhost.crt") })).toMatchObject({ done: "created" });
  });

  test("another authority, another name, and none: refused at once", async () => {
    for (const wrong of [
      url("elsewhere.example.com.crt"),
      url("localhost.crt", "127.0.0.1"),
      url("localhost.crt").replace(/&sslrootcert.*/, ""),
    ])
      await expect(migrate({ url: wrong })).rejects.toThrow("cannot be trusted");
  });

  test("the environment does not weaken the check", async () => {
    const { code, stderr } = await migrateByCommand(url("elsewhere.example.com.crt"), {
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      PGSSLMODE: "disable",
    });
    expect(code).toBe(2);
    expect(stderr).toContain("cannot be trusted");
  });

  test("a server without encryption is refused", async () => {
    const plain = await new Postgres({ port: await freePort() }).start();
    try {
      const address = `${plain.url("postgres", { tcp: true })}?sslmode=verify-full`;
      await expect(migrate({ url: address })).rejects.toThrow("does not support SSL");
    } finally {
      await plain.stop();
    }
  });
});
