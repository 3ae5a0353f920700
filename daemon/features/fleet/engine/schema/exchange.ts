/**
 * `exchange`: the one call of a host in a turn. What it decides and claims goes in; verdicts and
 * new decisions come out.
 */
export const EXCHANGE = `
-- In the order of the parameters: pieces are stored, items appended, operations claimed. p_pieces are the last lines of attempts that
-- items end: an item is refused whose pieces were not stored. p_claim null: nothing is claimed. Decisions after p_after are answered,
-- at most p_limit. Plans are kept: the planner takes longer than the queries.
create function liveops.exchange(p_host text, p_session bigint, p_known bigint, p_mark bigint,
  p_ids text[], p_attempts int[], p_files text[], p_firsts bigint[], p_lasts bigint[], p_fences bigint[], p_sizes int[], p_bodies bytea,
  p_items json, p_claim jsonb, p_after bigint, p_limit int)
returns table (answer jsonb, n bigint, id text, body text, secret text, origin text, mark bigint)
language plpgsql security definer set search_path = liveops, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  h head;
  refused jsonb := '{}';
  verdicts jsonb;
  claims jsonb := '[]';
begin
  perform require(case when p_host is null then 'liveops_operator' else 'liveops_host' end);
  if p_host is null and (p_claim is not null or cardinality(p_ids) > 0) then
    raise exception 'only a host runs operations' using errcode = 'LF403';
  end if;
  h := lock_head(p_host, p_session, p_known, p_mark);
  if cardinality(p_ids) > 0 then
    refused := (select coalesce(jsonb_object_agg(value->>'id', case value->>'verdict' when 'fenced' then 'LF411' else 'LF413' end), '{}')
      from jsonb_array_elements(store_pieces(p_host, p_session, p_ids, p_attempts, p_files, p_firsts, p_lasts, p_fences, p_sizes, p_bodies)));
  end if;
  select a.number, a.verdicts into h.n, verdicts from append(p_host, refused, p_items, h.n) a;
  if p_claim is not null then
    select c.number, c.claims into h.n, claims from claim(h, p_host, p_session, p_claim, h.n) c;
  end if;
  return query select * from news(jsonb_build_object('head', h.n, 'epoch', h.epoch, 'settings', h.settings, 'types', h.types, 'verdicts', verdicts, 'claims', claims), p_after, p_limit);
end $$;
`;
