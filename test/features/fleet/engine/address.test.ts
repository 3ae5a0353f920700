/** Addresses: what is safe, and what is never shown. */
import { expect, test } from "vitest";
import { Address } from "../../../../daemon/features/fleet/engine/address.js";

test.each([
  [
    "postgres://me:pw@localhost/ops",
    { host: "localhost", port: 5432, user: "me", password: "pw", database: "ops" },
  ],
  ["postgresql://127.0.0.2:6000/ops", { host: "127.0.0.2", port: 6000, ssl: false }],
  ["postgres://me@[::1]/ops", { host: "::1" }],
  ["postgres:///ops?host=/run/postgresql", { host: "/run/postgresql", database: "ops" }],
  ["postgres:///ops?host=/tmp&user=me&port=6001", { host: "/tmp", user: "me", port: 6001 }],
  ["postgres://%2Ftmp/ops", { host: "/tmp" }],
  ["postgres://m%40e:p%2Fw@localhost/o%20ps", { user: "m@e", password: "p/w", database: "o ps" }],
  [
    "postgres://db.example.com/ops?sslmode=verify-full",
    { host: "db.example.com", ssl: { rejectUnauthorized: true } },
  ],
  ["postgres://localhost/ops?sslmode=require", { ssl: { rejectUnauthorized: true } }],
])("%s", (url, config) => {
  expect(new Address(url).config()).toMatchObject(config);
});

test.each([
  "postgres://me:pw@db.example.com/ops",
  "postgres://me:pw@db.example.com/ops?sslmode=require",
  "postgres://me:pw@localhost/ops?host=db.example.com",
  "postgres://me:pw@127.0.0.1.example.com/ops",
  "postgres://me:pw@db.example.com/ops?sslmode=verify-ca",
])("%s would not be safe", (url) => {
  expect(() => new Address(url)).toThrow("the connection would not be safe");
});

test.each(["", "ops", "mysql://localhost/ops", "postgres://localhost", "postgres://me:pw@@:/"])(
  "%j is no address",
  (url) => {
    expect(() => new Address(url)).toThrow(/is not valid|names no database/);
  },
);

test.each([
  ["postgres://me:secret@localhost:6000/ops", "postgres://me@localhost:6000/ops"],
  [
    "postgres://me:secret@db.example.com/ops?sslmode=verify-full&password=secret",
    "postgres://me@db.example.com/ops",
  ],
  ["postgres://me:secret@/ops?host=/tmp", "postgres://me@/ops?host=/tmp"],
])("%s is shown without its password", (url, shown) => {
  expect(new Address(url).describe()).toBe(shown);
});
