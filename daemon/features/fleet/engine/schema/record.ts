/** Records decisions: their rows, the rows of their operations, and the idempotency keys. */
export const RECORD = `
-- A new operation. The caller's index names columns; these functions keep the others.
create function liveops.born(p_n bigint, p_id text, p_index jsonb, p_state text) returns liveops.operation language plpgsql as $$
declare
  o operation;
begin
  o := jsonb_populate_record(null::operation, p_index);
  o.id := p_id;
  o.version := p_n;
  o.ord := p_n;
  o.state := p_state;
  o.finished_n := case when p_state = 'queued' then null else p_n end;
  o.finished_at := case when p_state = 'queued' then null else coalesce(o.finished_at, clock_timestamp()) end;
  o.partition := coalesce(o.partition, 'end');
  o.host := null;
  o.session := null;
  o.fence := null;
  o.attempt := 0;
  return o;
end $$;

-- The operation after a decision about it with number p_n.
create function liveops.changed(o liveops.operation, i liveops.item, p_n bigint) returns liveops.operation language plpgsql as $$
declare
  was text := o.state;
  v_index jsonb := coalesce(i.index, '{}') - array['id', 'version', 'ord', 'finished_n', 'host', 'session', 'fence', 'attempt'];
begin
  o := jsonb_populate_record(o, v_index - 'state');
  o.version := p_n;
  case i.kind
    when 'requeued', 'retried' then
      o.state := 'queued';
      o.finished_n := null;
      o.finished_at := null;
      if not v_index ? 'retry_at' then
        o.retry_at := null;
      end if;
      -- The host stays: it ran the operation last. Only the fence decides who may write.
      o.session := null;
      o.fence := null;
    when 'finished' then
      o.state := v_index->>'state';
      if o.state not in ('succeeded', 'failed', 'cancelled') then
        raise exception '% cannot finish as %', i.id, o.state using errcode = '22023';
      end if;
      o.finished_n := p_n;
      o.finished_at := coalesce(o.finished_at, clock_timestamp());
      o.retry_at := null;
      if was = 'queued' or i.takeover then
        o.fence := null;
      end if;
    else
      null;
  end case;
  return o;
end $$;

create function liveops.keep_key(p_id text, p_key jsonb) returns void language plpgsql as $$
begin
  if jsonb_typeof(p_key) = 'object' then
    insert into key (key, hash, id, at) values (p_key->>'key', p_key->>'hash', p_id, coalesce((p_key->>'at')::timestamptz, clock_timestamp()))
      on conflict (key) do update set hash = excluded.hash, id = excluded.id, at = excluded.at, removed_at = null;
  end if;
end $$;

-- The items with their numbers, from p_after + 1.
create function liveops.numbered(p_items liveops.item[], p_after bigint) returns table (n bigint, item liveops.item) language sql stable as $$
  select p_after + row_number() over (), i from unnest(p_items) i
$$;

-- Records items that were judged, with the numbers after p_after. No two are about one operation or one key.
create function liveops.record_items(p_items liveops.item[], p_after bigint, p_origin text) returns void language plpgsql as $$
declare
  kinds text[] := '{}';
  has_successor boolean := false;
  has_key boolean := false;
  i item;
  o operation;
begin
  foreach i in array p_items loop
    kinds := kinds || i.kind;
    has_successor := has_successor or i.successor is not null;
    has_key := has_key or i.key is not null;
  end loop;
  insert into decision (n, id, kind, body, secret, token, origin)
    select x.n, (x.item).id, (x.item).kind, (x.item).body, (x.item).secret, (x.item).token, p_origin from numbered(p_items, p_after) x;
  if 'submitted' = any (kinds) then
    insert into operation
      select b.* from numbered(p_items, p_after) x cross join lateral born(x.n, (x.item).id, (x.item).index, 'queued') b
      where (x.item).kind = 'submitted';
    if has_key then
      perform keep_key(id, key) from unnest(p_items) where kind = 'submitted' and key is not null;
    end if;
  end if;
  if not kinds <@ array['submitted', 'removed'] then
    for o in
      select c.* from numbered(p_items, p_after) x
        cross join lateral (select t as whole from operation t where t.id = (x.item).id offset 0) was
        cross join lateral changed(was.whole, x.item, x.n) c
        where (x.item).kind not in ('submitted', 'removed')
    loop
      -- By the id alone: a join may read all operations, by a plan from a time of few. Indexes stay as they are where their columns do.
      update operation set (version, state, queue, finished_n, finished_at, not_before, retry_at, requires, pin, partition, history_key,
          text, host, session, fence, attempt)
        = (o.version, o.state, o.queue, o.finished_n, o.finished_at, o.not_before, o.retry_at, o.requires, o.pin, o.partition, o.history_key,
          o.text, o.host, o.session, o.fence, o.attempt)
        where id = o.id;
    end loop;
  end if;
  if 'removed' = any (kinds) then
    delete from operation t using unnest(p_items) x where x.kind = 'removed' and t.id = x.id;
    update key k set removed_at = clock_timestamp() from unnest(p_items) x where x.kind = 'removed' and k.id = x.id;
    insert into removed (id, n)
      select (x.item).id, x.n from numbered(p_items, p_after) x where (x.item).kind = 'removed'
      on conflict (id) do update set n = excluded.n, at = excluded.at;
  end if;
  if has_successor then
    perform record_successor(x.n, p_origin, (x.item).successor) from numbered(p_items, p_after) x
      where (x.item).successor is not null;
  end if;
end $$;

-- The next operation of a chain has the number of the end of the one before it.
create function liveops.record_successor(p_n bigint, p_origin text, s jsonb) returns void language plpgsql as $$
declare
  o operation;
begin
  o := born(p_n, s->>'id', s->'index', case when jsonb_typeof(s->'cancelled') = 'string' then 'cancelled' else 'queued' end);
  insert into operation values (o.*);
  insert into decision (n, id, part, kind, body, secret, origin) values (p_n, o.id, 1, 'submitted', s->>'body', s->>'secret', p_origin);
  if o.state = 'cancelled' then
    insert into decision (n, id, part, kind, body, origin) values (p_n, o.id, 2, 'finished', s->>'cancelled', p_origin);
  end if;
  perform keep_key(o.id, s->'key');
end $$;
`;
