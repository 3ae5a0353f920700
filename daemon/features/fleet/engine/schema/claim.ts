/** `claim`: queued operations become operations of a host. */
export const CLAIM = `
-- Whether one more operation may run under a limit. Counts of the call are kept in p_running, by name.
create function liveops.has_room(p_limits jsonb, p_running jsonb, p_name text) returns boolean language sql immutable as $$
  select coalesce((p_running->>p_name)::bigint < (p_limits->>p_name)::bigint, true)
$$;

-- With one more operation that runs; names without a limit are not counted.
create function liveops.one_more(p_running jsonb, p_name text) returns jsonb language sql stable as $$
  select case when p_running ? p_name then jsonb_set(p_running, array[p_name], to_jsonb((p_running->>p_name)::bigint + 1)) else p_running end
$$;

-- What a call took that is made again.
create function liveops.taken(p_host text, p_ids text[], p_token uuid) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'n', d.n, 'fence', o.fence, 'attempt', o.attempt, 'worker', d.place - 1) order by d.n), '[]')
  from (select id, n, row_number() over (order by n) as place from decision where id = any (p_ids) and token = p_token) d
  join operation o on o.id = d.id and o.state = 'running' and o.host = p_host
$$;

-- The operation that holds a slot of the queue whose users all wait for the candidate; null: there is none.
create function liveops.lender(p_queue text, p_waiters text[]) returns text language sql stable as $$
  select root from (
    select coalesce(slot_of, id) as root, bool_and(id = any (p_waiters)) as waits
    from operation where state = 'running' and queue = p_queue group by 1
  ) slots where waits order by root limit 1
$$;

-- p_claim: token, candidates, workers, queueLimits. number: of the last decision, before and after.
create function liveops.claim(h liveops.head, p_host text, p_session bigint, p_claim jsonb, inout number bigint, out claims jsonb) language plpgsql as $$
declare
  me host;
  c record;
  v_token uuid := (p_claim->>'token')::uuid;
  queue_limits jsonb := p_claim->'queueLimits';
  workers text[] := array(select jsonb_array_elements_text(p_claim->'workers'));
  queues jsonb := '{}';
  ids text[];
  claimed int := 0;
  v_attempt int;
  v_fence bigint;
  v_lender text;
begin
  ids := array(select value->>'id' from jsonb_array_elements(p_claim->'candidates'));
  -- By each id alone: a plan from a time of few decisions reads all of them.
  perform from unnest(ids) i (id) cross join lateral (select d.token from decision d where d.id = i.id offset 0) d where d.token = v_token limit 1;
  if found then
    claims := taken(p_host, ids, v_token);
    return;
  end if;
  claims := '[]';
  select * into me from host where name = p_host;
  -- All limits hold for the fleet as a whole.
  if queue_limits <> '{}' then
    select jsonb_object_agg(name, (select count(distinct coalesce(slot_of, id)) from operation where state = 'running' and queue = name))
      into queues from jsonb_object_keys(queue_limits) name;
  end if;
  for c in
    select o.*, (x.value->>'attempt')::int as next_attempt, x.value->>'partition' as next_partition, x.value->>'body' as body,
      array(select jsonb_array_elements_text(x.value->'waiters')) as waiters
    from jsonb_array_elements(p_claim->'candidates') with ordinality x (value, place)
    -- By the id alone: with more conditions, a plan from a time of few operations reads the whole queue here.
    join lateral (select * from operation where id = x.value->>'id' offset 0) o on true
    where o.state = 'queued' and o.version = (x.value->>'expect')::bigint
      and o.requires <@ me.tags and (o.pin is null or o.pin = p_host)
      and (o.not_before is null or o.not_before <= clock_timestamp()) and (o.retry_at is null or o.retry_at <= clock_timestamp())
    order by x.place
  loop
    exit when claimed >= cardinality(workers);
    -- While a host drains, what its running operations wait for still starts: otherwise they would not end.
    continue when me.draining and cardinality(c.waiters) = 0;
    v_lender := case when queue_limits ? c.queue and cardinality(c.waiters) > 0 then lender(c.queue, c.waiters) end;
    continue when v_lender is null and not has_room(queue_limits, queues, c.queue);
    if v_lender is null then
      queues := one_more(queues, c.queue);
    end if;
    v_attempt := coalesce(c.next_attempt, c.attempt + 1);
    -- The number of an attempt that no code ran in is used again: its lines are not of this attempt.
    if v_attempt <= c.attempt then
      delete from piece where id = c.id and attempt >= v_attempt;
    end if;
    v_fence := h.epoch * 1099511627776 + nextval('fence');
    number := number + 1;
    update operation set version = number, state = 'running', host = p_host, session = p_session, fence = v_fence, attempt = v_attempt,
        slot_of = v_lender, partition = coalesce(c.next_partition, 'end')
      where id = c.id;
    claimed := claimed + 1;
    insert into decision (n, id, kind, token, origin, body) values (number, c.id, 'started', v_token, p_host, left(c.body, -1)
      || ',"worker":' || workers[claimed] || ',"host":' || to_json(p_host) || ',"session":' || p_session || ',"fence":' || v_fence || coalesce(',"slotOf":' || to_json(v_lender), '') || '}');
    claims := claims || jsonb_build_object('id', c.id, 'n', number, 'fence', v_fence, 'attempt', v_attempt, 'worker', claimed - 1);
  end loop;
end $$;
`;
