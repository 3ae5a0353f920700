/**
 * The tables of format 1.
 *
 * `decision` is the journal of the fleet: each host applies its rows in the order of `n`. The other
 * tables are indexes of it (`operation`, `key`), or hold what is no decision (`host`, `piece`,
 * `setting`, `type`). Bodies are `text` and not `jsonb`, which refuses `\u0000`.
 */
export const TABLES = `
create table liveops.head (
  one boolean primary key default true check (one),
  format int not null,
  -- Numbers up to this one were given, even where their decisions are gone: see read_head. No append changes this row,
  -- which would leave a dead version each time while a dump of the database runs.
  n bigint not null default 0,
  -- The high part of fences: grows whenever the engine may have lost writes.
  epoch int not null default 1,
  -- Where the writes of the fleet are known to be complete.
  timeline int not null,
  system text not null,
  -- The engine lost writes, and waits for the offers of this round.
  held boolean not null default false,
  round int not null default 0,
  offered_n bigint not null default 0,
  offered_epoch int not null default 0,
  -- Grow with each change of a setting, of a published type.
  settings bigint not null default 0,
  types bigint not null default 0
);

create table liveops.host (
  name text primary key,
  -- Names the state directory: two daemons must not share a name.
  owner text,
  -- The database role that joined under this name first; null: the next one that does.
  role text,
  session bigint not null,
  renewals bigint not null default 0,
  state text not null check (state in ('up', 'lost', 'left')),
  tags text[] not null default '{}',
  slots int not null default 0,
  draining boolean not null default false,
  version text not null default '',
  types_hash text not null default '',
  status jsonb not null default '{}',
  joined_at timestamptz not null default clock_timestamp(),
  renewed_at timestamptz not null default clock_timestamp(),
  -- Seconds.
  lost_after float8 not null,
  -- The last round of offers that the host took part in.
  offered int not null default 0,
  -- Number of the last decision that the host applied.
  known bigint not null default 0
) with (fillfactor = 50);

-- The values that the functions and the lists read. All others are in the decisions.
create table liveops.operation (
  id text primary key,
  -- Number of the last decision about the operation, and of the first.
  version bigint not null,
  ord bigint not null,
  state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  op text not null,
  queue text not null,
  finished_n bigint,
  finished_at timestamptz,
  not_before timestamptz,
  retry_at timestamptz,
  requires text[] not null,
  pin text,
  partition text not null check (partition in ('end', 'finish')),
  chain_id text,
  parent_id text,
  history_key text,
  submitted_by text,
  submitted_in text,
  -- Lower-case id, type, title and label, for searches.
  text text not null,
  -- Who runs it, or ran it last. The fence is null where a peer took the operation over.
  host text,
  session bigint,
  fence bigint,
  attempt int not null,
  -- The operation whose slot of the queue it was lent at its start; null: it has a slot of its own.
  slot_of text
) with (fillfactor = 80);
create index operation_queued on liveops.operation (ord) where state = 'queued';
create index operation_running on liveops.operation (host) where state = 'running';
-- Few indexes, since each change of a state writes to all of them: lists by state read along this one.
create unique index operation_ord on liveops.operation (ord);
create index operation_op on liveops.operation (op, ord);
create index operation_history on liveops.operation (op, history_key, ord) where history_key is not null;
create index operation_chain on liveops.operation (chain_id, ord);
create index operation_parent on liveops.operation (parent_id, ord) where parent_id is not null;
create index operation_finished_at on liveops.operation (finished_at) where finished_n is not null;
create index operation_finished_n on liveops.operation (finished_n) where finished_n is not null;

create table liveops.decision (
  n bigint not null,
  id text not null,
  -- 0: the decision. Above: derived from a 'finished' with a successor, so that the successor's rows are complete.
  part smallint not null default 0,
  kind text not null,
  body text not null,
  -- Values of environment variables, which a viewer must not read.
  secret text,
  -- Of the call: the same call again, after a lost answer, finds what it did.
  token uuid,
  origin text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (n, id, part)
);
create index decision_id on liveops.decision (id, n, part);

create table liveops.key (
  key text primary key,
  hash text not null,
  id text not null,
  at timestamptz not null,
  -- The operation was removed: the key stays valid for a day.
  removed_at timestamptz
);
create index key_id on liveops.key (id);
create index key_removed on liveops.key (removed_at) where removed_at is not null;

-- Whole lines of a run file, as the host compressed them.
create table liveops.piece (
  id text not null,
  attempt int not null,
  file text not null check (file in ('events', 'log')),
  -- Numbers (seq) of the first and the last line.
  first bigint not null,
  last bigint not null,
  body bytea not null,
  primary key (id, attempt, file, first)
);
alter table liveops.piece alter column body set storage external;

create table liveops.setting (name text primary key, body text not null, version bigint not null);

create table liveops.type (
  host text not null,
  op text not null,
  body text not null,
  hash text not null,
  primary key (host, op)
);

-- Operations whose rows are deleted a day after their removal.
create table liveops.removed (id text primary key, n bigint not null, at timestamptz not null default clock_timestamp());
create index removed_at on liveops.removed (at);

-- Operations that hosts know and the engine lost; the newest version of each.
create table liveops.offer (id text primary key, version bigint not null, item jsonb not null);

create sequence liveops.fence;

-- One decision to append, with the number of its caller in the call. Callers are independent of each other.
create type liveops.item as (caller int, token uuid, kind text, id text, expect bigint, fence bigint, takeover boolean,
  body text, secret text, index jsonb, key jsonb, successor jsonb);
`;
