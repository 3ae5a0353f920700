/** The schema `liveops` of a fleet's database, as the first host creates it. */
import { APPEND } from "./append.js";
import { CLAIM } from "./claim.js";
import { EXCHANGE } from "./exchange.js";
import { GUARD } from "./guard.js";
import { HOSTS } from "./hosts.js";
import { OFFERS } from "./offers.js";
import { PIECES } from "./pieces.js";
import { READS } from "./reads.js";
import { RECORD } from "./record.js";
import { TABLES } from "./tables.js";

/** A daemon refuses every other format. */
export const FORMAT = 1;

/** Bodies of functions are checked when all functions and tables exist: they name each other. */
const FUNCTIONS = `
set local check_function_bodies = off;
set local search_path = liveops, pg_temp;
${[GUARD, RECORD, APPEND, CLAIM, HOSTS, OFFERS, PIECES, READS, EXCHANGE].join("\n")}
`;

/** Group roles, from the least to the most: each may all that the roles before it may. */
export const ROLES = ["liveops_viewer", "liveops_operator", "liveops_host"] as const;

export const CREATE_ROLES = [
  ...ROLES.map((role) => `create role ${role} nologin`),
  "grant liveops_viewer to liveops_operator",
  "grant liveops_operator to liveops_host",
];

/**
 * Functions that each role may call besides those of the roles before it. All others are for the
 * owner.
 */
const EXECUTE: Record<(typeof ROLES)[number], string[]> = {
  liveops_viewer: [
    "decisions_after",
    "snapshot",
    "decisions_of",
    "pieces_after",
    "abandoned",
    "counts_by_state",
    "head_position",
  ],
  liveops_operator: ["exchange", "declare_lost", "drain", "put_setting"],
  liveops_host: [
    "join",
    "renew",
    "leave",
    "ship",
    "cut_log",
    "offer",
    "settle_offers",
    "put_types",
    "prune",
  ],
};

/**
 * Tables without secrets. Decisions are read through functions, which leave out the values of
 * variables.
 */
const READABLE = ["head", "host", "operation", "key", "piece", "setting", "type"];

const GRANT = `
revoke all on schema liveops from public;
revoke all on all tables in schema liveops from public;
revoke all on all functions in schema liveops from public;
${ROLES.map((role) => `grant usage on schema liveops to ${role};`).join("\n")}
grant select on ${READABLE.map((table) => `liveops.${table}`).join(", ")} to liveops_viewer;
${ROLES.flatMap((role) => EXECUTE[role].map((name) => `grant execute on function liveops.${name} to ${role};`)).join("\n")}
`;

/** The group roles exist before. */
export const CREATE = `create schema liveops;
${TABLES}
${FUNCTIONS}
insert into liveops.head (format, timeline, system)
  values (${FORMAT}, liveops.current_timeline(), liveops.current_system());
${GRANT}`;
