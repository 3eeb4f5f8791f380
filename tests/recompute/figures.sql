-- Twelve indicators in DuckDB's SQL, written from their definitions in words, not from sql/.
-- Before it runs there are the tables of one release as its data files hold them, and `run_day`.

-- The official lists in force on the last day of each year, or on the run date.
create or replace temp table years as
select cast(y as varchar) as period, least(make_date(cast(y as int), 12, 31), run_day) as day
from run_day, range(2000, year(run_day) + 1) as t (y);

create or replace temp table lists as
select *, if(kind in ('CC', 'CA', 'CU', 'METRO'), 'epci', if(kind like '%commune', 'commune', kind)) as list
from authorities;

-- Groupings name the SIREN of their communes, which the lists of communes before 2023 do not.
create or replace temp table named as
select edition_date, split_part(m, '/', 1) as code, split_part(m, '/', 2) as siren
from (select edition_date, unnest(string_split(members, ' ')) as m from lists where members is not null);

create or replace temp table units as
with newest as (
    select period, day, list, max(edition_date) as edition_date
    from years join (select distinct list, edition_date from lists) on edition_date <= day
    group by all
)
select distinct newest.period, newest.day, coalesce(
    l.siren,
    (select min(n.siren) from named n where l.kind = 'commune' and n.code = l.code and n.edition_date = l.edition_date),
    (select arg_min(k.siren, k.edition_date) from lists k
     where k.kind = l.kind and k.code = l.code and k.edition_date >= l.edition_date and k.siren is not null)
) as siren
from newest join lists l using (list, edition_date)
where kind in ('commune', 'CC', 'CA', 'CU', 'METRO', 'departement', 'region');
delete from units where siren is null;

create or replace temp table tenders as
select *, closing_date <= run_day and status <> 'cancelled' as closed
from consultations, run_day where status <> 'draft';

create or replace temp table said as
select siren, period, variable, item,
    if(status = 'answered' and value = trunc(value), 'observed', if(status = 'not_concerned', 'not_concerned', 'not_reported')) as status,
    if(value = trunc(value), cast(value as bigint), null) as total
from reported;


-- A01
create or replace temp table "A01" as
select siren, period, coalesce(n, 0) as numerator, null as denominator, coalesce(n, 0)::double as value, 'observed' as status
from (select siren, period from units union select siren, period from tenders)
left join (select siren, period, count(*) as n from tenders group by all) using (siren, period)
where period in (select period from tenders);

-- A02
create or replace temp table "A02" as
with t as (select siren, period, count(*) as n from tenders group by all),
r as (select * from said where variable = 'CONS_TOT' and item = 'all')
select siren, period, if(status = 'observed', coalesce(n, 0), null) as numerator, if(status = 'observed', total, null) as denominator,
    coalesce(status, 'not_reported') as status
from (select siren, period from units union select siren, period from t union select siren, period from r)
left join t using (siren, period) left join r using (siren, period)
where period in (select period from t);

-- A03
create or replace temp table "A03" as
select siren, period, count(*) filter (e_reply in ('allowed', 'required')) as numerator, count(e_reply) as denominator, 'observed' as status
from (select siren, period from units union select siren, period from tenders)
left join tenders using (siren, period)
where period in (select period from tenders)
group by siren, period;

-- A04: paper bids where one was entered, else the reported total. Where that is below the
-- electronic bids known, all of these are in the numerator, and the rate is an anomaly.
create or replace temp table "A04" as
with b as (
    select siren, period, count(*) filter (mode = 'electronic') as e, count(*) filter (mode <> 'electronic') as p,
        count(*) filter (mode = 'electronic' and not is_late) as in_time
    from bids group by all
),
r as (select * from said where variable = 'PLI_TOT' and item = 'all'),
j as (
    select siren, period, if(p > 0, 'observed', coalesce(status, 'not_reported')) as status,
        if(p > 0, e + p, total) as total, if(p = 0 and total < e, e, coalesce(in_time, 0)) as n
    from (select siren, period from units union select siren, period from b union select siren, period from r)
    left join b using (siren, period) left join r using (siren, period)
    where period in (select period from b)
)
select siren, period, if(status = 'observed', n, null) as numerator, if(status = 'observed', total, null) as denominator, status from j;

-- A05, A06: of closed tenders, the electronic bids, and those that have one.
create or replace temp table answered as
select t.siren, t.period, t.consultation_id, (select count(*) from bids b where b.consultation_id = t.consultation_id and b.mode = 'electronic') as n
from tenders t where closed;

create or replace temp table "A05" as
select siren, period, coalesce(sum(n), 0) as numerator, count(consultation_id) as denominator, 'observed' as status
from (select siren, period from units union select siren, period from answered)
left join answered using (siren, period)
where period in (select period from tenders)
group by siren, period;

create or replace temp table "A06" as
select siren, period, count(*) filter (n > 0) as numerator, count(consultation_id) as denominator, 'observed' as status
from (select siren, period from units union select siren, period from answered)
left join answered using (siren, period)
where period in (select period from tenders)
group by siren, period;

-- A08, A09, A10: acts acknowledged and not cancelled.
create or replace temp table sent as
select *, regexp_extract(subject_code, '^[0-9]+\.[0-9]+') as subject from acts
where status >= 4 and acknowledged_date is not null and not is_cancelled;

create or replace temp table "A08" as
with a as (select siren, period, count(*) as n from sent group by all),
r as (select * from said where variable = 'ACT_TOT' and item = 'all')
select siren, period, if(status = 'observed', coalesce(n, 0), null) as numerator, if(status = 'observed', total, null) as denominator,
    coalesce(status, 'not_reported') as status
from (select siren, period from units union select siren, period from acts union select siren, period from r)
left join a using (siren, period) left join r using (siren, period)
where period in (select period from acts);

create or replace temp table "A09" as
with a as (select siren, period, nature_code as item, count(*) as n from sent group by all),
r as (select * from said where variable = 'ACT_TOT' and item <> 'all')
select siren, period, item, if(status = 'observed', coalesce(n, 0), null) as numerator, if(status = 'observed', total, null) as denominator,
    coalesce(status, 'not_reported') as status
from (select siren, period from units union select siren, period from acts union select siren, period from r)
cross join (select unnest(['1', '2', '3', '4', '5', '6']) as item)
left join a using (siren, period, item) left join r using (siren, period, item)
where period in (select period from acts);

create or replace temp table "A10" as
select siren, period, subject as item, count(*) as numerator, sum(count(*)) over (partition by siren, period) as denominator, 'observed' as status
from sent group by siren, period, subject;

-- A13: of acknowledged flows, those signed.
create or replace temp table "A13" as
with f as (
    select * from flows f where message = 'aller' and exists (
        select 1 from flows a where a.message = 'acquit' and a.is_acknowledged and a.siren = f.siren and a.flow_id = f.flow_id)
)
select siren, period, count(*) filter (is_signed) as numerator, count(is_signed) as denominator, 'observed' as status
from (select siren, period from units union select siren, period from f)
left join f using (siren, period)
where period in (select period from flows where message = 'aller')
group by siren, period;

-- B01: members on the day; the last day of a membership is one.
create or replace temp table "B01" as
select u.siren, u.period, exists (
        select 1 from memberships m where m.siren = u.siren and m.start_date <= u.day and coalesce(m.end_date, u.day) >= u.day
    )::int as numerator, 1 as denominator, 'observed' as status
from units u
where u.period >= (select cast(year(min(start_date)) as varchar) from memberships);

-- B03: accounts with a session in the 90 days that end on the day.
create or replace temp table "B03" as
select u.siren, u.period, count(distinct s.account_key) as numerator, null as denominator,
    count(distinct s.account_key)::double as value, 'observed' as status
from units u
left join sessions s on s.siren = u.siren and s.session_date <= u.day and s.session_date > u.day - interval 90 day
where u.period in (select period from sessions)
group by u.siren, u.period;
