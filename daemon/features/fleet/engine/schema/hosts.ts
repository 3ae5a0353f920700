/**
 * Hosts: `join` begins a session, `renew` keeps it, a peer ends it with `declare_lost`.
 *
 * A session changes only under the lock of the fleet. So a call that appends either commits before
 * its session ends, or finds the session over.
 */
export const HOSTS = `
create function liveops.join(p_name text, p_owner text, p_tags text[], p_slots int, p_version text, p_lost_after float8, p_status jsonb) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
  old host;
  v_session bigint;
begin
  perform require('liveops_host');
  perform require_own(p_name);
  perform lock_fleet();
  h := read_head();
  select * into old from host where name = p_name for update;
  if old.state = 'up' and old.owner is not null and old.owner <> p_owner
    and old.renewed_at > clock_timestamp() - make_interval(secs => old.lost_after) then
    raise exception 'another daemon is host % of the fleet', p_name using errcode = 'LF412';
  end if;
  v_session := coalesce(old.session, 0) + 1;
  insert into host (name, owner, role, session, state, tags, slots, version, lost_after, status, known)
    values (p_name, p_owner, nullif(session_user, current_user), v_session, 'up', p_tags, p_slots, p_version, p_lost_after, p_status, 0)
    on conflict (name) do update set owner = p_owner, role = coalesce(host.role, excluded.role), session = v_session, renewals = 0, state = 'up', known = 0, tags = p_tags, slots = p_slots,
      version = p_version, lost_after = p_lost_after, status = p_status, joined_at = clock_timestamp(), renewed_at = clock_timestamp();
  -- Workers outlive their daemon. Those of a lost host may be another host's by now, except those that nobody takes over.
  update operation set session = v_session where host = p_name and state = 'running'
    and (old.state = 'up' and session = old.session or partition = 'finish');
  return jsonb_build_object('session', v_session, 'n', h.n, 'epoch', h.epoch, 'held', h.held, 'draining', coalesce(old.draining, false),
    'now', extract(epoch from clock_timestamp()) * 1000);
end $$;

-- Null: the session is over.
create function liveops.renew(p_name text, p_session bigint, p_known bigint, p_mark bigint, p_applied bigint, p_status jsonb) returns jsonb
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  h head;
  me host;
begin
  perform require('liveops_host');
  perform require_own(p_name);
  perform set_config('synchronous_commit', 'off', true);
  h := read_head();
  select * into me from host where name = p_name and session = p_session;
  -- A host that has offered waits for the others, and lives meanwhile.
  if not (h.held and me.offered is not distinct from h.round) then
    perform guard(h, p_known, p_mark, true);
  end if;
  update host set renewals = renewals + 1, renewed_at = clock_timestamp(), status = coalesce(p_status, status), known = p_applied
    where name = p_name and session = p_session and state = 'up' returning * into me;
  if not found then
    return null;
  end if;
  return jsonb_build_object('renewals', me.renewals, 'draining', me.draining, 'epoch', h.epoch, 'held', h.held,
    'now', extract(epoch from clock_timestamp()) * 1000);
end $$;

-- p_by null: an operator declares the host lost.
create function liveops.declare_lost(p_by text, p_by_session bigint, p_name text, p_session bigint, p_renewals bigint) returns boolean
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  is_lost boolean;
begin
  perform require(case when p_by is null then 'liveops_operator' else 'liveops_host' end);
  perform lock_fleet();
  if p_by is not null then
    perform require_session(p_by, p_by_session);
  end if;
  update host set state = 'lost' where name = p_name and state = 'up'
    and (p_session is null or session = p_session) and (p_renewals is null or renewals = p_renewals);
  is_lost := found;
  perform settle();
  return is_lost;
end $$;

-- False: operations still run on the host, or its session is over.
create function liveops.leave(p_name text, p_session bigint) returns boolean
language plpgsql security definer set search_path = liveops, pg_temp as $$
declare
  has_left boolean;
begin
  perform require('liveops_host');
  perform require_own(p_name);
  perform lock_fleet();
  update host set state = 'left' where name = p_name and session = p_session and state = 'up'
    and not exists (select from operation o where o.host = p_name and o.state = 'running');
  has_left := found;
  perform settle();
  return has_left;
end $$;

create function liveops.drain(p_name text, p_draining boolean) returns boolean
language plpgsql security definer set search_path = liveops, pg_temp as $$
begin
  perform require('liveops_operator');
  update host set draining = p_draining where name = p_name;
  return found;
end $$;

-- Running operations whose host is lost or began another session.
create function liveops.abandoned() returns setof liveops.operation
language sql stable security definer set search_path = liveops, pg_temp as $$
  select o.* from operation o where o.state = 'running' and is_abandoned(o) order by o.version
$$;
`;
