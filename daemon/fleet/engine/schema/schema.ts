/** The schema `liveops` of a fleet's database, as `liveopsd fleet migrate` creates it. */
import { APPEND } from "./append.js";
import { CLAIM } from "./claim.js";
import { GUARD } from "./guard.js";
import { HOSTS } from "./hosts.js";
import { OFFERS } from "./offers.js";
import { PIECES } from "./pieces.js";
import { READS } from "./reads.js";
import { RECORD } from "./record.js";
import { TABLES } from "./tables.js";

/** A daemon refuses a newer format. An older format has its own migration. */
export const FORMAT = 1;

/** Additions within the format: a daemon works with a newer revision, and not with an older one. */
export const REVISION = 2;

/** `ADDITIONS[n]` leads the tables from revision n + 1 to n + 2. Functions are created again as a whole. */
export const ADDITIONS: readonly string[] = ["alter table liveops.host add column if not exists role text"];

export const CREATE = `create schema liveops;\n${TABLES}`;

/** Bodies of functions are checked when all functions and tables exist: they name each other. */
export const FUNCTIONS = `
set local check_function_bodies = off;
set local search_path = liveops, pg_temp;
${[GUARD, RECORD, APPEND, CLAIM, HOSTS, OFFERS, PIECES, READS].join("\n")}
`;
