/**
 * An engine that lost writes: a standby that was promoted before it had all of them, or a restored
 * dump.
 *
 * The first offer opens a round and holds all other calls. Each host offers the operations whose
 * version is above the engine's number; its memory holds them all. When each live host has offered
 * or is lost, the offers become `restored` decisions, and numbers continue above the highest number
 * that a host knows.
 *
 * The engine may not know that a host lives: it joined later than the state of the engine, or had
 * left then. So each host names those that it knows as up. Such a host is waited for until it
 * offers, or its peers declare it lost.
 */
export const OFFERS = `
create function liveops.offer(p_host text, p_session bigint, p_known bigint, p_mark bigint, p_epoch int, p_join jsonb, p_items jsonb, p_final boolean) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
  me host;
  item jsonb;
  peer jsonb;
begin
  perform require('liveops_host');
  perform require_own(p_host);
  perform lock_fleet();
  h := read_head();
  select * into me from host where name = p_host for update;
  if me.session > p_session or (me.session = p_session and me.state <> 'up') then
    raise exception 'session % of host % is over', p_session, p_host using errcode = 'LF001';
  end if;
  if not lost_writes(h, p_known, p_mark) and h.system = current_system() then
    return jsonb_build_object('settled', true, 'n', h.n, 'epoch', h.epoch);
  end if;
  if not h.held then
    update head set held = true, round = round + 1, offered_n = 0, offered_epoch = 0, n = h.n returning * into h;
    delete from offer;
  end if;
  for item in select value from jsonb_array_elements(p_items) loop
    insert into offer (id, version, item) values (item->>'id', (item->>'version')::bigint, item)
      on conflict (id) do update set version = excluded.version, item = excluded.item where offer.version < excluded.version;
  end loop;
  update head set offered_n = greatest(offered_n, p_known), offered_epoch = greatest(offered_epoch, p_epoch);
  insert into host (name, owner, role, session, state, tags, slots, version, lost_after, known, offered)
    values (p_host, p_join->>'owner', nullif(session_user, current_user), p_session, 'up', array(select jsonb_array_elements_text(p_join->'tags')), (p_join->>'slots')::int,
      p_join->>'version', (p_join->>'lost_after')::float8, p_known, case when p_final then h.round else 0 end)
    on conflict (name) do update set session = excluded.session, state = 'up', renewals = host.renewals + 1, renewed_at = clock_timestamp(),
      owner = excluded.owner, role = coalesce(host.role, excluded.role), tags = excluded.tags, slots = excluded.slots, version = excluded.version, lost_after = excluded.lost_after,
      known = excluded.known, offered = case when p_final then h.round else host.offered end;
  for peer in select value from jsonb_array_elements(p_join->'peers') loop
    insert into host (name, session, state, tags, slots, version, lost_after)
      values (peer->>'name', (peer->>'session')::bigint, 'up', array(select jsonb_array_elements_text(peer->'tags')), (peer->>'slots')::int,
        peer->>'version', (peer->>'lostAfter')::float8)
      on conflict (name) do update set session = excluded.session, state = 'up', renewals = host.renewals + 1, renewed_at = clock_timestamp(),
        lost_after = excluded.lost_after
      where host.offered is distinct from h.round and host.session <= excluded.session and (host.state <> 'up' or host.session < excluded.session);
  end loop;
  perform settle();
  h := read_head();
  return jsonb_build_object('settled', not h.held, 'n', h.n, 'epoch', h.epoch);
end $$;

create function liveops.settle_offers() returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
begin
  perform require('liveops_host');
  perform lock_fleet();
  perform settle();
  h := read_head();
  return jsonb_build_object('settled', not h.held and h.timeline = current_timeline(), 'n', h.n, 'epoch', h.epoch);
end $$;

-- Ends the round if each host has offered or is lost. The caller holds the lock of the fleet.
create function liveops.settle() returns void language plpgsql as $$
declare
  h head;
  e offer;
  o operation;
  number bigint;
begin
  h := read_head();
  if not h.held or exists (select from host where state = 'up' and offered < h.round) then
    return;
  end if;
  number := greatest(h.n, h.offered_n);
  for e in select * from offer order by version, id loop
    if exists (select from operation where id = e.id and version >= e.version) then
      continue;
    end if;
    number := number + 1;
    insert into decision (n, id, kind, body, secret, origin)
      values (number, e.id, e.item->>'kind', e.item->>'body', e.item->>'secret', 'offer');
    delete from operation where id = e.id;
    if e.item->>'kind' = 'removed' then
      insert into removed (id, n) values (e.id, number) on conflict (id) do update set n = excluded.n, at = excluded.at;
      update key set removed_at = clock_timestamp() where id = e.id;
      continue;
    end if;
    o := jsonb_populate_record(born(number, e.id, e.item->'index', 'queued'), e.item->'index');
    o.id := e.id;
    o.version := number;
    if o.state not in ('queued', 'running') then
      o.finished_n := coalesce(o.finished_n, number);
      o.finished_at := coalesce(o.finished_at, clock_timestamp());
    end if;
    -- The place in the order is taken where the engine gave the number again.
    if exists (select from operation where ord = o.ord) then
      o.ord := number;
    end if;
    insert into operation values (o.*);
    perform keep_key(o.id, e.item->'key');
  end loop;
  delete from offer;
  update head set n = number, epoch = greatest(h.epoch, h.offered_epoch) + 1, held = false,
    timeline = current_timeline(), system = current_system();
end $$;
`;
