/**
 * The address of the fleet's engine: `postgres://user@host/database`, or
 * `postgres:///database?host=/directory` for a Unix socket.
 *
 * Off this machine the connection must be encrypted and the server's name checked:
 * `sslmode=verify-full`. The settings are built here and not by `pg`, so that no variable of the
 * environment weakens them.
 */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import type { ClientConfig } from "pg";
import { UsageError } from "../../../../protocol/failures.js";
import { passwordOf } from "./password-file.js";

const USUAL_PORT = 5432;

const EXAMPLE = "postgres://user@db.example.com/ops?sslmode=verify-full";

export class Address {
  readonly #url: URL;
  readonly #host: string;

  /** @throws UsageError where the URL is not valid, or would not be safe */
  constructor(url: string) {
    this.#url = parse(url);
    this.#host =
      this.#parameter("host") ??
      (decodeURIComponent(this.#url.hostname).replace(/^\[|\]$/g, "") || "localhost");
    if (this.#database === "")
      throw new UsageError(
        `the fleet's URL ${this.describe()} names no database`,
        `write it as ${EXAMPLE}`,
      );
    if (!this.#isLocal && this.#parameter("sslmode") !== "verify-full")
      throw new UsageError(
        `the fleet's engine ${this.describe()} is on another machine, and the connection would not be safe`,
        "add sslmode=verify-full to the URL, and sslrootcert=FILE for a certificate authority of your own",
      );
  }

  /** Without the password, for messages and `status`. */
  describe(): string {
    const { username } = this.#url;
    const user = username === "" ? "" : `${decodeURIComponent(username)}@`;
    const isUsual = this.#port === USUAL_PORT;
    if (this.#host.startsWith("/"))
      return `postgres://${user}/${this.#database}?host=${this.#host}${isUsual ? "" : `&port=${this.#port}`}`;
    const host = this.#host.includes(":") ? `[${this.#host}]` : this.#host;
    return `postgres://${user}${host}${isUsual ? "" : `:${this.#port}`}/${this.#database}`;
  }

  /**
   * The settings of a connection for `pg`. Without a password, that of `~/.pgpass`.
   *
   * @throws UsageError where a certificate cannot be read
   */
  config(): ClientConfig {
    const { username, password: ofUrl } = this.#url;
    const named = this.#parameter("user") ?? decodeURIComponent(username);
    const user = named === "" ? (process.env.PGUSER ?? userInfo().username) : named;
    const given = this.#parameter("password") ?? decodeURIComponent(ofUrl);
    const login = { host: this.#host, port: this.#port, database: this.#database, user };
    const password = given === "" ? passwordOf(login, process.env) : given;
    return {
      ...login,
      // Where it is missing, `pg` would look into ~/.pgpass itself, with a warning.
      password: password ?? (() => ""),
      ssl: this.#ssl(),
      keepAlive: true,
    };
  }

  get #database(): string {
    return decodeURIComponent(this.#url.pathname.slice(1));
  }

  get #port(): number {
    return Number(this.#parameter("port") ?? (this.#url.port || USUAL_PORT));
  }

  get #isLocal(): boolean {
    const host = this.#host;
    return (
      host.startsWith("/") ||
      host === "localhost" ||
      host === "::1" ||
      /^127\.\d+\.\d+\.\d+$/.test(host)
    );
  }

  #ssl(): ClientConfig["ssl"] {
    const mode = this.#parameter("sslmode");
    if (mode === undefined || mode === "disable") return false;
    const files = { ca: "sslrootcert", cert: "sslcert", key: "sslkey" };
    const certificates = Object.entries(files).flatMap(([name, parameter]) => {
      const file = this.#parameter(parameter);
      return file === undefined ? [] : [[name, readCertificate(file, parameter)]];
    });
    return { rejectUnauthorized: true, ...Object.fromEntries(certificates) };
  }

  #parameter(name: string): string | undefined {
    const value = this.#url.searchParams.get(name);
    return value === null || value === "" ? undefined : value;
  }
}

/** The URL itself stays out of the error: it may hold a password. */
function parse(text: string): URL {
  // A user without a host is valid for PostgreSQL, and not for URL.
  const whole = text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=\/)/, "$1localhost");
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new UsageError(
      "the fleet's URL is not valid",
      `write it as ${EXAMPLE}, or postgres:///ops?host=/run/postgresql`,
    );
  return url;
}

function readCertificate(file: string, parameter: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${parameter} of the fleet's URL cannot be read: ${(error as Error).message}`,
    );
  }
}
