/** `claim`: queued operations become operations of a host. */
export const CLAIM = `
-- Whether one more operation may run under a limit. Counts of the call are kept in p_running, by name.
create function liveops.has_room(p_limits jsonb, p_running jsonb, p_name text) returns boolean language sql immutable as $$
  select coalesce((p_running->>p_name)::bigint < (p_limits->>p_name)::bigint, true)
$$;

-- What a call took that is made again.
create function liveops.taken(p_host text, p_ids text[], p_token uuid) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'n', d.n, 'fence', o.fence, 'attempt', o.attempt, 'worker', d.place - 1) order by d.n), '[]')
  from (select id, n, row_number() over (order by n) as place from decision where id = any (p_ids) and token = p_token) d
  join operation o on o.id = d.id and o.state = 'running' and o.host = p_host
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
  queues jsonb := '{}';
  ops jsonb := '{}';
  ids text[];
  number bigint;
  claimed_count int := 0;
  v_attempt int;
begin
  perform require('liveops_host');
  h := lock_head(p_host, p_session, p_known, p_mark);
  ids := array(select value->>'id' from jsonb_array_elements(p_candidates));
  perform from decision where id = any (ids) and token = p_token limit 1;
  if found then
    return taken(p_host, ids, p_token);
  end if;
  claims := '[]';
  select * into me from host where name = p_host;
  if me.draining then
    return claims;
  end if;
  -- All limits hold for the fleet as a whole.
  if p_queue_limits <> '{}' then
    select jsonb_object_agg(name, (select count(*) from operation where state = 'running' and queue = name))
      into queues from jsonb_object_keys(p_queue_limits) name;
  end if;
  if p_op_limits <> '{}' then
    select jsonb_object_agg(name, (select count(*) from operation where state = 'running' and op = name))
      into ops from jsonb_object_keys(p_op_limits) name;
  end if;
  number := h.n;
  for place in 0 .. jsonb_array_length(p_candidates) - 1 loop
    c := p_candidates->place;
    exit when claimed_count >= cardinality(p_workers);
    -- By the id alone: with more conditions, a plan from a time of few operations reads the whole queue here.
    select * into o from operation where id = c->>'id';
    if o.state is distinct from 'queued' or o.version is distinct from (c->>'expect')::bigint
      or not o.requires <@ me.tags or o.pin <> p_host
      or o.not_before > clock_timestamp() or o.retry_at > clock_timestamp()
      or not has_room(p_queue_limits, queues, o.queue) or not has_room(p_op_limits, ops, o.op) then
      continue;
    end if;
    if queues ? o.queue then
      queues := jsonb_set(queues, array[o.queue], to_jsonb((queues->>o.queue)::bigint + 1));
    end if;
    if ops ? o.op then
      ops := jsonb_set(ops, array[o.op], to_jsonb((ops->>o.op)::bigint + 1));
    end if;
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
    insert into decision (n, id, kind, token, origin, body) values (number, o.id, 'started', p_token, p_host,
      left(c->>'body', -1) || ',"worker":' || p_workers[claimed_count] || ',"host":' || to_json(p_host)
        || ',"session":' || p_session || ',"fence":' || o.fence || '}');
    claims := claims || jsonb_build_object('id', o.id, 'n', number, 'fence', o.fence, 'attempt', v_attempt, 'worker', claimed_count - 1);
  end loop;
  return claims;
end $$;
`;
