/** `claim`: queued operations become operations of a host. `claimed`: what a host runs, by the engine. */
export const CLAIM = `
-- Whether one more operation may run under a limit. Counts of the call are kept in p_running, by name.
create function liveops.has_room(p_limits jsonb, p_running jsonb, p_name text) returns boolean language sql immutable as $$
  select coalesce((p_running->>p_name)::bigint < (p_limits->>p_name)::bigint, true)
$$;

create function liveops.claim(p_host text, p_session bigint, p_known bigint, p_mark bigint, p_token uuid,
  p_candidates jsonb, p_workers text[], p_queue_limits jsonb, p_op_limits jsonb) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
  me host;
  o operation;
  c jsonb;
  claims jsonb;
  queues jsonb;
  ops jsonb;
  number bigint;
  claimed_count int := 0;
  v_attempt int;
begin
  perform require('liveops_host');
  h := lock_head(p_host, p_session, p_known, p_mark);
  select answer into claims from answer where token = p_token;
  if found then
    return claims;
  end if;
  claims := '[]';
  select * into me from host where name = p_host;
  if me.draining then
    return claims;
  end if;
  -- All limits hold for the fleet as a whole.
  select coalesce(jsonb_object_agg(name, (select count(*) from operation where state = 'running' and queue = name)), '{}')
    into queues from jsonb_object_keys(p_queue_limits) name;
  select coalesce(jsonb_object_agg(name, (select count(*) from operation where state = 'running' and op = name)), '{}')
    into ops from jsonb_object_keys(p_op_limits) name;
  number := h.n;
  for c in select value from jsonb_array_elements(p_candidates) loop
    exit when claimed_count >= cardinality(p_workers);
    select * into o from operation
      where id = c->>'id' and state = 'queued' and version = (c->>'expect')::bigint
        and requires <@ me.tags and (pin is null or pin = p_host)
        and (not_before is null or not_before <= clock_timestamp()) and (retry_at is null or retry_at <= clock_timestamp());
    if not found or not has_room(p_queue_limits, queues, o.queue) or not has_room(p_op_limits, ops, o.op) then
      continue;
    end if;
    queues := jsonb_set(queues, array[o.queue], to_jsonb(coalesce((queues->>o.queue)::bigint, 0) + 1));
    ops := jsonb_set(ops, array[o.op], to_jsonb(coalesce((ops->>o.op)::bigint, 0) + 1));
    number := number + 1;
    claimed_count := claimed_count + 1;
    v_attempt := coalesce((c->>'attempt')::int, o.attempt + 1);
    -- The number of an attempt that no code ran in is used again: its lines are not of this attempt.
    if v_attempt <= o.attempt then
      delete from piece where id = o.id and attempt >= v_attempt;
    end if;
    o.version := number;
    o.state := 'running';
    o.host := p_host;
    o.session := p_session;
    o.fence := h.epoch * 1099511627776 + nextval('fence');
    o.attempt := v_attempt;
    o.partition := coalesce(c->>'partition', 'end');
    perform save(o);
    insert into decision (n, id, kind, body, origin) values (number, o.id, 'started',
      left(c->>'body', -1) || ',"worker":' || p_workers[claimed_count] || ',"host":' || to_json(p_host)
        || ',"session":' || p_session || ',"fence":' || o.fence || '}', p_host);
    claims := claims || jsonb_build_object('id', o.id, 'n', number, 'fence', o.fence, 'attempt', v_attempt, 'worker', claimed_count - 1);
  end loop;
  if claimed_count > 0 then
    insert into answer (token, answer) values (p_token, claims);
    update head set n = number, queued = queued - claimed_count, running = running + claimed_count;
  end if;
  return claims;
end $$;

-- Operations that the host runs. Each keeps its fence when the daemon starts again, so all sessions are listed.
create function liveops.claimed(p_host text, p_known bigint, p_mark bigint) returns setof liveops.operation
language plpgsql stable security definer set search_path = liveops, pg_temp as $$
declare
  h head;
begin
  select * into h from head;
  perform guard(h, p_known, p_mark);
  return query select * from operation where host = p_host and state = 'running' order by version;
end $$;
`;
