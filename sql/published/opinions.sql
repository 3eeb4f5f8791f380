-- id: published.opinions
-- title: Avis des collectivités et leur intervalle / Opinions of authorities and their interval
-- unit: ratio
-- grain: indicator_id, item, period
-- version: 1, from 2007-01-01
-- definition: Part d'accord (B08, B09, B10) ou de oui (B12) de chaque item, son intervalle de Wilson
--   à 95 %, son solde, sa note moyenne et son rang dans l'enquête.
--   / Share of agreement (B08, B09, B10) or of yes (B12) of each item, its 95 % Wilson interval, its
--   net score, its mean point and its rank in the survey.
-- numerator: réponses 4 et 5, ou oui / answers 4 and 5, or yes
-- denominator: réponses de 1 à 5, ou oui et non / answers from 1 to 5, or yes and no
-- source: enquêtes auprès des collectivités / surveys of the authorities
-- freshness: à chaque vague d'enquête / with each wave of a survey
-- caveat: Non pondéré : lire published.survey_coverage. Moins de 5 réponses : masqué. Solde = part
--   de 4 et 5 moins part de 1 et 2, ou de oui moins part de non. Les « ne sait pas » sont comptés à
--   côté.
--   / Not weighted: read published.survey_coverage. Fewer than 5 answers: suppressed. Net score =
--   share of 4 and 5 less share of 1 and 2, or of yes less share of no. "Does not know" is counted
--   beside.
-- disclosure: D2
with answers as (
    select
        case measure when 'satisfaction' then 'B08' when 'obstacle' then 'B09' when 'driver' then 'B10' else 'B12' end
            as indicator_id,
        series as item,
        survey,
        wave as period,
        point,
        is_agreed,
        coalesce(point <= 2, not is_agreed) as is_opposed,
        case when status_code = 'unknown' then 1 else 0 end as is_unknown
    from core.answers
    where measure is not null
),

counts as (
    select
        indicator_id,
        item,
        survey,
        period,
        sum(case when is_agreed then 1 else 0 end) as agree_count,
        sum(case when is_opposed then 1 else 0 end) as disagree_count,
        count(is_agreed) as answer_count,
        sum(is_unknown) as unknown_count,
        avg(cast(point as double)) as mean_point,
        1.959963984540054 * stddev(cast(point as double)) / sqrt(cast(count(point) as double)) as half_width,
        wilson_low(cast(is_agreed as bigint), case when is_agreed is not null then 1 end) as value_low,
        wilson_high(cast(is_agreed as bigint), case when is_agreed is not null then 1 end) as value_high
    from answers
    group by indicator_id, item, survey, period
),

ranked as (
    select
        *,
        answer_count >= 5 as is_public,
        rank() over (
            partition by indicator_id, survey, period, answer_count >= 5
            order by safe_ratio(agree_count, answer_count) desc
        ) as place
    from counts
)

select
    indicator_id,
    item,
    period,
    case when is_public then agree_count end as numerator,
    case when is_public then answer_count end as denominator,
    case when is_public then safe_ratio(agree_count, answer_count) end as value,
    case when is_public then 'observed' else 'suppressed' end as status,
    case when is_public then value_low end as value_low,
    case when is_public then value_high end as value_high,
    case when is_public then safe_ratio(agree_count - disagree_count, answer_count) end as net_score,
    case when is_public then mean_point end as mean_point,
    case when is_public then mean_point - half_width end as mean_low,
    case when is_public then mean_point + half_width end as mean_high,
    case when is_public then unknown_count end as unknown_count,
    case when is_public then cast(place as bigint) end as place
from ranked
