/**
 * `append`: decisions, each judged by the version of its operation.
 *
 * A call brings groups of independent callers. A group is recorded completely or not at all, and has its own verdict:
 * `{"n": last}`, or `{"code": "LF400" | "LF403" | "LF409" | "LF410" | "LF411", "id": …}`. Checks come before writes, so a refused
 * group needs no savepoint.
 */
export const APPEND = `
-- The states in which a kind of decision may meet an operation; null: there is none yet.
create function liveops.meets(p_kind text, p_state text) returns boolean language sql immutable as $$
  select case p_kind
    when 'submitted' then p_state is null
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
      return jsonb_build_object('code', 'LF400', 'id', v_id, 'state', o.state, 'kind', v_kind);
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

create function liveops.append(p_host text, p_session bigint, p_known bigint, p_mark bigint, p_groups jsonb) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
  g jsonb;
  items jsonb;
  verdict jsonb;
  verdicts jsonb := '[]';
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
        perform record_decision(number, v_token, v_origin, items->inner_place);
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
  return verdicts;
end $$;
`;
