/**
 * Functions that the others begin with: who calls, and whether the engine still holds every write.
 *
 * Whatever appends a decision takes one lock first and holds it until the commit. So decisions
 * commit in the order of their numbers, no check can be outdated, and no two calls can wait for
 * each other.
 */
export const GUARD = `
create function liveops.current_timeline() returns int language sql as $$
  select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
$$;

-- Reads a file: only where a call is rare.
create function liveops.current_system() returns text language sql as $$
  select system_identifier::text from pg_control_system()
$$;

-- Tells two decisions of one number apart: microseconds since 1970.
create function liveops.mark(p_at timestamptz) returns bigint language sql stable as $$
  select (extract(epoch from p_at) * 1000000)::bigint
$$;

-- The functions run as the owner of the schema, who may do everything.
create function liveops.may(p_role text) returns boolean language sql stable as $$
  select session_user = current_user
    or coalesce(pg_has_role(session_user, to_regrole(p_role)::oid, 'member'), false)
$$;

create function liveops.require(p_role text) returns void language plpgsql as $$
begin
  if not may(p_role) then
    raise exception '% is no member of the role %', session_user, p_role using errcode = 'LF403';
  end if;
end $$;

-- Whether the engine does not hold all that the caller knows: decision p_known, marked p_mark.
create function liveops.lost_writes(h liveops.head, p_known bigint, p_mark bigint) returns boolean language plpgsql as $$
declare
  v_at timestamptz;
begin
  if h.held or p_known > h.n or h.timeline <> current_timeline() then
    return true;
  end if;
  if p_mark is not null then
    -- None where the decision was deleted with its operation.
    select at into v_at from decision where n = p_known and part = 0;
    return coalesce(mark(v_at) <> p_mark, false);
  end if;
  return false;
end $$;

create function liveops.guard(h liveops.head, p_known bigint, p_mark bigint, p_rare boolean default false) returns void language plpgsql as $$
begin
  if lost_writes(h, p_known, p_mark) or (p_rare and h.system <> current_system()) then
    raise exception 'the engine may have lost writes: each host must offer what it knows first' using errcode = 'LF002';
  end if;
end $$;

-- No role acts as the host of another one. Hosts with one role are not told apart.
create function liveops.require_own(p_host text) returns void language plpgsql as $$
declare
  v_role text;
begin
  select role into v_role from host where name = p_host;
  if v_role <> session_user and session_user <> current_user then
    raise exception 'the host % belongs to the database role %, and this is %', p_host, v_role, session_user using errcode = 'LF403';
  end if;
end $$;

create function liveops.require_session(p_host text, p_session bigint) returns void language plpgsql as $$
begin
  perform require_own(p_host);
  perform from host where name = p_host and session = p_session and state = 'up';
  if not found then
    raise exception 'session % of host % is over', p_session, p_host using errcode = 'LF001';
  end if;
end $$;

-- The lock is held until the commit is visible. What is read after it is read anew, by the isolation that PostgreSQL has
-- unless somebody changed it.
create function liveops.lock_fleet() returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the fleet needs the isolation level read committed' using errcode = '25001';
  end if;
  perform pg_advisory_xact_lock(7812736915);
end $$;

-- The head, with the number of the last decision.
create function liveops.read_head() returns liveops.head language plpgsql stable as $$
declare
  h head;
  last bigint;
begin
  select * into h from head;
  select n into last from decision order by n desc limit 1;
  if last > h.n then
    h.n := last;
  end if;
  return h;
end $$;

-- Begins each call that appends.
create function liveops.lock_head(p_host text, p_session bigint, p_known bigint, p_mark bigint) returns liveops.head language plpgsql as $$
declare
  h head;
begin
  perform lock_fleet();
  h := read_head();
  perform guard(h, p_known, p_mark);
  if p_host is not null then
    perform require_session(p_host, p_session);
  end if;
  return h;
end $$;

-- Whether nobody runs the operation any more: its host is lost, gone, or began another session.
create function liveops.is_abandoned(o liveops.operation) returns boolean language sql stable as $$
  select not exists (select from host where name = o.host and session = o.session and state = 'up')
$$;
`;
