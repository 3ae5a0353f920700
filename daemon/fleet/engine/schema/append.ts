/**
 * `append`: decisions, each judged by the version of its operation.
 *
 * A call brings groups of independent callers. A group is recorded completely or not at all, and has its own verdict:
 * `{"n": last}`, or `{"code": "LF409" | "LF410" | "LF411" | "LF403", "id": …}`. Checks come before writes, so a refused
 * group needs no savepoint.
 */
export const APPEND = `
-- The states in which a kind of decision may meet an operation; null: there is none yet.
create function liveops.meets(p_kind text, p_state text) returns boolean language sql immutable as $$
  select case p_kind
    when 'submitted' then p_state is null
    when 'restored' then true
    when 'edited' then p_state = 'queued'
    when 'requeued' then p_state = 'running'
    when 'cancelled' then p_state = 'running'
    when 'paused' then p_state = 'running'
    when 'finished' then p_state in ('queued', 'running')
    when 'retried' then p_state in ('failed', 'cancelled')
    when 'removed' then p_state <> 'running'
    else false end
$$;

-- Why a group cannot be recorded; null: it can. Later items on the same operation build on the first one.
create function liveops.refusal(p_host text, p_is_host boolean, p_items jsonb) returns jsonb language plpgsql as $$
declare
  item jsonb;
  o operation;
  k key;
  seen text[] := '{}';
  keys text[] := '{}';
  v_id text;
  v_kind text;
  v_key text;
  v_fence bigint;
begin
  for place in 0 .. jsonb_array_length(p_items) - 1 loop
    item := p_items->place;
    v_id := item->>'id';
    v_kind := item->>'kind';
    if not p_is_host and v_kind not in ('submitted', 'edited', 'cancelled', 'paused', 'retried', 'removed', 'finished') then
      return jsonb_build_object('code', 'LF403', 'id', v_id);
    end if;
    if v_id = any (seen) then
      continue;
    end if;
    seen := seen || v_id;
    select * into o from operation where id = v_id;
    v_fence := (item->>'fence')::bigint;
    if v_fence is not null and (o.fence is distinct from v_fence or o.host is distinct from p_host) then
      return jsonb_build_object('code', 'LF411', 'id', v_id);
    end if;
    if o.version is distinct from (item->>'expect')::bigint then
      return jsonb_build_object('code', 'LF409', 'id', v_id, 'version', o.version);
    end if;
    if not coalesce(meets(v_kind, o.state), false) then
      raise exception '% % cannot be %', coalesce(o.state, 'no'), v_id, v_kind using errcode = '22023';
    end if;
    if o.state = 'running' and v_kind in ('finished', 'requeued') then
      if not p_is_host then
        return jsonb_build_object('code', 'LF403', 'id', v_id);
      elsif (item->>'takeover')::boolean then
        if not is_abandoned(o) then
          return jsonb_build_object('code', 'LF411', 'id', v_id);
        end if;
      elsif v_fence is null then
        return jsonb_build_object('code', 'LF411', 'id', v_id);
      end if;
    end if;
    v_key := item->'key'->>'key';
    if v_key is not null then
      select * into k from key where key = v_key and (removed_at is null or removed_at > clock_timestamp() - interval '1 day');
      if found then
        return jsonb_build_object('code', 'LF410', 'id', k.id, 'key', v_key, 'hash', k.hash);
      elsif v_key = any (keys) then
        return jsonb_build_object('code', 'LF410', 'id', v_id, 'key', v_key, 'hash', item->'key'->>'hash');
      end if;
      keys := keys || v_key;
    end if;
    v_id := item->'successor'->>'id';
    if v_id is not null then
      perform from operation where id = v_id;
      if found or v_id = any (seen) then
        return jsonb_build_object('code', 'LF409', 'id', v_id);
      end if;
      seen := seen || v_id;
    end if;
  end loop;
  return null;
end $$;

-- A new operation. The caller's index names columns; these functions keep the others.
create function liveops.born(p_n bigint, p_id text, p_index jsonb, p_state text) returns liveops.operation language plpgsql as $$
declare
  o operation;
begin
  o := jsonb_populate_record(null::operation, p_index);
  o.id := p_id;
  o.version := p_n;
  o.ord := p_n;
  o.queued_n := p_n;
  o.state := p_state;
  o.finished_n := case when p_state = 'queued' then null else p_n end;
  o.finished_at := case when p_state = 'queued' then null else coalesce(o.finished_at, clock_timestamp()) end;
  o.queue := coalesce(o.queue, 'default');
  o.priority := coalesce(o.priority, 0);
  o.requires := coalesce(o.requires, '{}');
  o.partition := coalesce(o.partition, 'end');
  o.resumable := coalesce(o.resumable, false);
  o.text := coalesce(o.text, '');
  o.stop := false;
  o.host := null;
  o.session := null;
  o.fence := null;
  o.attempt := 0;
  return o;
end $$;

-- Writes the row back. PostgreSQL leaves indexes alone whose columns did not change.
create function liveops.save(o liveops.operation) returns void language plpgsql as $$
begin
  update operation set (version, state, op, label, queue, priority, queued_n, finished_n, finished_at, not_before, retry_at,
      requires, pin, partition, resumable, history_key, text, stop, host, session, fence, attempt)
    = (o.version, o.state, o.op, o.label, o.queue, o.priority, o.queued_n, o.finished_n, o.finished_at, o.not_before, o.retry_at,
      o.requires, o.pin, o.partition, o.resumable, o.history_key, o.text, o.stop, o.host, o.session, o.fence, o.attempt)
    where id = o.id;
end $$;

create function liveops.keep_key(p_id text, p_key jsonb) returns void language plpgsql as $$
begin
  if jsonb_typeof(p_key) = 'object' then
    insert into key (key, hash, id, at) values (p_key->>'key', p_key->>'hash', p_id, coalesce((p_key->>'at')::timestamptz, clock_timestamp()))
      on conflict (key) do update set hash = excluded.hash, id = excluded.id, at = excluded.at, removed_at = null;
  end if;
end $$;

-- Records one decision as number p_n. The states before and after, also of the successor, keep the counts.
create function liveops.record_decision(p_n bigint, p_token uuid, p_origin text, item jsonb, out was text, out became text, out also text) language plpgsql as $$
declare
  o operation;
  s jsonb := item->'successor';
  v_id text := item->>'id';
  v_kind text := item->>'kind';
  v_index jsonb := coalesce(item->'index', '{}') - array['id', 'version', 'ord', 'queued_n', 'finished_n', 'stop', 'host', 'session', 'fence', 'attempt'];
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
    o := born(p_n, v_id, v_index, case when v_kind = 'restored' then coalesce(v_index->>'state', 'queued') else 'queued' end);
    insert into operation values (o.*);
    perform keep_key(v_id, item->'key');
    became := o.state;
    return;
  end if;
  o := jsonb_populate_record(o, v_index - 'state');
  o.version := p_n;
  case v_kind
    when 'requeued', 'retried' then
      o.state := 'queued';
      o.queued_n := p_n;
      o.finished_n := null;
      o.finished_at := null;
      o.stop := false;
      o.host := null;
      o.session := null;
      o.fence := null;
    when 'cancelled' then
      o.stop := true;
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
    when 'restored' then
      o.state := coalesce(v_index->>'state', o.state);
    else
      null;
  end case;
  perform save(o);
  became := o.state;
  if jsonb_typeof(s) = 'object' then
    also := case when jsonb_typeof(s->'cancelled') = 'string' then 'cancelled' else 'queued' end;
    o := born(p_n, s->>'id', s->'index', also);
    insert into operation values (o.*);
    insert into decision (n, id, part, kind, body, secret, origin) values (p_n, o.id, 1, 'submitted', s->>'body', s->>'secret', p_origin);
    if also = 'cancelled' then
      insert into decision (n, id, part, kind, body, origin) values (p_n, o.id, 2, 'finished', s->>'cancelled', p_origin);
    end if;
    perform keep_key(o.id, s->'key');
  end if;
end $$;

create function liveops.append(p_host text, p_session bigint, p_known bigint, p_mark bigint, p_groups jsonb) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
  g jsonb;
  items jsonb;
  verdict jsonb;
  verdicts jsonb := '[]';
  change record;
  is_host boolean := may('liveops_host');
  v_origin text := coalesce(p_host, session_user);
  number bigint;
  recorded bigint;
  v_token uuid;
begin
  perform require(case when p_host is null then 'liveops_operator' else 'liveops_host' end);
  h := lock_head(p_host, p_session, p_known, p_mark);
  number := h.n;
  -- A loop over numbers costs less than a query, and groups are small.
  for place in 0 .. jsonb_array_length(p_groups) - 1 loop
    g := p_groups->place;
    items := g->'items';
    v_token := (g->>'token')::uuid;
    verdict := refusal(p_host, is_host, items);
    if verdict is null then
      for inner_place in 0 .. jsonb_array_length(items) - 1 loop
        number := number + 1;
        change := record_decision(number, v_token, v_origin, items->inner_place);
        h := tally(h, change.was, -1);
        h := tally(h, change.became, 1);
        h := tally(h, change.also, 1);
      end loop;
      verdict := jsonb_build_object('n', number);
    else
      -- What was recorded cannot be recorded again: only a refused group can be a repeated one.
      select max(n) into recorded from decision where id = items->-1->>'id' and token = v_token and part = 0;
      if recorded is not null then
        verdict := jsonb_build_object('n', recorded);
      end if;
    end if;
    verdicts := verdicts || verdict;
  end loop;
  if number > h.n then
    h.n := number;
    perform save_head(h);
  end if;
  return verdicts;
end $$;

create function liveops.tally(h liveops.head, p_state text, p_by int) returns liveops.head language plpgsql as $$
begin
  case p_state
    when 'queued' then h.queued := h.queued + p_by;
    when 'running' then h.running := h.running + p_by;
    when 'succeeded' then h.succeeded := h.succeeded + p_by;
    when 'failed' then h.failed := h.failed + p_by;
    when 'cancelled' then h.cancelled := h.cancelled + p_by;
    else null;
  end case;
  return h;
end $$;

create function liveops.save_head(h liveops.head) returns void language plpgsql as $$
begin
  update head set (n, queued, running, succeeded, failed, cancelled) = (h.n, h.queued, h.running, h.succeeded, h.failed, h.cancelled);
end $$;
`;
