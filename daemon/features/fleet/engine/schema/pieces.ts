/** Pieces of run files, and the values that are too large for a decision. */
export const PIECES = `
-- Stores pieces. All bodies come as one value, which is sent as it is; an array would be sent as text. Answers with the pieces that were
-- not stored: "fenced", or "behind" with the last line that the engine has. The pieces of a file are contiguous: a crash may take pieces
-- that were answered, and the next one must not hide that. A piece without lines (last = first - 1) is not stored, and asks whether
-- everything before it is there.
create function liveops.store_pieces(p_host text, p_session bigint, p_ids text[], p_attempts int[], p_files text[],
  p_firsts bigint[], p_lasts bigint[], p_fences bigint[], p_sizes int[], p_bodies bytea) returns jsonb language plpgsql as $$
declare
  o operation;
  p record;
  reached bigint;
  start int;
  next_start int := 1;
  refused jsonb := '[]';
begin
  for p in select * from unnest(p_ids, p_attempts, p_files, p_firsts, p_lasts, p_fences, p_sizes)
    as x (id, attempt, file, first, last, fence, size) loop
    start := next_start;
    next_start := next_start + p.size;
    -- By the id alone, so that no plan reads all operations of the host. What has ended under its fence may be completed in
    -- a later session: the engine had lost a part.
    select * into o from operation where id = p.id;
    if o.fence is distinct from p.fence or o.host is distinct from p_host
      or (o.session is distinct from p_session and o.finished_n is null) then
      refused := refused || jsonb_build_object('verdict', 'fenced', 'id', p.id, 'attempt', p.attempt, 'file', p.file);
      continue;
    end if;
    reached := shipped_to(p.id, p.attempt, p.file);
    if p.first = reached + 1 and p.last >= p.first then
      insert into piece (id, attempt, file, first, last, body) values (p.id, p.attempt, p.file, p.first, p.last, substring(p_bodies from start for p.size))
        on conflict do nothing;
      if found then
        continue;
      end if;
      reached := shipped_to(p.id, p.attempt, p.file);
    end if;
    if p.last > reached then
      refused := refused || jsonb_build_object('verdict', 'behind', 'id', p.id, 'attempt', p.attempt, 'file', p.file, 'last', reached);
    end if;
  end loop;
  return refused;
end $$;

-- Stores pieces of attempts that go on. p_durable: all that were shipped so far are on the disk when this has answered.
create function liveops.ship(p_host text, p_session bigint, p_known bigint, p_mark bigint, p_durable boolean, p_ids text[], p_attempts int[], p_files text[],
  p_firsts bigint[], p_lasts bigint[], p_fences bigint[], p_sizes int[], p_bodies bytea) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
begin
  perform require('liveops_host');
  perform require_own(p_host);
  if p_durable then
    -- A transaction that writes nothing waits for nothing; this one waits for all before it.
    perform pg_logical_emit_message(true, 'liveops', '');
  else
    -- The host keeps the file, and asks the engine how far it is.
    perform set_config('synchronous_commit', 'off', true);
  end if;
  h := read_head();
  perform guard(h, p_known, p_mark);
  -- A host becomes lost only when this call has committed: a peer that takes over has all pieces that will ever come.
  perform from host where name = p_host and session = p_session and state = 'up' for share;
  if not found then
    raise exception 'session % of host % is over', p_session, p_host using errcode = 'LF001';
  end if;
  return store_pieces(p_host, p_session, p_ids, p_attempts, p_files, p_firsts, p_lasts, p_fences, p_sizes, p_bodies);
end $$;

-- Deletes pieces of lines that the host itself has removed from a long log. The last piece stays: its number is the
-- cursor of the file.
create function liveops.cut_log(p_host text, p_session bigint, p_known bigint, p_mark bigint, p_id text, p_attempt int, p_fence bigint, p_to bigint) returns void
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
begin
  perform require('liveops_host');
  perform set_config('synchronous_commit', 'off', true);
  h := read_head();
  perform guard(h, p_known, p_mark);
  perform require_session(p_host, p_session);
  delete from piece where id = p_id and attempt = p_attempt and file = 'log' and first <= p_to and last <= p_to
    and first < (select max(q.first) from piece q where q.id = p_id and q.attempt = p_attempt and q.file = 'log')
    and exists (select from operation o where o.id = p_id and o.fence = p_fence and o.host = p_host and o.session = p_session);
end $$;

-- Number of the last line that the engine has; 0: none.
create function liveops.shipped_to(p_id text, p_attempt int, p_file text) returns bigint language plpgsql as $$
declare
  reached bigint;
begin
  select last into reached from piece where id = p_id and attempt = p_attempt and file = p_file order by first desc limit 1;
  return coalesce(reached, 0);
end $$;

-- Pieces after the given lines, one at least, until their bytes reach the limit. Both files of an attempt are in one order,
-- by first: a cut answer holds about as much of one as of the other. more: the answer was cut. In PL/pgSQL, which keeps the
-- plan: the planner takes longer than the query, and a watched host asks fifty times a second.
create function liveops.pieces_after(p_ids text[], p_attempts int[], p_events bigint[], p_logs bigint[], p_bytes bigint)
returns table (id text, attempt int, file text, first bigint, last bigint, body bytea, more boolean)
language plpgsql stable security definer set search_path = liveops, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with found as (
    select p.*, w.place, row_number() over (partition by w.place, p.file order by p.first) as nth
    from unnest(p_ids, p_attempts, p_events, p_logs) with ordinality as w (id, attempt, events, log, place)
    cross join lateral (values ('events', w.events), ('log', w.log)) as f (file, after)
    join lateral (select * from piece p where p.id = w.id and p.attempt = w.attempt and p.file = f.file and p.last > f.after
      and p.first >= coalesce((select max(q.first) from piece q
        where q.id = w.id and q.attempt = w.attempt and q.file = f.file and q.first <= f.after), 0)
      order by p.first limit 200) p on true
  ), cut as (
    select place, first from found where nth = 200 order by place, first limit 1
  ), kept as (
    select f.*, coalesce(sum(octet_length(f.body)) over (
        order by f.place, f.first, f.file rows between unbounded preceding and 1 preceding), 0) as before
    from found f where not exists (select from cut c where (f.place, f.first) > (c.place, c.first))
  ), said as (
    select k.*, exists (select from cut) or bool_or(k.before >= p_bytes) over () as more from kept k
  )
  select id, attempt, file, first, last, body, more from said where before < p_bytes order by place, first, file;
end $$;

-- Deletes what nothing needs any more; returns how many operations, and whether more wait.
create function liveops.prune(p_limit int) returns int
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  ids text[];
  h head;
begin
  perform require('liveops_host');
  ids := array(select id from removed where at < clock_timestamp() - interval '1 day'
    and n <= (select coalesce(min(known), 9223372036854775807) from host where state = 'up') order by at limit p_limit for update skip locked);
  if cardinality(ids) > 0 then
    perform lock_fleet();
    h := read_head();
    update head set n = h.n;
  end if;
  delete from decision d where d.id = any (ids) and not exists (select from operation o where o.id = d.id);
  delete from piece p where p.id = any (ids) and not exists (select from operation o where o.id = p.id);
  delete from removed where id = any (ids);
  delete from key where removed_at < clock_timestamp() - interval '1 day';
  return cardinality(ids);
end $$;
`;
