/** Records one decision: its row, the operation's row, and the idempotency key. */
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

-- Writes the row back. PostgreSQL leaves indexes alone whose columns did not change.
create function liveops.save(o liveops.operation) returns void language plpgsql as $$
begin
  update operation set (version, state, queue, finished_n, finished_at, not_before, retry_at, requires, pin, partition, history_key,
      text, host, session, fence, attempt)
    = (o.version, o.state, o.queue, o.finished_n, o.finished_at, o.not_before, o.retry_at, o.requires, o.pin, o.partition, o.history_key,
      o.text, o.host, o.session, o.fence, o.attempt)
    where id = o.id;
end $$;

create function liveops.keep_key(p_id text, p_key jsonb) returns void language plpgsql as $$
begin
  if jsonb_typeof(p_key) = 'object' then
    insert into key (key, hash, id, at) values (p_key->>'key', p_key->>'hash', p_id, coalesce((p_key->>'at')::timestamptz, clock_timestamp()))
      on conflict (key) do update set hash = excluded.hash, id = excluded.id, at = excluded.at, removed_at = null;
  end if;
end $$;

-- Records one decision as number p_n.
create function liveops.record_decision(p_n bigint, p_token uuid, p_origin text, item jsonb) returns void language plpgsql as $$
declare
  o operation;
  was text;
  s jsonb := item->'successor';
  v_id text := item->>'id';
  v_kind text := item->>'kind';
  v_index jsonb := coalesce(item->'index', '{}') - array['id', 'version', 'ord', 'finished_n', 'host', 'session', 'fence', 'attempt'];
begin
  insert into decision (n, id, kind, body, secret, token, origin)
    values (p_n, v_id, v_kind, item->>'body', item->>'secret', p_token, p_origin);
  select * into o from operation where id = v_id;
  was := o.state;
  if v_kind = 'removed' then
    delete from operation where id = v_id;
    update key set removed_at = clock_timestamp() where id = v_id;
    insert into removed (id, n) values (v_id, p_n) on conflict (id) do update set n = excluded.n, at = excluded.at;
    return;
  end if;
  if was is null then
    o := born(p_n, v_id, v_index, 'queued');
    insert into operation values (o.*);
    perform keep_key(v_id, item->'key');
    return;
  end if;
  o := jsonb_populate_record(o, v_index - 'state');
  o.version := p_n;
  case v_kind
    when 'requeued', 'retried' then
      o.state := 'queued';
      o.finished_n := null;
      o.finished_at := null;
      if not v_index ? 'retry_at' then
        o.retry_at := null;
      end if;
      -- The host stays: lists find the operation by the host that ran it last. Only the fence decides who may write.
      o.session := null;
      o.fence := null;
    when 'finished' then
      o.state := v_index->>'state';
      if o.state not in ('succeeded', 'failed', 'cancelled') then
        raise exception '% cannot finish as %', v_id, o.state using errcode = '22023';
      end if;
      o.finished_n := p_n;
      o.finished_at := coalesce(o.finished_at, clock_timestamp());
      o.retry_at := null;
      if was = 'queued' or (item->>'takeover')::boolean then
        o.fence := null;
      end if;
    else
      null;
  end case;
  perform save(o);
  if jsonb_typeof(s) = 'object' then
    o := born(p_n, s->>'id', s->'index', case when jsonb_typeof(s->'cancelled') = 'string' then 'cancelled' else 'queued' end);
    insert into operation values (o.*);
    insert into decision (n, id, part, kind, body, secret, origin) values (p_n, o.id, 1, 'submitted', s->>'body', s->>'secret', p_origin);
    if o.state = 'cancelled' then
      insert into decision (n, id, part, kind, body, origin) values (p_n, o.id, 2, 'finished', s->>'cancelled', p_origin);
    end if;
    perform keep_key(o.id, s->'key');
  end if;
end $$;
`;
