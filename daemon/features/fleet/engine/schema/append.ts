/**
 * `append`: decisions, each judged by the version of its operation.
 *
 * A call brings the items of independent callers. Those of a caller are recorded completely or not
 * at all, and have their own verdict: `{"n": last}`, or `{"code": "LF400" | "LF403" | "LF409" |
 * "LF410" | "LF411" | "LF413", "id": …}`. Checks come before writes, so a refused caller needs no
 * savepoint.
 *
 * The items of all callers are judged in one query and recorded in one (`record.ts`). Callers that
 * name one operation or one key take turns after that.
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
    when 'waits' then p_state = 'running'
    when 'finished' then p_state in ('queued', 'running')
    when 'retried' then p_state in ('failed', 'cancelled')
    when 'removed' then p_state <> 'running'
    else false end
$$;

-- Why an item cannot be recorded; null: it can. p_refused: the code by the id of each attempt whose pieces were not stored.
create function liveops.refusal(p_host text, p_is_host boolean, p_refused jsonb, i liveops.item, o liveops.operation, k liveops.key)
returns jsonb language plpgsql stable as $$
begin
  if not p_is_host and i.kind not in ('submitted', 'edited', 'cancelled', 'paused', 'waits', 'retried', 'removed', 'finished') then
    return jsonb_build_object('code', 'LF403', 'id', i.id);
  end if;
  if i.fence is not null and (o.fence is distinct from i.fence or o.host is distinct from p_host) then
    return jsonb_build_object('code', 'LF411', 'id', i.id);
  end if;
  if o.version is distinct from i.expect then
    return jsonb_build_object('code', 'LF409', 'id', i.id, 'version', o.version);
  end if;
  if not coalesce(meets(i.kind, o.state), false) then
    return jsonb_build_object('code', 'LF400', 'id', i.id, 'state', o.state, 'kind', i.kind);
  end if;
  if o.state = 'running' and i.kind in ('finished', 'requeued') then
    if not p_is_host then
      return jsonb_build_object('code', 'LF403', 'id', i.id);
    elsif i.takeover then
      if not is_abandoned(o) then
        return jsonb_build_object('code', 'LF411', 'id', i.id);
      end if;
    elsif i.fence is null then
      return jsonb_build_object('code', 'LF411', 'id', i.id);
    elsif p_refused ? i.id then
      return jsonb_build_object('code', p_refused->>i.id, 'id', i.id);
    end if;
  end if;
  if k.key is not null then
    return jsonb_build_object('code', 'LF410', 'id', k.id, 'key', k.key, 'hash', k.hash);
  end if;
  if i.successor is not null then
    perform from operation where id = i.successor->>'id';
    if found then
      return jsonb_build_object('code', 'LF409', 'id', i.successor->>'id');
    end if;
  end if;
  return null;
end $$;

-- What an item names: operations, and keys after a blank, which no id has.
create function liveops.names(i liveops.item) returns text[] language sql immutable as $$
  select array_remove(array[i.id, i.successor->>'id', ' ' || (i.key->>'key'), ' ' || (i.successor->'key'->>'key')], null)
$$;

-- The first refusal of each caller; null: none. takes_turns: it names what p_shared has.
create function liveops.judge(p_host text, p_is_host boolean, p_refused jsonb, p_items liveops.item[], p_shared text[])
returns table (caller int, items liveops.item[], refusal jsonb, takes_turns boolean) language plpgsql stable as $$
begin
  return query select j.caller, array_agg(j.item order by j.place), (array_agg(j.refusal order by j.place) filter (where j.refusal is not null))[1],
    bool_or(names(j.item) && p_shared)
  from (
    select x.*, refusal(p_host, p_is_host, p_refused, x.item, o.whole, k.whole) as refusal
    from (select i as item, i.caller, i.id, i.key->>'key' as key, row_number() over () as place from unnest(p_items) i) x
    left join lateral (select t as whole from operation t where t.id = x.id offset 0) o on true
    left join lateral (select t as whole from key t where t.key = x.key
      and (t.removed_at is null or t.removed_at > clock_timestamp() - interval '1 day') offset 0) k on true
  ) j group by j.caller;
end $$;

-- What was recorded cannot be recorded again: only a refused caller can be one that calls again.
create function liveops.verdict_of(p_last liveops.item, p_refusal jsonb) returns jsonb language plpgsql stable as $$
declare
  recorded bigint;
begin
  select max(n) into recorded from decision where id = p_last.id and token = p_last.token and part = 0;
  return case when recorded is null then p_refusal else jsonb_build_object('n', recorded) end;
end $$;

-- Callers that share an operation or a key with others, or name one twice, one after the other: later items on the same
-- operation build on the first one.
create function liveops.append_in_turn(p_host text, p_is_host boolean, p_origin text, p_refused jsonb, p_items liveops.item[],
  inout number bigint, out verdict jsonb) language plpgsql as $$
declare
  firsts liveops.item[] := '{}';
  seen text[] := '{}';
  i item;
begin
  foreach i in array p_items loop
    if i.id = any (seen) then
      continue;
    end if;
    firsts := firsts || i;
    if ' ' || (i.key->>'key') = any (seen) then
      verdict := coalesce(verdict, jsonb_build_object('code', 'LF410', 'id', i.id, 'key', i.key->>'key', 'hash', i.key->>'hash'));
    elsif i.successor->>'id' = any (seen) then
      verdict := coalesce(verdict, jsonb_build_object('code', 'LF409', 'id', i.successor->>'id'));
    end if;
    seen := seen || names(i);
  end loop;
  select coalesce(j.refusal, verdict) into verdict from judge(p_host, p_is_host, p_refused, firsts, '{}') j;
  if verdict is not null then
    verdict := verdict_of(p_items[cardinality(p_items)], verdict);
    return;
  end if;
  foreach i in array p_items loop
    perform record_items(array[i], number, p_origin);
    number := number + 1;
  end loop;
  verdict := jsonb_build_object('n', number);
end $$;

-- The verdicts by caller. number: of the last decision, before and after.
create function liveops.append(p_host text, p_refused jsonb, p_items json, inout number bigint, out verdicts jsonb) language plpgsql as $$
declare
  is_host boolean := may('liveops_host');
  v_origin text := coalesce(p_host, session_user);
  items item[] := array(select i from json_populate_recordset(null::item, p_items) i);
  shared text[] := '{}';
  good item[] := '{}';
  verdict jsonb;
  c record;
begin
  verdicts := '{}';
  if cardinality(items) = 0 then
    return;
  elsif cardinality(items) > 1 then
    shared := array(select name from unnest(items) i, unnest(names(i)) name group by name having count(*) > 1);
  end if;
  for c in select * from judge(p_host, is_host, p_refused, items, shared) loop
    if c.takes_turns then
      continue;
    end if;
    if c.refusal is null then
      good := good || c.items;
      verdict := jsonb_build_object('n', number + cardinality(good));
    else
      verdict := verdict_of(c.items[cardinality(c.items)], c.refusal);
    end if;
    verdicts := verdicts || jsonb_build_object(c.caller, verdict);
  end loop;
  if cardinality(good) > 0 then
    perform record_items(good, number, v_origin);
  end if;
  number := number + cardinality(good);
  if cardinality(shared) > 0 then
    for c in select caller, array_agg(i) as items from unnest(items) i
      group by caller having bool_or(names(i) && shared) order by caller loop
      select * into number, verdict from append_in_turn(p_host, is_host, v_origin, p_refused, c.items, number);
      verdicts := verdicts || jsonb_build_object(c.caller, verdict);
    end loop;
  end if;
end $$;
`;
