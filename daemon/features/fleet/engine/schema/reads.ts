/**
 * Reads of decisions, and the settings of the fleet.
 *
 * A stable function reads all from one snapshot: the number of the last decision fits the rows.
 */
export const READS = `
-- What hosts read of the journal: a row with p_answer alone, whose n is null, and the decisions after number p_after.
create function liveops.news(p_answer jsonb, p_after bigint, p_limit int)
returns table (answer jsonb, n bigint, id text, body text, secret text, origin text, mark bigint) language plpgsql stable as $$
#variable_conflict use_column
declare
  sees_secrets boolean := may('liveops_operator');
begin
  answer := p_answer;
  return next;
  return query select null::jsonb, d.n, d.id, d.body, case when sees_secrets then d.secret end, d.origin, mark(d.at)
    from decision d where d.n > p_after and d.part = 0 order by d.n limit p_limit;
end $$;

create function liveops.decisions_after(p_known bigint, p_mark bigint, p_after bigint, p_limit int)
returns table (answer jsonb, n bigint, id text, body text, secret text, origin text, mark bigint)
language plpgsql stable security definer set search_path = liveops, pg_temp as $$
declare
  h head;
begin
  h := read_head();
  perform guard(h, p_known, p_mark);
  return query select * from news(jsonb_build_object('head', h.n, 'epoch', h.epoch, 'settings', h.settings, 'types', h.types), p_after, p_limit);
end $$;

-- In the order of the states: queued, running, succeeded, failed, cancelled.
-- Of all operations, then of those inside of another one.
create function liveops.counts_by_state() returns bigint[]
language sql stable security definer set search_path = liveops, pg_temp as $$
  select array[count(*) filter (where state = 'queued'),
    count(*) filter (where state = 'running'),
    count(*) filter (where state = 'succeeded'),
    count(*) filter (where state = 'failed'),
    count(*) filter (where state = 'cancelled'),
    count(parent_id) filter (where state = 'queued'),
    count(parent_id) filter (where state = 'running'),
    count(parent_id) filter (where state = 'succeeded'),
    count(parent_id) filter (where state = 'failed'),
    count(parent_id) filter (where state = 'cancelled')] from operation
$$;

-- Number of the last decision; nothing is checked.
create function liveops.head_position() returns table (n bigint, epoch int, held boolean)
language sql stable security definer set search_path = liveops, pg_temp as $$
  select n, epoch, held from read_head()
$$;

-- All decisions about all live operations and the newest p_recent finished ones.
create function liveops.snapshot(p_known bigint, p_mark bigint, p_recent int)
returns table (head bigint, epoch int, settings bigint, types bigint, counts bigint[], head_mark bigint,
  n bigint, id text, part smallint, kind text, body text, secret text, origin text, mark bigint)
language plpgsql stable security definer set search_path = liveops, pg_temp as $$
#variable_conflict use_column
declare
  h head;
  sees_secrets boolean := may('liveops_operator');
begin
  h := read_head();
  perform guard(h, p_known, p_mark);
  return query
    with wanted as (
      select id from operation where state in ('queued', 'running')
      union all
      (select id from operation where finished_n is not null order by ord desc limit p_recent)
    ), d as (select d.* from wanted w join decision d on d.id = w.id)
    select h.n, h.epoch, h.settings, h.types, counts_by_state(),
      (select mark(at) from decision where n = h.n and part = 0),
      d.n, d.id, d.part, d.kind, d.body, case when sees_secrets then d.secret end, d.origin, mark(d.at)
    from (select 1) one left join d on true order by d.n, d.part;
end $$;

create function liveops.decisions_of(p_ids text[])
returns table (n bigint, id text, part smallint, kind text, body text, secret text, origin text, mark bigint)
language plpgsql stable security definer set search_path = liveops, pg_temp as $$
#variable_conflict use_column
declare
  sees_secrets boolean := may('liveops_operator');
begin
  return query select d.n, d.id, d.part, d.kind, d.body, case when sees_secrets then d.secret end, d.origin, mark(d.at)
    from decision d join operation o on o.id = d.id where d.id = any (p_ids) order by d.n, d.part;
end $$;

-- The setting's new version; null: it has another version than p_expect. A null body removes it; p_expect null: it is new.
create function liveops.put_setting(p_name text, p_body text, p_expect bigint) returns bigint
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  v_version bigint;
begin
  perform require('liveops_operator');
  perform lock_fleet();
  select version into v_version from setting where name = p_name;
  if v_version is distinct from p_expect then
    return null;
  end if;
  update head set settings = settings + 1 returning settings into v_version;
  if p_body is null then
    delete from setting where name = p_name;
  else
    insert into setting (name, body, version) values (p_name, p_body, v_version)
      on conflict (name) do update set body = excluded.body, version = excluded.version;
  end if;
  return v_version;
end $$;

-- Replaces the types that a host publishes.
create function liveops.put_types(p_host text, p_session bigint, p_hash text, p_ops text[], p_bodies text[], p_hashes text[]) returns void
language plpgsql security definer set search_path = liveops, pg_temp as $$
begin
  perform require('liveops_host');
  perform lock_fleet();
  perform require_session(p_host, p_session);
  delete from type where host = p_host and op <> all (p_ops);
  insert into type (host, op, body, hash) select p_host, x.* from unnest(p_ops, p_bodies, p_hashes) x
    on conflict (host, op) do update set body = excluded.body, hash = excluded.hash where type.hash <> excluded.hash;
  update host set types_hash = p_hash where name = p_host;
  update head set types = types + 1;
end $$;
`;
